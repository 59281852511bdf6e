"""Texts that are no description: file names, controls, keyword lists, bare names, other languages."""

import re
from collections.abc import Mapping
from typing import Final

import pycld2

from filters.lexicon import (
    CALENDAR,
    CONTROLS,
    FOREIGN_WORDS,
    FUNCTION_WORDS,
    NAME_PARTICLES,
    ORNAMENTS,
    PUBLISHERS,
    zipf,
)

_WORD: Final = re.compile(r"[^\W_](?:[\w'\u2019.&-]{0,60}[^\W_])?")
_EXTENSION: Final = re.compile(r"\.(?:jpe?g|png|gif|webp|bmp|tiff?|svg|avif|heic|pdf|mp4|html?|php)\b", re.IGNORECASE)
_SLUG: Final = re.compile(r"^\S*[_\d-]\S*$")
_CAMERA: Final = re.compile(
    r"^(?:img|image|dsc[nf]?|dscf|pict?|photo|p\d|screen\s?shot|capture|untitled|unnamed|download|file|picture|scan|"
    r"whatsapp image)[\s_#-]{0,2}\(?[\d\s._:()apm-]{0,40}(?:at\s[\d.:\s]{1,12}(?:am|pm)?)?$",
    re.IGNORECASE,
)
_NUMBERED: Final = re.compile(r"^[\w-]{1,40}[\s_-]\(?\d{1,5}\)?(?:x\d{1,5})?$")
_FIELDS: Final = re.compile(r"(?:^|\s)[a-z][a-z /]{2,30}:\s")
_SECTION: Final = re.compile(
    r"^(?:most (?:popular|read|viewed|discussed)|our most|more|related|recent|popular|latest|recommended|similar|trending|you (?:may|might))\s",
    re.IGNORECASE,
)
_PHONE: Final = re.compile(r"(?<!\d)\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\d)")
_WATCHED: Final = re.compile(
    r"\b(?:listen to|listen|stream|watch) .{1,80} on (?:tidal|spotify|apple music|youtube|soundcloud|deezer|netflix)\b"
    r"|\blisten to .{1,60}\b(?:podcast|episode)\b",
    re.IGNORECASE,
)
_LAST_LATIN: Final = "\u024f"
_ONE_OR_TWO: Final = 2  # words
_FEW: Final = 4  # words: of a name, a control, the shortest text that CLD2 is asked about
_LONGEST_SECTION: Final = 5  # words
_LONGEST_NAME: Final = 3  # words; four in capitals with a rare one are more often a dish
_LONGEST_FILE_NAME: Final = 120  # characters
_FEWEST_KEYWORDS: Final = 4  # between commas
_FEWEST_PLAIN_KEYWORDS: Final = 7  # without commas
_MOST_FOREIGN_LETTERS: Final = 0.3  # share of letters
_FEWEST_GRAMMAR_WORDS: Final = 0.2  # share of words: English prose has 0.4, headlines 0.2
_MOST_COMMON_WORDS: Final = 0.6  # share of words
# On the Zipf scale.
_COMMON: Final = 4.0
_ORDINARY: Final = 4.6  # a name has no word as common as this
_RARE: Final = 2.2  # one word of a name is rarer; the words of recipes are not
_UNKNOWN: Final = 1.5


def words(text: str) -> list[str]:
    """The words and numbers of a text, without the marks around them."""
    return _WORD.findall(text)


def has_phrase(words_found: list[str], phrases: Mapping[str, tuple[str, ...]]) -> bool:
    """Whether one of the phrases of `filters.lexicon` stands in the text, whatever the case and the marks between."""
    found = [word.lower().replace("\u2019", "'") for word in words_found]
    firsts = phrases.keys() & set(found)
    if not firsts:
        return False
    padded = f" {' '.join(found)} "
    return any(phrase in padded for first in firsts for phrase in phrases[first])


def is_file_name(text: str) -> bool:
    """Whether the text is a file's name, a camera's number or an identifier.

    >>> [is_file_name(text) for text in ("IMG_2031", "red-dog-750x369-1", "dog.jpg", "T-shirt in red")]
    [True, True, True, False]
    """
    if " " not in text:
        return text.isascii() and "://" not in text and bool(_SLUG.match(text) or _EXTENSION.search(text))
    if len(text) > _LONGEST_FILE_NAME:
        return False
    extension = _EXTENSION.search(text)
    if extension and extension.end() == len(text):
        return True
    return bool(_CAMERA.match(text) or (_NUMBERED.match(text) and text.islower()))


def reason_of_few_words(text: str, words_found: list[str]) -> str:
    """Which reason fits a text that is too short to describe anything."""
    if not words_found:
        return "no_text"
    if is_foreign(text, words_found):
        return "not_english"
    if is_control(text, words_found) or (len(words_found) <= _ONE_OR_TWO and words_found[-1].lower() in CONTROLS):
        return "boilerplate"
    if len(words_found) == _ONE_OR_TWO and all(word[0].isupper() for word in words_found):
        return "name_only"
    return "too_short"


def says_nothing(words_found: list[str]) -> bool:
    """Whether fewer than two of the words are neither grammar, number nor date.

    >>> says_nothing(["Wednesday", "March", "02", "2011"]), says_nothing(["Street", "in", "Eastbourne"])
    (True, False)
    """
    content = (word.lower() for word in words_found if not word[0].isdigit())
    return sum(word not in FUNCTION_WORDS and word not in CALENDAR for word in content) < 2


def is_control(text: str, words_found: list[str]) -> bool:
    """Whether the text is a control or an ornament of the page, or a form's fields."""
    if len(words_found) <= _FEW and words_found[-1].lower() in ORNAMENTS:
        return True
    if len(words_found) <= _LONGEST_SECTION and _SECTION.match(text):
        return True
    return len(_FIELDS.findall(text)) >= 3 or bool(_PHONE.search(text) or _WATCHED.search(text))


def is_keyword_list(text: str) -> bool:
    """Whether the text is a list of search words: many commas, a word or two between them, no grammar.

    >>> is_keyword_list("dog, beach, sea, sand, running, happy"), is_keyword_list("Salt, oil, and wine in a bowl")
    (True, False)
    """
    pieces = text.split(",")
    if len(pieces) < _FEWEST_KEYWORDS:
        plain = text.split()
        if len(plain) < _FEWEST_PLAIN_KEYWORDS or not text.replace(" ", "").isalpha():
            return False
        if FUNCTION_WORDS & {word.lower() for word in plain}:
            return False
        return text.islower() or len(set(plain)) < len(plain)
    short = sum(len(piece.split()) <= 2 for piece in pieces)
    return short >= 0.9 * len(pieces) and not any(word in FUNCTION_WORDS for word in text.lower().split())


def is_foreign(text: str, words_found: list[str]) -> bool:
    """Whether the text is in another language: another script, or CLD2 says so and English grammar words are rare."""
    if not text.isascii():
        letters = [character for character in text if character.isalpha()]
        if sum(character > _LAST_LATIN for character in letters) > _MOST_FOREIGN_LETTERS * len(letters):
            return True
    lower = [word.lower() for word in words_found]
    english = sum(word in FUNCTION_WORDS and word != "i" for word in lower)  # "i" is a word of other languages too
    if sum(word in FOREIGN_WORDS for word in words_found) > max(1, english):
        return True
    if sum(word in NAME_PARTICLES for word in words_found) > max(2, english):
        return True
    if not english and any(word.islower() and not word.isascii() and zipf(word) < _UNKNOWN for word in words_found):
        return True
    if len(words_found) < _FEW or english >= _FEWEST_GRAMMAR_WORDS * len(words_found):
        return False
    if sum(zipf(word) >= _COMMON for word in lower) >= _MOST_COMMON_WORDS * len(words_found):
        return False
    try:
        reliable, _, (best, *_rest) = pycld2.detect(text, isPlainText=True)
    except pycld2.error:  # characters it does not take for UTF-8
        return False
    return bool(reliable) and best[1] not in {"en", "un"}


def is_name(words_found: list[str]) -> bool:
    """Whether a few words are a person's or a brand's name: all in capitals' shape, one at least unknown as a word.

    >>> is_name(["Ngozi", "Okonjo", "Iweala"]), is_name(["Apple", "Pie", "Recipe"])
    (True, False)
    """
    if len(words_found) > _FEW or not all(word[0].isupper() for word in words_found):
        return False
    if words_found[-1].lower() in PUBLISHERS:
        return True
    known = [zipf(word.lower()) for word in words_found]
    return len(known) <= _LONGEST_NAME and min(known) < _RARE and max(known) < _ORDINARY


def oov_ratio(words_found: list[str]) -> float:
    """The share in [0, 1] of words, numbers aside, that are no known English word."""
    spelled = [word.lower().replace("\u2019", "'") for word in words_found if word[0].isalpha()]
    unknown = sum(zipf(word) == 0 and zipf(word.removesuffix("'s")) == 0 and "-" not in word for word in spelled)
    return unknown / max(1, len(spelled))


def repetition(words_found: list[str]) -> float:
    """The share in [0, 1] of words that stood there before, grammar words and numbers aside."""
    content = [word.lower() for word in words_found if word[0].isalpha() and word.lower() not in FUNCTION_WORDS]
    return 1 - len(set(content)) / len(content) if content else 0.0


def is_question_or_quotation(text: str, is_prose: bool) -> bool:
    """Whether the text says nothing itself: it asks, where prose should tell, or only quotes."""
    if text[0] in '“"' and text[-1] in '”"' and not any(mark in text[1:-1] for mark in '“”"'):
        return True
    return is_prose and text.endswith("?")
