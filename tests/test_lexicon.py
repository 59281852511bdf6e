import pytest

from filters import lexicon
from filters.lexicon import zipf


@pytest.mark.parametrize(("word", "value"), [("the", 7.7), ("house", 5.6), ("lighthouse", 3.7)])
def test_zipf_is_the_logarithm_of_occurrences_in_a_billion_words(word: str, value: float) -> None:
    assert zipf(word) == pytest.approx(value, abs=0.2)


def test_an_unknown_word_has_no_frequency() -> None:
    assert zipf("qwrtzp") == 0.0


def test_foreign_grammar_words_are_not_english_ones() -> None:
    assert frozenset() == lexicon.FOREIGN_WORDS & lexicon.FUNCTION_WORDS
