"""Sentences of a short text, without what ran into the start of one or was cut off the last one."""

import re
from typing import Final

from filters.lexicon import DANGLING_WORDS, FUNCTION_WORDS, zipf

_BOUNDARY: Final = re.compile(r"(?<=[.!?…])[\"'”\u2019)\]]{0,2}(\s)(?=[“\"\u2018'\[@©]?[A-Z0-9©@]|\(|/\s)")
_ABBREVIATION: Final = re.compile(
    r"(?:\b(?:[A-Z]|[A-Za-z]\.[A-Za-z]|Mr|Mrs|Ms|Dr|St|Sr|Jr|Prof|Gen|Gov|Sen|Rep|Rev|Lt|Col|Sgt|Capt|Hon|Pres|No|vs|v|"
    r"Mt|Ft|Co|Corp|Inc|Ltd|Bros|approx|est|etc|e\.g|i\.e|ca|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec|ID|Vol|pp?)"
    r"\.)$"
)
_CUT: Final = re.compile(
    r"\s?(?:[\[(](?:…|\.{2,4})[\])]|…|\.{2,4}|\[&hellip;\])\s?(?:continue reading.{0,200}|read more.{0,50}|more)?$",
    re.IGNORECASE,
)
_LEAD_IN: Final = re.compile(
    r"^(?i:learn|read|see|find out|show|view) (?i:more)\b[:.»>]?\s(?=[A-Z“\"]\S{0,40}\s(?:\S{1,40}\s){3})"
)
_FEW_WORDS: Final = 4  # what must be left before a cut sentence for it to go
_SHORTEST_LIMIT: Final = 120  # characters; nobody cuts texts shorter than that
_RARE: Final = 2.0  # on the Zipf scale: below it the last word may be half a word
_CLOSED: Final = re.compile(r"[.!?][\"'”\u2019)\]]{0,2}$")


def sentences(text: str) -> list[str]:
    """The sentences of a text, in order, none empty; abbreviations and initials end none.

    >>> sentences("Dr. J. Doe waves. The U.S. flag flies! It rains")
    ['Dr. J. Doe waves.', 'The U.S. flag flies!', 'It rains']
    """
    pieces: list[str] = []
    start = 0
    for boundary in _BOUNDARY.finditer(text):
        if _ABBREVIATION.search(text, max(start, boundary.start() - 10), boundary.start()):
            continue
        pieces.append(text[start : boundary.start(1)].strip())
        start = boundary.end(1)
    pieces.append(text[start:].strip())
    return [piece for piece in pieces if piece]


def without_lead_in(sentence: str) -> str:
    """The sentence without a link's words that ran into its start.

    >>> without_lead_in("Learn More The dog runs on the beach.")
    'The dog runs on the beach.'
    """
    return _LEAD_IN.sub("", sentence)


def without_cut_end(text: str, is_prose: bool) -> str:
    """The text without the half sentence, or half word, that a length limit or a teaser's dots left at its end.

    Args:
        text: repaired.
        is_prose: it comes from where full sentences stand, so that an end without a full stop is a cut.

    >>> without_cut_end("A dog runs on the beach. Its owner, who is […]", is_prose=True)
    'A dog runs on the beach.'
    """
    marked = _CUT.search(text)
    if marked:
        text = text[: marked.start()]
    if _CLOSED.search(text):
        return text
    parts = sentences(text)
    broken = _ends_broken(text)
    if len(parts) > 1 and (marked or is_prose or broken) and len(" ".join(parts[:-1]).split()) > _FEW_WORDS:
        return " ".join(parts[:-1])
    return _without_dangling_words(text) if marked or (broken and len(text) > _SHORTEST_LIMIT) else text


def _ends_broken(text: str) -> bool:
    last = text.rsplit(" ", 1)[-1]
    return (
        last in DANGLING_WORDS
        or (last.islower() and last.isalpha() and len(last) <= 2 and last not in FUNCTION_WORDS)
        or (last.isascii() and last.islower() and last.isalpha() and zipf(last) < _RARE)
    )


def _without_dangling_words(text: str) -> str:
    words = text.split(" ")
    if words and words[-1].isalpha() and words[-1].islower() and zipf(words[-1]) < _RARE:
        words.pop()
    while words and words[-1].strip(",;:\u2013—-").lower() in FUNCTION_WORDS | {""}:
        words.pop()
    return " ".join(words).rstrip(" ,;:\u2013—-")
