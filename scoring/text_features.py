"""What a text alone says about being a description: its length, words, casing, punctuation and place on the page."""

import re
from collections.abc import Sequence
from typing import Final

import numpy as np

from crawler.items import TEXT_SOURCES, Text
from scoring.dual_encoder import Floats
from scoring.word_facts import SHARED_FACTS, WORD_FACTS, WordTable

WORD: Final = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
SENTENCE_END: Final = re.compile(r"[.!?](?:\s|$)")
NUMBER: Final = re.compile(r"\d+(?:[.,]\d+)*")
YEAR: Final = re.compile(r"\b(?:19|20)\d\d\b")
SEPARATORS: Final = (":", "|", " - ", " \u2013 ", "»", "/")

CHARACTER_FEATURES: Final = (
    "characters",
    "upper_case_share",
    "digit_share",
    "punctuation_share",
    "commas",
    "separators",
    "sentences",
    "ends_in_stop",
    "asks_or_exclaims",
    "letter_share",
    "non_ascii_share",
    "quotes",
    "parentheses",
    "apostrophes",
    "hyphens",
    "dashes",
    "ellipses",
    "ampersands",
    "hashes_and_ats",
    "currency_and_percent",
    "numbers",
    "years",
    "longest_token",
    "starts_lower",
    "starts_with_digit",
)
WORD_STATISTICS: Final = (
    "words",
    "distinct_words",
    "distinct_share",
    "word_length_mean",
    "word_length_max",
    "word_length_spread",
    "zipf_mean",
    "zipf_min",
    "zipf_max",
    "zipf_spread",
    "zipf_first",
    "zipf_last",
    "capitalised_share",
    "capitalised_run",
    "shouted_share",
    "words_a_sentence",
    "starts_with_article",
    "starts_with_number",
    "starts_with_person",
    "starts_with_progressive",
)
TEXT_FEATURES: Final = (
    *CHARACTER_FEATURES,
    *WORD_STATISTICS,
    *(f"{fact}_share" for fact in SHARED_FACTS),
    *(f"source_{source}" for source in TEXT_SOURCES),
)
_LENGTH, _ZIPF = WORD_FACTS.index("length"), WORD_FACTS.index("zipf")
_OPENINGS: Final = [WORD_FACTS.index(fact) for fact in ("article", "number", "person", "progressive")]
_SENTENCES: Final = CHARACTER_FEATURES.index("sentences")
_TABLE: Final = WordTable()


def text_features(texts: Sequence[Text]) -> Floats:
    """One row of `TEXT_FEATURES` a text, [T, F]; statistics of words are NaN in a text without a word."""
    characters = np.array([_character_row(text.text) for text in texts], np.float32)
    named = [text.source if text.source in TEXT_SOURCES else "alt" for text in texts]  # as the text filter takes others
    sources = np.array([[source == known for known in TEXT_SOURCES] for source in named], np.float32)
    words = _word_columns([WORD.findall(text.text) for text in texts], characters[:, _SENTENCES])
    return np.concatenate([characters, words, sources], axis=1)


def words_of(text: str) -> list[str]:
    """The words, lower-cased, digits and punctuation dropped.

    >>> words_of("Two dogs, 3 balls & the neighbour's well-kept lawn")
    ['two', 'dogs', 'balls', 'the', "neighbour's", 'well-kept', 'lawn']
    """
    return [word.lower() for word in WORD.findall(text)]


def _word_columns(texts: Sequence[list[str]], sentences: Floats) -> Floats:
    """`WORD_STATISTICS` and the shares of `SHARED_FACTS`, [T, F], from each text's words as written."""
    columns = np.full((len(texts), len(WORD_STATISTICS) + len(SHARED_FACTS)), np.nan, np.float32)
    columns[:, :2] = 0
    rows = np.array([row for row, words in enumerate(texts) if words], np.int64)
    if not len(rows):
        return columns
    worded = [texts[row] for row in rows]
    lower = [[word.lower() for word in words] for words in worded]
    counts = np.array([len(words) for words in lower])
    starts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    facts = _TABLE.facts([word for words in lower for word in words])
    means = np.add.reduceat(facts, starts) / counts[:, None]
    spreads = np.sqrt(np.maximum(np.add.reduceat(facts[:, :2] ** 2, starts) / counts[:, None] - means[:, :2] ** 2, 0))
    highest = np.maximum.reduceat(facts[:, :2], starts)
    distinct = np.array([len(set(words)) for words in lower])
    columns[rows] = np.column_stack(
        [
            *(counts, distinct, distinct / counts),
            *(means[:, _LENGTH], highest[:, _LENGTH], spreads[:, _LENGTH]),
            *(means[:, _ZIPF], np.minimum.reduceat(facts[:, _ZIPF], starts), highest[:, _ZIPF], spreads[:, _ZIPF]),
            *(facts[starts, _ZIPF], facts[starts + counts - 1, _ZIPF]),
            np.array([_casing_row(words) for words in worded]),
            counts / sentences[rows],
            facts[starts][:, _OPENINGS],
            means[:, 2:],
        ]
    )
    return columns


def _casing_row(words: Sequence[str]) -> list[float]:
    """Share capitalised and longest run of capitalised words, among all but the first word; share of shouted words."""
    later = [word[0].isupper() for word in words[1:]]  # the first word is capitalised in any sentence
    run = longest = 0
    for is_capitalised in later:
        run = run + 1 if is_capitalised else 0
        longest = max(longest, run)
    shouted = sum(word.isupper() and len(word) > 1 for word in words)
    return [sum(later) / len(later) if later else float("nan"), float(longest), shouted / len(words)]


def _character_row(text: str) -> list[float]:
    count = max(1, len(text))
    letters = sum(map(str.isalpha, text))
    digits = sum(map(str.isdigit, text))
    other = len(text) - sum(map(str.isalnum, text)) - sum(map(str.isspace, text))
    return [
        float(len(text)),
        sum(map(str.isupper, text)) / count,
        digits / count,
        other / count,
        float(text.count(",")),
        float(sum(text.count(mark) for mark in SEPARATORS)),
        float(max(1, len(SENTENCE_END.findall(text)))),
        float(text.rstrip().endswith(".")),
        float("?" in text or "!" in text),
        letters / count,
        sum(character > "\x7f" for character in text) / count,
        float(sum(map(text.count, '"\u201c\u201d'))),
        float(text.count("(") + text.count("[")),
        float(text.count("'") + text.count("\u2019")),
        float(text.count("-")),
        float(text.count("\u2013") + text.count("\u2014")),
        float(text.count("...") + text.count("\u2026")),
        float(text.count("&")),
        float(text.count("#") + text.count("@")),
        float(sum(map(text.count, "$€£%"))),
        float(len(NUMBER.findall(text))),
        float(len(YEAR.findall(text))),
        float(max(map(len, text.split()), default=0)),
        float(text[:1].islower()),
        float(text[:1].isdigit()),
    ]
