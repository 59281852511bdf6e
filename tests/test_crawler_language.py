import pytest

from crawler.language import Language, detect_language, is_english, language_of
from crawler.page import parse_page

ENGLISH = "The harbour was quiet when the fishermen came back with their boats full of herring and cod. "
GERMAN = "Der Hafen war still, als die Fischer mit ihren Booten voller Heringe und Dorsche zur\u00fcckkamen. "
MENU = (
    "<nav>"
    + "".join(f"<p>Home and family, shopping, sports and weather news number {n} of today</p>" for n in range(9))
    + "</nav>"
)


def english(body: str, lang: str = "") -> bool:
    return is_english(parse_page(f"<html lang='{lang}'><body>{body}</body></html>", "http://a.example/"))


def test_the_text_decides_and_not_html_lang() -> None:
    assert english(f"<article><p>{ENGLISH * 8}</p></article>", "de")
    assert not english(f"<article><p>{GERMAN * 8}</p></article>", "en")


def test_an_english_menu_does_not_make_a_german_article_english() -> None:
    assert not english(f"{MENU}<article><p>{GERMAN * 8}</p></article>")


def test_a_short_page_is_judged_by_all_its_text() -> None:
    assert english(f"<div>{ENGLISH}</div>")
    assert not english(f"<div>{GERMAN}</div>")


@pytest.mark.parametrize("body", ["", "<p>12 345 678 910 11 12 13 14 15 16 17 18 19 20 21</p>"])
def test_a_page_without_words_has_no_language(body: str) -> None:
    assert detect_language(parse_page(body, "http://a.example/")).code == "un"


def test_the_undecided_is_settled_the_same_way_every_time() -> None:
    text = f"{ENGLISH}{GERMAN}" * 3
    assert len({language_of(text) for _ in range(5)}) == 1


def test_confidence_is_the_share_of_the_text() -> None:
    assert language_of(ENGLISH * 5) == Language("en", 0.99)


@pytest.mark.parametrize("character", ["\x00", "\x0b", "\ud800", "\ufdd0", "\ufffe", "\U0001fffe", "\U0010ffff"])
def test_characters_that_can_be_in_no_text_are_passed_over(character: str) -> None:
    assert language_of(f"{ENGLISH * 3}{character}{ENGLISH * 3}").code == "en"


@pytest.mark.parametrize(
    "claim", ["us", "gb", "ua", "zz", "x-default", "en_US", "english", "EN-gb", "\u00e9\u00e9", "-"]
)
def test_a_claim_that_names_no_language_does_not_stop_it(claim: str) -> None:
    assert english(f"<article><p>{ENGLISH * 8}</p></article>", claim)
    assert language_of(ENGLISH * 5, claim).code == "en"
