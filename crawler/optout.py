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
    found = {f"x-robots-tag:{word}" for value in headers.get("x-robots-tag", ()) for word in header_directives(value)}
    if "1" in (value.strip() for value in headers.get("tdm-reservation", ())):
        found.add("header:tdm-reservation")
    if page is not None:
        found.update(meta_opt_outs(page))
    return tuple(sorted(found))


def header_directives(value: str) -> Iterator[str]:
    """The opt-outs of one X-Robots-Tag value that are meant for all agents or for ours.

    An agent's name and a colon scope the directives after it, up to the next name.
    """
    ours = True
    for part in value.lower().split(","):
        name, colon, rest = part.partition(":")
        name = name.strip()
        if colon and name not in VALUED:
            ours, part = name in ("*", AGENT), rest
        if ours:
            yield from OPT_OUTS.intersection(SEPARATOR.split(part.strip()))


def meta_opt_outs(page: Page) -> Iterator[str]:
    """The opt-outs in a page's own `<meta>` tags."""
    for node in page.landmarks:
        if node.tag != "meta":
            continue
        attributes = node.attributes
        name = (attributes.get("name") or attributes.get("http-equiv") or "").lower().strip()
        content = (attributes.get("content") or "").lower()
        if name in ("robots", AGENT):
            yield from (f"meta:{word}" for word in OPT_OUTS.intersection(SEPARATOR.split(content.strip())))
        elif name == "x-robots-tag":
            yield from (f"meta:{word}" for word in header_directives(content))
        elif name == "tdm-reservation" and content.strip() == "1":
            yield "meta:tdm-reservation"
