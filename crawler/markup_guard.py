"""Markup that would keep the parser busy for minutes, told and cut before it is parsed."""

import re
from typing import Final

import numpy as np

from crawler.vocabulary import word_set

TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9]*)")
UNNESTED_TAGS: Final = word_set(
    "area base br col dd dt embed hr img input li link meta option p param path source td th tr track wbr"
)  # they are empty, or the next one ends them
MAX_TAG: Final = 100_000  # characters; real ones, with a picture or state in an attribute, have some tens of thousands
TAG_START: Final = re.compile(r"<[a-zA-Z]")
TAG_START_IN_BYTES: Final = re.compile(rb"<[a-zA-Z]")
MANY_TAGS: Final = 8_000  # of a page; with fewer, no nesting takes longer than about a fifth of a second to parse
SHORTEST_TAG: Final = len("<b>")
COUNTED_AT_ONCE: Final = 65_536  # bytes
MAX_DEPTH: Final = 2_000  # elements; real pages nest some tens deep, and count to hundreds where end tags are missing


def parseable(markup: bytes | str) -> bytes | str:
    """The markup as it is, or, where its tags are overlong or nest too deep, without those."""
    written = markup if isinstance(markup, bytes) else markup.encode("utf-8", "replace")
    if has_long_tag(written) or may_be_too_deep(written):
        return cut_where_too_deep(without_long_tags(written.decode("utf-8", "replace")))
    return markup


def has_long_tag(markup: bytes) -> bool:
    """Whether a tag of more than `MAX_TAG` bytes may begin somewhere; looks only where so many are without a `>`."""
    position, length = 0, len(markup)
    while length - position > MAX_TAG:
        last = markup.rfind(b">", position, position + MAX_TAG)
        if last < 0:
            last = markup.find(b">", position) % (length + 1)  # its end where there is none
            if TAG_START_IN_BYTES.search(markup, position, last - MAX_TAG):
                return True
        position = last + 1
    return False


def without_long_tags(text: str) -> str:
    """The markup without tags of more than `MAX_TAG` characters: the parser takes the square of their attributes."""
    kept: list[str] = []
    position = 0
    while tag := TAG_START.search(text, position):
        end = text.find(">", tag.start()) + 1 or len(text)
        kept.append(text[position : tag.start() if end - tag.start() > MAX_TAG else end])
        position = end
    return "".join([*kept, text[position:]])


def may_be_too_deep(markup: bytes) -> bool:
    """Whether elements may nest deeper than `MAX_DEPTH`; counts in bulk, and empty elements as if they held the rest."""
    if len(markup) <= MANY_TAGS * SHORTEST_TAG or count_tags(markup) <= MANY_TAGS:
        return False
    letters = np.frombuffer(markup, np.uint8)
    after = letters[np.flatnonzero(letters[:-1] == ord("<")) + 1]
    steps = (after > ord("@")).astype(np.int64) - (after == ord("/"))
    depths = np.cumsum(steps)
    return bool((depths - np.minimum(np.minimum.accumulate(depths), 0)).max() > MAX_DEPTH)


def count_tags(markup: bytes) -> int:
    """How many `<` there are; by parts that stay in the processor's cache, in a third of the time."""
    letters = np.frombuffer(markup, np.uint8)
    found = np.empty(COUNTED_AT_ONCE, np.bool_)
    parts = (letters[start : start + COUNTED_AT_ONCE] for start in range(0, len(letters), COUNTED_AT_ONCE))
    return sum(int(np.count_nonzero(np.equal(part, ord("<"), out=found[: len(part)]))) for part in parts)


def cut_where_too_deep(markup: str) -> str:
    """The markup up to where its elements nest deeper than `MAX_DEPTH`: parsing takes the square of the depth."""
    depth = 0
    for tag in TAG.finditer(markup):
        if tag[2].lower() not in UNNESTED_TAGS:
            depth = max(0, depth - 1) if tag[1] else depth + 1
            if depth > MAX_DEPTH:
                return markup[: tag.start()]
    return markup
