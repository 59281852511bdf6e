"""Facts about single words as rows of numbers, looked up once a word, so that a batch of texts is a few array sums."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Final

import numpy as np
from wordfreq import zipf_frequency

from scoring.dual_encoder import Floats
from scoring.vocabulary import WORD_CLASSES

RARE_ZIPF: Final = 3.0  # once in a million words
COMMON_ZIPF: Final = 5.0  # once in ten thousand
ABSTRACT_ENDINGS: Final = ("tion", "sion", "ment", "ness", "ity", "ism", "ance", "ence", "ship", "ology")
LONG: Final = 8  # letters
SHORT: Final = 3  # letters
MOST_WORDS: Final = 200_000  # rows of 4 bytes x `WORD_FACTS` kept before the table starts anew

# what of a word is averaged over a text: each becomes the feature `<fact>_share`
SHARED_FACTS: Final = (
    "rare",
    "oov",
    "very_rare",
    "common",
    "progressive",
    "past",
    "adverb",
    "plural",
    "abstract",
    "compound",
    "short_word",
    "long_word",
    *WORD_CLASSES,
)
WORD_FACTS: Final = ("length", "zipf", *SHARED_FACTS)


@lru_cache(maxsize=100_000)
def zipf(word: str) -> float:
    """Base-10 logarithm of how often English uses `word` in a billion words; 0 where wordfreq does not know it."""
    return float(zipf_frequency(word, "en"))


def facts_of(word: str) -> list[float]:
    """The `WORD_FACTS` of a lower-case word; shares are 0 or 1."""
    frequency, letters = zipf(word), len(word)
    is_true = (
        frequency < RARE_ZIPF,
        frequency == 0,
        0 < frequency < RARE_ZIPF - 1,
        frequency >= COMMON_ZIPF,
        word.endswith("ing") and letters > 4,
        word.endswith("ed") and letters > 3,
        word.endswith("ly") and letters > 3,
        word.endswith("s") and not word.endswith("ss") and letters > SHORT,
        word.endswith(ABSTRACT_ENDINGS) and letters > 5,
        "-" in word,
        letters <= SHORT,
        letters >= LONG,
        *(word in known for known in WORD_CLASSES.values()),
    )
    return [float(letters), frequency, *map(float, is_true)]


class WordTable:
    """The facts of every word met so far, as one array."""

    def __init__(self) -> None:
        self._index: dict[str, int] = {}
        self._rows = np.empty((1024, len(WORD_FACTS)), np.float32)  # the first len(_index) are filled

    def facts(self, words: Sequence[str]) -> Floats:
        """One row of `WORD_FACTS` a lower-case word, [W, F]."""
        if len(self._index) > MOST_WORDS:  # a crawl's misspellings never end
            self._index.clear()
        index = self._index
        for word in words:
            if word not in index:
                self._add(word)
        rows: Floats = self._rows[[index[word] for word in words]]
        return rows

    def _add(self, word: str) -> None:
        if len(self._index) == len(self._rows):
            self._rows = np.concatenate([self._rows, np.empty_like(self._rows)])
        self._rows[len(self._index)] = facts_of(word)
        self._index[word] = len(self._index)
