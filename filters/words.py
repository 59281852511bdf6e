"""The words of a text, and what can be counted on them."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

from filters.lexicon import CALENDAR, FUNCTION_WORDS, zipf

_WORD: Final = re.compile(r"[^\W_](?:[\w'\u2019.&-]{0,60}[^\W_])?")


def words(text: str) -> list[str]:
    """The words and numbers of a text, without the marks around them."""
    return _WORD.findall(text)


def has_phrase(words_found: Sequence[str], *lists: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether a phrase of one of the lists stands in the text, whatever the case and the marks between.

    The lists are by first word, as `filters.phrases.by_first_word` makes them.
    """
    lower = " ".join(words_found).lower().replace("\u2019", "'")
    found = set(lower.split(" "))
    padded = f" {lower} "
    return any(phrase in padded for phrases in lists for first in phrases.keys() & found for phrase in phrases[first])


def says_nothing(words_found: list[str]) -> bool:
    """Whether fewer than two of the words are neither grammar, number nor date.

    >>> says_nothing(["Wednesday", "March", "02", "2011"]), says_nothing(["Dogs", "in", "Doghampton"])
    (True, False)
    """
    content = (word.lower() for word in words_found if not word[0].isdigit())
    return sum(word not in FUNCTION_WORDS and word not in CALENDAR for word in content) < 2


def oov_ratio(words_found: list[str]) -> float:
    """The share in [0, 1] of words, numbers aside, that are no known English word."""
    spelled = [word.lower().replace("\u2019", "'") for word in words_found if word[0].isalpha()]
    unknown = sum(zipf(word) == 0 and zipf(word.removesuffix("'s")) == 0 and "-" not in word for word in spelled)
    return unknown / max(1, len(spelled))


def repetition(words_found: list[str]) -> float:
    """The share in [0, 1] of words that stood there before, grammar words and numbers aside."""
    content = [word.lower() for word in words_found if word[0].isalpha() and word.lower() not in FUNCTION_WORDS]
    return 1 - len(set(content)) / len(content) if content else 0.0
