"""What a text alone says about being a description: its length, words, casing, punctuation and place on the page."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from wordfreq import zipf_frequency

from crawler.items import TEXT_SOURCES, Text
from scoring.dual_encoder import Floats

WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")


def _words(listed: str) -> frozenset[str]:
    return frozenset(listed.split())


FUNCTION_WORDS: Final = _words(
    "a an the and or but of on in at to with by for from as is are was were be been has have had this that these those "
    "it its their his her"
)
ADDRESSING_WORDS: Final = _words("i you we us me my your our yours ours let's i'm you're we're click")
PLACE_WORDS: Final = _words("on in at near under over behind beside between through across above against around")
RARE_ZIPF: Final = 3.0  # once in a million words

TEXT_FEATURES: Final = (
    "characters",
    "words",
    "word_length_mean",
    "word_length_max",
    "zipf_mean",
    "zipf_min",
    "zipf_spread",
    "rare_share",
    "oov_share",
    "function_word_share",
    "place_word_share",
    "addressing_word_share",
    "progressive_share",
    "distinct_share",
    "capitalised_share",
    "upper_case_share",
    "digit_share",
    "punctuation_share",
    "commas",
    "separators",
    "sentences",
    "ends_in_stop",
    "asks_or_exclaims",
    *(f"source_{source}" for source in TEXT_SOURCES),
)


def text_features(texts: Sequence[Text]) -> Floats:
    """One row of `TEXT_FEATURES` a text, [T, F]; statistics of words are NaN in a text without a word."""
    rows = [[*_character_row(text.text), *_source_row(text.source)] for text in texts]
    words = [_word_row(text.text) for text in texts]
    joined = [[row[0], *word_row, *row[1:]] for row, word_row in zip(rows, words, strict=True)]
    return np.array(joined, np.float32).reshape(len(texts), len(TEXT_FEATURES))


@lru_cache(maxsize=100_000)
def zipf(word: str) -> float:
    """Base-10 logarithm of how often English uses `word` in a billion words; 0 where wordfreq does not know it."""
    return float(zipf_frequency(word, "en"))


def words_of(text: str) -> list[str]:
    """The words, lower-cased, digits and punctuation dropped.

    >>> words_of("Two dogs, 3 balls & the neighbour's well-kept lawn")
    ['two', 'dogs', 'balls', 'the', "neighbour's", 'well-kept', 'lawn']
    """
    return [word.lower() for word in WORD.findall(text)]


def _word_row(text: str) -> list[float]:
    original = WORD.findall(text)
    if not original:
        return [0.0] + [float("nan")] * 13
    words = [word.lower() for word in original]
    count = len(words)
    lengths = [len(word) for word in words]
    frequencies = np.array([zipf(word) for word in words])
    later = original[1:]  # the first word is capitalised in any sentence
    return [
        float(count),
        sum(lengths) / count,
        float(max(lengths)),
        float(frequencies.mean()),
        float(frequencies.min()),
        float(frequencies.std()),
        float((frequencies < RARE_ZIPF).mean()),
        float((frequencies == 0).mean()),
        sum(word in FUNCTION_WORDS for word in words) / count,
        sum(word in PLACE_WORDS for word in words) / count,
        sum(word in ADDRESSING_WORDS for word in words) / count,
        sum(word.endswith("ing") and len(word) > 4 for word in words) / count,
        len(set(words)) / count,
        sum(word[0].isupper() for word in later) / len(later) if later else float("nan"),
    ]


def _character_row(text: str) -> list[float]:
    count = max(1, len(text))
    return [
        float(len(text)),
        sum(character.isupper() for character in text) / count,
        sum(character.isdigit() for character in text) / count,
        sum(not (character.isalnum() or character.isspace()) for character in text) / count,
        float(text.count(",")),
        float(sum(text.count(mark) for mark in (":", "|", " - ", " \u2013 ", "»", "/"))),
        float(max(1, len(re.findall(r"[.!?](?:\s|$)", text)))),
        float(text.rstrip().endswith(".")),
        float("?" in text or "!" in text),
    ]


def _source_row(source: str) -> list[float]:
    return [float(source == known) for known in TEXT_SOURCES]
