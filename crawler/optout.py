"""Opt-out signals of a page or an image: X-Robots-Tag, robots meta tags, and TDM reservation.

Sources: https://developers.google.com/search/docs/crawling-indexing/robots-meta-tag for the directives and their
agent-scoped form, DeviantArt's announcement of November 2022 for `noai` and `noimageai`, which stand wherever those do,
https://www.w3.org/community/reports/tdmrep/CG-FINAL-tdmrep-20240202/ for `tdm-reservation`. `crawler.reservations` sees
to that report's file.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from crawler.page import Page

AGENT: Final = "lait-crawler"
META_NAMES: Final = frozenset(("robots", AGENT, "x-robots-tag", "tdm-reservation"))
EVERYBODY: Final = frozenset(("*", "robots"))
# `noindex` and `none` ask not to be in any collection made by a robot; a corpus is one. `nofollow` is not an opt-out.
# A date that has passed turns `unavailable_after` into `noindex`.
OPT_OUTS: Final = frozenset(("noai", "noimageai", "noimageindex", "noindex", "none", "unavailable_after"))
# Directives that carry a value after a colon, so that their name is not taken for an agent's.
VALUED: Final = frozenset(("unavailable_after", "max-snippet", "max-image-preview", "max-video-preview"))
SEPARATOR: Final = re.compile(r"[,;\s]+")
AGENT_NAME: Final = re.compile(r"[a-z0-9_./*-]+")
WEEKDAY: Final = re.compile(r"\b(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,\s*")  # its comma ends no directive


def opt_outs(headers: Mapping[str, Iterable[str]], page: Page | None = None, at: str = "") -> tuple[str, ...]:
    """The opt-out signals of a response, each as `where:directive`, sorted; () when there are none.

    Args:
        headers: the response's headers, names in lower case, every value of a repeated header.
        page: the parsed page; None for an image, which has headers only.
        at: when the response came, in ISO 8601 with its offset, for `unavailable_after`; "" leaves that out.
    """
    found = {f"{where}:{word}" for where, word in directives(headers, page, at) if word in OPT_OUTS}
    if where := where_tdm_is_reserved(headers, page):
        found.add(f"{where}:tdm-reservation")
    return tuple(sorted(found))


def where_tdm_is_reserved(headers: Mapping[str, Iterable[str]], page: Page | None) -> str:
    """Where the reservation of text and data mining stands, "" if nowhere; a page's meta tag has the last word.

    Values but 1 and 0 declare nothing; of several values in one place, a 1 counts.
    """
    tags = meta_tags(page) if page is not None else ()
    in_meta = {content for name, content in tags if name == "tdm-reservation"} & {"0", "1"}
    if in_meta:
        return "meta" if "1" in in_meta else ""
    in_headers = {word.strip() for value in headers.get("tdm-reservation", ()) for word in value.split(",")}
    return "header" if "1" in in_headers else ""


def asks_not_to_follow(headers: Mapping[str, Iterable[str]], page: Page) -> bool:
    """Whether a page or its headers ask robots not to follow its links."""
    return any(word in ("nofollow", "none") for _, word in directives(headers, page))


def directives(headers: Mapping[str, Iterable[str]], page: Page | None, at: str = "") -> Iterator[tuple[str, str]]:
    """(where, word) of every robots directive of a response that is meant for all agents or for ours."""
    for value in headers.get("x-robots-tag", ()):
        yield from (("x-robots-tag", word) for word in header_directives(value, at))
    for name, content in meta_tags(page) if page is not None else ():
        if name in ("robots", AGENT):
            yield from (("meta", word) for part in parts_of(content) for word in words_of(part, at))
        elif name == "x-robots-tag":
            yield from (("meta", word) for word in header_directives(content, at))


def header_directives(value: str, at: str = "") -> Iterator[str]:
    """The words of one X-Robots-Tag value that are meant for all agents or for ours.

    An agent's name and a colon scope the directives after it, up to the next name.
    """
    ours = True
    for part in parts_of(value.lower()):
        name, colon, rest = part.partition(":")
        name = name.strip()
        if colon and name not in VALUED and AGENT_NAME.fullmatch(name):
            ours, part = name in EVERYBODY or name.partition("/")[0] == AGENT, rest
        if ours:
            yield from words_of(part, at)


def parts_of(value: str) -> list[str]:
    """The parts between commas of a value in lower case."""
    return WEEKDAY.sub("", value).split(",")


def words_of(part: str, at: str = "") -> list[str]:
    """The directives between two commas, in lower case; none in one with a value, such as `max-image-preview: none`."""
    name, colon, value = part.strip().partition(":")
    if name.strip() == "unavailable_after" and colon:
        return ["unavailable_after"] if has_passed(value.strip(), at) else []
    return [] if name.strip() in VALUED else SEPARATOR.split(part.strip())


def has_passed(date: str, at: str) -> bool:
    """Whether a date, written as in mail or in ISO 8601, is before a moment; False for what is no date."""
    if not at:
        return False
    try:
        moment = datetime.fromisoformat(date.upper())
    except ValueError:
        try:
            moment = parsedate_to_datetime(date)
        except (ValueError, TypeError, OverflowError):
            return False
    moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return moment < datetime.fromisoformat(at)


def meta_tags(page: Page) -> Iterator[tuple[str, str]]:
    """(name, content) of a page's `<meta>` tags of `META_NAMES` that have content, in lower case."""
    for attributes in page.metas:
        name = attributes.get("name") or attributes.get("http-equiv") or ""
        if (name in META_NAMES or (name := name.lower().strip()) in META_NAMES) and (
            content := attributes.get("content")
        ):
            yield name, content.lower().strip()
