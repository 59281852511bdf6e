"""Which texts are addresses that a crawl can ask a web server for."""

import re
from typing import Final
from urllib.parse import urlsplit

MAX_ADDRESS: Final = 4_000  # characters; longer ones are state that a script keeps in an address
# A host as browsers take one, and a port (https://url.spec.whatwg.org/#forbidden-host-code-points).
HOST: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[^\s\x00-\x20\x7f%:/?#@<>\[\]\\^|]+)(?::[0-9]{0,5})?")
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
