from collections.abc import Mapping

import pytest

from filters.phrases import BOILERPLATE, SPAM
from filters.profanity import INNOCENT, PROFANE, WORD_LIST
from filters.words import has_phrase, words


def profane(text: str) -> bool:
    return has_phrase(words(text), PROFANE)


@pytest.mark.parametrize("phrases", [BOILERPLATE, SPAM, PROFANE])
def test_phrases_are_filed_under_their_first_word_in_lower_case(phrases: Mapping[str, tuple[str, ...]]) -> None:
    for first, filed in phrases.items():
        for phrase in filed:
            assert phrase.split()[0] == first
            assert phrase == f" {' '.join(phrase.split())} ".lower()


def test_the_list_of_profanity_is_the_published_one() -> None:
    entries = WORD_LIST.read_text(encoding="utf-8").splitlines()

    assert (len(entries), entries[0], entries[-2]) == (403, "2g1c", "zoophilia")


def test_every_excepted_word_is_on_the_list() -> None:
    assert set(WORD_LIST.read_text(encoding="utf-8").splitlines()) >= INNOCENT


def test_an_obscene_word_is_found_in_any_case_and_as_a_whole_word_only() -> None:
    assert [profane(text) for text in ("What a SHIT show", "Shitake mushrooms on a plate")] == [True, False]


@pytest.mark.parametrize(
    "text",
    [
        "A Maine Coon cat sits beside a great tit",
        "Two men play cornhole on the beach",
        "A nurse speaks about anal cancer and sexual health",
        "The rapist was jailed for nine years",
        "Rick Santorum and Dick Cheney shake hands",
        "A bartender rimming a glass with salt",
        "A topless car beside a strip club",
    ],
)
def test_listed_words_with_an_innocent_use_are_not_profane(text: str) -> None:
    assert not profane(text)


@pytest.mark.parametrize(
    "text",
    [
        "These cookies are soft in the middle",
        "Use cookies or crackers for the crust",
        "Two men are loading hay onto a cart",
        "The fans jump to their feet",
        "A painting sold by the museum",
        "An old advertisement on the wall of a barn",
        "The dog is part of the family",
        "A boat powered by the sun",
    ],
)
def test_words_of_notices_in_a_description_are_no_notice(text: str) -> None:
    assert not has_phrase(words(text), BOILERPLATE)
