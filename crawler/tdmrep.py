"""The file in which a site reserves its rights in text and data mining: `/.well-known/tdmrep.json`.

Source: W3C community group, TDM Reservation Protocol, final report of 2 February 2024
(https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240202/), section "TDM File on the Origin Server". It
matches addresses as robots.txt does, in the way that Google describes.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote, urlsplit

UNRESERVED: Final = re.compile(r"[A-Za-z0-9._~-]")  # RFC 3986, section 2.3
ESCAPE: Final = re.compile(r"%([0-9A-Fa-f]{2})")
KEPT: Final = "/%?#[]@!$&'()*+,;=:"  # not escaped by `quote`: the delimiters, and escapes that are there already


@dataclass(frozen=True, slots=True)
class Rule:
    """One object of the file.

    Attributes:
        parts: the pattern's texts between its `*`, escaped alike.
        to_the_end: whether the pattern ends with `$`.
        reserved: whether it reserves the rights.
    """

    parts: tuple[str, ...]
    to_the_end: bool
    reserved: bool

    def matches(self, path: str) -> bool:
        """Whether the pattern matches an address's path and query, in time linear to the pattern's parts."""
        first, *rest = self.parts
        if not path.startswith(first):
            return False
        at = len(first)
        if not rest:
            return not self.to_the_end or at == len(path)
        for part in rest[:-1]:
            at = path.find(part, at)
            if at < 0:
                return False
            at += len(part)
        if self.to_the_end:
            return len(path) - len(rest[-1]) >= at and path.endswith(rest[-1])
        return path.find(rest[-1], at) >= 0


def parse_tdmrep(body: bytes) -> tuple[Rule, ...]:
    """The rules of a file in their order; () for what is no such file. A rule that is damaged is passed over."""
    try:
        content = json.loads(body.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return ()
    return tuple(rules_in(content if isinstance(content, list) else [content]))


def rules_in(content: list[Any]) -> Iterator[Rule]:
    """The rules among the objects of a file; a single object without the list around it has come here in one."""
    for entry in content:
        location = entry.get("location") if isinstance(entry, dict) else None
        if not isinstance(location, str) or not location.strip():
            continue
        pattern = location.strip()
        if pattern.startswith(("http://", "https://")):  # some write the whole address
            try:
                pattern = urlsplit(pattern).path or "/"
            except ValueError:  # an unclosed IPv6 bracket
                continue
        to_the_end = pattern.endswith("$")
        pattern = pattern.removesuffix("$").replace("$", "%24")
        pattern = pattern if pattern.startswith(("/", "*")) else f"/{pattern}"
        # The report has the numbers 1 and 0; the text "1" and true can mean but one thing. Anything else is unset.
        reserved = entry.get("tdm-reservation") in (1, "1")
        yield Rule(tuple(normal(pattern).split("*")), to_the_end, reserved)


def is_reserved(rules: tuple[Rule, ...], url: str) -> bool:
    """Whether a site's rules reserve the resource at an address: the first rule that matches it decides."""
    parts = urlsplit(url)
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    path = normal(path).replace("$", "%24").replace("*", "%2A")
    return next((rule.reserved for rule in rules if rule.matches(path)), False)


def normal(path: str) -> str:
    """A path with each character escaped or not as RFC 3986 prefers it, so that equal ones compare equal.

    >>> normal("/%7euser/%c3%a9t\u00e9%2fx")
    '/~user/%C3%A9t%C3%A9%2Fx'
    """

    def unescaped(match: re.Match[str]) -> str:
        character = chr(int(match[1], 16))
        return character if UNRESERVED.fullmatch(character) else match[0].upper()

    return quote(ESCAPE.sub(unescaped, path), KEPT, errors="replace")
