"""Which texts are addresses that a crawl can ask a web server for, and what a page's relative ones stand for."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import urljoin, urlsplit

MAX_ADDRESS: Final = 4_000  # characters; longer ones are state that a script keeps in an address
# A host as browsers take one, and a port (https://url.spec.whatwg.org/#forbidden-host-code-points).
HOST: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s\x00-\x20\x7f%:/?#@<>\[\]\\^|]+)(?::[0-9]{0,5})?")
NO_ADDRESS: Final = ("data:", "blob:", "javascript:", "about:", "mailto:", "tel:", "#")
# Addresses that need no joining, which takes ten times as long: printable ASCII, no fragment, no dot segments.
PLAIN_ADDRESS: Final = re.compile(
    r"(?:(/(?![/.])(?:[!\"$-.0-\[\]-~]|/(?!\.))*+)|(https?://[A-Za-z0-9][A-Za-z0-9.-]*+(?:[/?][!\"$-\[\]-~]*+)?))(?:#[!-~]*)?"
)
PLAIN_BYTES: Final = bytes(set(range(ord("!"), ord("~") + 1)) - {ord("\\")})
PLAIN_SITE: Final = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.-]*/")
HOST_END: Final = re.compile(r"[/?#]")
HALF_CHARACTER: Final = re.compile("[\ud800-\udfff]")  # JSON can hold one; no address and no file can


def is_web_address(text: str) -> bool:
    """Whether a text is an absolute http(s) address with a host, of at most `MAX_ADDRESS` characters."""
    if len(text) > MAX_ADDRESS or HALF_CHARACTER.search(text):
        return False
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:  # an unclosed IPv6 bracket, a port that is no number
        return False
    return (
        parts.scheme in ("http", "https") and port != 0 and HOST.fullmatch(parts.netloc.rpartition("@")[2]) is not None
    )


class Resolver:
    """Makes addresses of one document absolute.

    Attributes:
        base: the http(s) URL that they are relative to.
    """

    def __init__(self, base: str) -> None:
        self.base = base
        scheme, _, rest = base.partition("://")
        self._scheme = f"{scheme}:"
        self._origin = f"{scheme}://{HOST_END.split(rest, maxsplit=1)[0]}"

    def absolute(self, address: str) -> str | None:
        """The http(s) URL behind an address, without its fragment; None when it is no such thing."""
        if address.startswith("//"):
            address = self._scheme + address
        if (plain := PLAIN_ADDRESS.fullmatch(address)) and plain.end() <= MAX_ADDRESS:
            path, url = plain.groups()
            return url or self._origin + path
        address = address.strip()
        if not address or len(address) > MAX_ADDRESS or address.startswith(NO_ADDRESS):
            return None
        address = address.partition("#")[0]
        try:
            url = urljoin(self.base, address.replace(" ", "%20").replace("\n", "").replace("\t", ""))
        except ValueError:  # an unclosed IPv6 bracket
            return None
        return url if is_web_address(url) else None

    def all_absolute(self, addresses: Sequence[str]) -> list[str]:
        """The URLs behind many addresses, as `absolute` has them, those without one left out.

        The usual ones, `https://a.example/b` and `/b`, need no joining; what is left takes ten times as long.
        """
        urls = []
        sites: set[str] = set()  # known to be of plain characters
        unusual = without_plain_characters(addresses)
        for address in addresses:
            url = address.partition("#")[0] if "#" in address else address
            if url[:2] == "//":
                url = self._scheme + url
            if unusual and address in unusual:
                pass  # left to `absolute`
            elif url[:4] == "http":
                site = url[: url.find("/", 8) + 1]
                if site in sites or PLAIN_SITE.fullmatch(site):
                    sites.add(site)
                    urls.append(url)
                    continue
            elif url[:1] == "/" and "/." not in url:
                urls.append(self._origin + url)
                continue
            if url and (absolute := self.absolute(address)) is not None:
                urls.append(absolute)
        return urls


def without_plain_characters(addresses: Sequence[str]) -> set[str]:
    """Those of some addresses that are overlong or hold white space, backslashes or characters beyond ASCII."""
    unusual = {address for address in addresses if len(address) > MAX_ADDRESS}
    if as_bytes("/".join(addresses)).translate(None, PLAIN_BYTES):  # all at once, since few pages have any
        unusual.update([address for address in addresses if as_bytes(address).translate(None, PLAIN_BYTES)])
    return unusual


def as_bytes(text: str) -> bytes:
    """A text in UTF-8, half of a surrogate pair included."""
    return text.encode("utf-8", "surrogatepass")
