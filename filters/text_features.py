"""What is counted on a cleaned text to tell a description from the rest: shapes and frequencies of its words."""

from collections.abc import Sequence
from math import log
from typing import Final

from filters.lexicon import AUXILIARIES, FUNCTION_WORDS, GRAPHICS, ORDERS, READER, REFERRING, WRITER, zipf

SOURCES: Final = ("alt", "other_alt", "img_title", "figcaption", "title", "description", "heading", "surrounding")
"""Where texts stand; "other_alt" is the alternative text of an image that is not the page's main one."""

FEATURES: Final = (
    *("log_words", "three_words", "four_words", "five_or_six_words"),
    *(
        "mean_zipf",
        "lowest_zipf",
        "highest_zipf",
        "rare_capitalised",
        "rare_lower_case",
        "ordinary_lower_case",
        "unknown",
    ),
    *("capitalised", "all_capitalised", "none_capitalised", "upper_case", "starts_lower_case"),
    *("grammar", "no_grammar", "many_words_no_grammar", "auxiliaries"),
    *("reader", "share_reader", "writer", "share_writer", "order_first", "referring_first", "names_a_graphic"),
    *("ends_in_question", "has_question", "ends_in_exclamation", "ends_in_colon", "ends_in_full_stop"),
    *("opens_with_quote", "commas", "bar", "at_sign"),
    *("numbers", "ing", "ed", "plural_s", "ly", "repeated"),
    *(f"from_{source}" for source in SOURCES),
)
"""Names of the features, in the order of `text_features`: shares of the words, frequencies, claims as 0 and 1."""

_QUOTES: Final = "\"'“\u2018"
_RARE: Final = 3.0  # on the Zipf scale
_COMMON: Final = 5.0
_FEWEST: Final = 3  # words; what the rules let through has as many
_KEYWORDS: Final = 6  # words without grammar


def text_features(text: str, words_found: Sequence[str], source: str) -> list[float]:
    """The values of `FEATURES` for a cleaned text, its words as `filters.words.words` finds them, at least one."""
    lower = [word.lower().replace("\u2019", "'") for word in words_found]
    capital = [word[0].isupper() for word in words_found]
    return [
        *_of_length(len(lower)),
        *_of_frequency(lower, capital),
        *_of_case(text, words_found, capital),
        *_of_grammar(lower),
        *_of_persons(lower),
        *_of_marks(text, len(lower)),
        *_of_forms(lower),
        *(float(source == name) for name in SOURCES),
    ]


def _of_length(count: int) -> list[float]:
    return [
        log(count),
        float(count <= _FEWEST),
        float(count == _FEWEST + 1),
        float(_FEWEST + 2 <= count <= _FEWEST + 3),
    ]


def _of_frequency(lower: Sequence[str], capital: Sequence[bool]) -> list[float]:
    known = [zipf(word.removesuffix("'s")) for word in lower]
    count = len(known)
    rare_capitals = sum(upper and value < _RARE for upper, value in zip(capital, known, strict=True))
    rare = sum(value < _RARE for value in known)
    ordinary = sum(not upper and _RARE <= value < _COMMON for upper, value in zip(capital, known, strict=True))
    return [
        sum(known) / count,
        min(known),
        max(known),
        rare_capitals / count,
        (rare - rare_capitals) / count,
        ordinary / count,
        known.count(0.0) / count,
    ]


def _of_case(text: str, words_found: Sequence[str], capital: Sequence[bool]) -> list[float]:
    count, capitals = len(capital), sum(capital)
    return [
        capitals / count,
        float(capitals == count),
        float(capitals == 0),
        sum(len(word) > 1 and word.isupper() for word in words_found) / count,
        float(text[0].islower()),
    ]


def _of_grammar(lower: Sequence[str]) -> list[float]:
    count, grammar = len(lower), sum(word in FUNCTION_WORDS for word in lower)
    return [
        grammar / count,
        float(grammar == 0),
        float(grammar == 0 and count >= _KEYWORDS),
        sum(word in AUXILIARIES for word in lower) / count,
    ]


def _of_persons(lower: Sequence[str]) -> list[float]:
    count = len(lower)
    reader = sum(word in READER for word in lower)
    writer = sum(word in WRITER for word in lower)
    return [
        float(reader > 0),
        reader / count,
        float(writer > 0),
        writer / count,
        float(lower[0] in ORDERS),
        float(lower[0] in REFERRING),
        float(not GRAPHICS.isdisjoint(lower)),
    ]


def _of_marks(text: str, count: int) -> list[float]:
    return [
        float(text[-1] == "?"),
        float("?" in text),
        float(text[-1] == "!"),
        float(text[-1] == ":"),
        float(text[-1] in ".…"),
        float(text[0] in _QUOTES),
        text.count(",") / count,
        float("|" in text),
        float("@" in text),
    ]


def _of_forms(lower: Sequence[str]) -> list[float]:
    count = len(lower)
    return [
        sum(word[0].isdigit() for word in lower) / count,
        sum(word.endswith("ing") for word in lower) / count,
        sum(word.endswith("ed") for word in lower) / count,
        sum(word.endswith("s") for word in lower) / count,
        sum(word.endswith("ly") for word in lower) / count,
        1 - len(set(lower)) / count,
    ]
