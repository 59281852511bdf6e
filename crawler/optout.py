"""Opt-out signals of a page or an image: X-Robots-Tag, robots meta tags, and TDM reservation.

Sources: https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag for the directives and their
agent-scoped form, https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240202/ for `tdm-reservation`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from crawler.page import Page

AGENT: Final = "lait-crawler"
# `noindex` and `none` ask not to be in any collection made by a robot; a corpus is one. `nofollow` is not an opt-out.
OPT_OUTS: Final = frozenset(("noai", "noimageai", "noimageindex", "noindex", "none"))
# Directives that carry a value after a colon, so that their name is not taken for an agent's.
VALUED: Final = frozenset(("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"))
SEPARATOR: Final = re.compile(r"[,;\s]+")


def opt_outs(headers: Mapping[str, Iterable[str]], page: Page | None = None) -> tuple[str, ...]:
    """The opt-out signals of a response, each as `where:directive`, sorted; () when there are none.

    Args:
        headers: the response's headers, names in lower case, every value of a repeated header.
        page: the parsed page; None for an image, which has headers only.
    """
    found = {f"{where}:{word}" for where, word in directives(headers, page) if word in OPT_OUTS}
    if "1" in (value.strip() for value in headers.get("tdm-reservation", ())):
        found.add("header:tdm-reservation")
    if page is not None and any(name == "tdm-reservation" and content == "1" for name, content in meta_tags(page)):
        found.add("meta:tdm-reservation")
    return tuple(sorted(found))


def asks_not_to_follow(headers: Mapping[str, Iterable[str]], page: Page) -> bool:
    """Whether a page or its headers ask robots not to follow its links."""
    return any(word in ("nofollow", "none") for _, word in directives(headers, page))


def directives(headers: Mapping[str, Iterable[str]], page: Page | None) -> Iterator[tuple[str, str]]:
    """(where, word) of every robots directive of a response that is meant for all agents or for ours."""
    for value in headers.get("x-robots-tag", ()):
        yield from (("x-robots-tag", word) for word in header_directives(value))
    for name, content in meta_tags(page) if page is not None else ():
        if name in ("robots", AGENT):
            yield from (("meta", word) for part in content.split(",") for word in words_of(part))
        elif name == "x-robots-tag":
            yield from (("meta", word) for word in header_directives(content))


def header_directives(value: str) -> Iterator[str]:
    """The words of one X-Robots-Tag value that are meant for all agents or for ours.

    An agent's name and a colon scope the directives after it, up to the next name.
    """
    ours = True
    for part in value.lower().split(","):
        name, colon, rest = part.partition(":")
        name = name.strip()
        if colon and name not in VALUED:
            ours, part = name in ("*", AGENT), rest
        if ours:
            yield from words_of(part)


def words_of(part: str) -> list[str]:
    """The directives between two commas, in lower case; none in one with a value, such as `max-image-preview: none`."""
    return [] if part.partition(":")[0].strip() in VALUED else SEPARATOR.split(part.strip())


def meta_tags(page: Page) -> Iterator[tuple[str, str]]:
    """(name, content) of a page's `<meta>` tags that have both, in lower case."""
    for attributes in page.metas:
        content = attributes.get("content")
        if content and (name := attributes.get("name") or attributes.get("http-equiv")):
            yield name.lower().strip(), content.lower().strip()
