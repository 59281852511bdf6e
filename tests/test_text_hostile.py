"""Time that grows with a text's length and no faster, whatever the text: ratios of two sizes, never seconds."""

import time
from collections.abc import Callable

import pytest

from crawler.items import TEXT_SOURCES
from filters import controls, markup, nontext, sentences, titles, words
from filters.credits import is_credit, without_credits
from filters.phrases import BOILERPLATE
from filters.text import TextFilter, clean_text
from filters.text_features import text_features
from filters.text_model import word_pieces


def with_words(function: Callable[[str, list[str]], object]) -> Callable[[str], object]:
    return lambda text: function(text, words.words(text) or ["a"])


HELPERS: dict[str, Callable[[str], object]] = {
    "repaired": markup.repaired,
    "without_addresses": markup.without_addresses,
    "collapsed": markup.collapsed,
    "without_credits": without_credits,
    "without_credits of a caption": lambda text: without_credits(text, is_caption=True),
    "is_credit": is_credit,
    "without_labels": titles.without_labels,
    "without_site": titles.without_site,
    "sentences": sentences.sentences,
    "without_lead_in": sentences.without_lead_in,
    "without_cut_end": lambda text: sentences.without_cut_end(text, is_prose=False),
    "without_cut_end of prose": lambda text: sentences.without_cut_end(text, is_prose=True),
    "words": words.words,
    "has_phrase": lambda text: words.has_phrase(words.words(text), BOILERPLATE),
    "counts": lambda text: (words.oov_ratio(words.words(text)), words.repetition(words.words(text))),
    "is_file_name": nontext.is_file_name,
    "reason_of_few_words": with_words(nontext.reason_of_few_words),
    "is_control": with_words(controls.is_control),
    "is_keyword_list": nontext.is_keyword_list,
    "is_foreign": with_words(nontext.is_foreign),
    "is_name": with_words(lambda text, found: nontext.is_name(found)),
    "is_question_or_quotation": lambda text: nontext.is_question_or_quotation(text, is_prose=True),
    "text_features": with_words(lambda text, found: text_features(text, found, "alt")),
    "word_pieces": lambda text: word_pieces(text.encode(errors="replace").decode()),
}
# What each pattern begins, repeats or ends with, so that every one of them is led on as far as it goes.
UNITS = (
    *("a", "a ", "A ", "1", "1 ", "@", "<", ">", "&", "(", ")", "[", "]", "#", ".", "?", "!", "-", "_", "/", "|", ":"),
    *("<a ", "<!--", "<b>", "&amp;", "&#39;", "((", "()", "[]", "[caption ", "[/url", "[…]", " ", "\t\n", "\xa0"),
    *("a@", "a@b.", "http://", "www.", "a.b", "a.com ", ".com", "#a ", "# ", ". ", "A. ", "A.A ", "a. B", "a.Bb ", "…"),
    *("Photo: ", "Photo by A ", "Credit ", "© ", "(c) ", "Getty ", "Getty Images/", "A / ", "A/", "via @a ", "From “"),
    *("MANDATORY CREDIT ", "NO SALES ", "Jan 1, 2020 ", " AP", "and ", "the ", "A a. ", " | ", " - ", " :: ", "» "),
    *("LONDON ", "LONDON, ", "LONDON: ", "By A ", "By Aa Bb ", "FILE - ", "image 1 of ", "on Instagram: “", "ab: "),
    *("read more ", "Learn more A ", "555 ", "555-", "(555) ", "watch a ", "listen to ", "a, ", "a,", "“", '"', "'"),
    *(
        "é",
        "e\u0301",
        "\u0301",
        "Ã©",
        "\U0001f436",
        "\U0001f436 ",
        "\u200b",
        "\ufffd",
        "\x00",
        "\ud800",
        "犬",
        "\u0930",
    ),
)

MEGABYTES = (
    "a ",
    "A ",
    "1",
    "@",
    "<",
    "(",
    "[",
    "/",
    "|",
    ".",
    "#a ",
    " ",
    "&amp;",
    "Photo by A ",
    "\u0301",
    "\U0001f436",
)


def growth(function: Callable[[str], object], unit: str, size: int, factor: int) -> float:
    """How many times as long a text of `size * factor` characters takes as one of `size`; small times count as equal."""

    def seconds(length: int) -> float:
        text = "A dog runs" + (unit * (length // len(unit) + 1))[:length] + " x"
        taken = []
        for _ in range(2):
            start = time.process_time()
            function(text)
            taken.append(time.process_time() - start)
        return min(taken)

    return seconds(size * factor) / max(seconds(size), SHORTEST)


SHORTEST = 0.0005  # seconds; under it the clock's grain and a first call's costs are what is measured


@pytest.mark.parametrize("name", HELPERS)
def test_time_grows_with_the_length_and_no_faster(name: str) -> None:
    for unit in UNITS:
        assert growth(HELPERS[name], unit, size=2_000, factor=16) < 16 * 5, unit


@pytest.mark.slow
@pytest.mark.parametrize("name", HELPERS)
def test_time_grows_with_the_length_up_to_a_megabyte(name: str) -> None:
    for unit in MEGABYTES:
        assert growth(HELPERS[name], unit, size=125_000, factor=8) < 8 * 3, unit


@pytest.mark.parametrize("source", TEXT_SOURCES)
def test_a_text_of_a_megabyte_costs_what_its_start_costs(source: str) -> None:
    limit = TextFilter().max_characters
    for unit in UNITS:
        assert growth(lambda text: clean_text(text, source), unit, size=limit, factor=500) < 25, unit
