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
PLAIN_BYTES: Final = bytes(set(range(ord("!"), ord("~") + 1)) - {ord("\\")}) + b"\n"  # and what separates addresses here
PLAIN_SITE: Final = re.compile(r"https?://[A-Za-z0-9][A-Za-z0-9.-]*")
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
        self._plain_sites: set[str] = set()

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

        The characters of all are checked at once, which takes a fraction of the time.
        """
        characters = "\n".join(addresses).encode("utf-8", "replace")
        convert = self.absolute if characters.translate(None, PLAIN_BYTES) else self._of_plain_characters
        return [url for address in addresses if (url := convert(address)) is not None]

    def _of_plain_characters(self, address: str) -> str | None:
        """As `absolute`, of an address without white space, backslashes and characters beyond ASCII."""
        plain = address.partition("#")[0] if "#" in address else address
        if plain.startswith("//"):
            plain = self._scheme + plain
        if plain.startswith("/"):
            if "/." not in plain and len(plain) <= MAX_ADDRESS:
                return self._origin + plain
        elif plain.startswith("http") and (end := plain.find("/", 8)) > 0 and len(plain) <= MAX_ADDRESS:
            site = plain[:end]
            if site in self._plain_sites:
                return plain
            if PLAIN_SITE.fullmatch(site):
                self._plain_sites.add(site)
                return plain
        return self.absolute(address) if plain else None
