"""Texts that are no description: file names, keyword lists, bare names, other languages."""

import re
from typing import Final

import pycld2

from filters.controls import is_control
from filters.lexicon import CONTROLS, FOREIGN_WORDS, FUNCTION_WORDS, NAME_PARTICLES, PUBLISHERS, zipf

_EXTENSION: Final = re.compile(r"\.(?:jpe?g|png|gif|webp|bmp|tiff?|svg|avif|heic|pdf|mp4|html?|php)\b", re.IGNORECASE)
_SLUG: Final = re.compile(r"^\S*[_\d-]\S*$")
_CAMERA: Final = re.compile(
    r"^(?:img|image|dsc[nf]?|dscf|pict?|photo|p\d|screen\s?shot|capture|untitled|unnamed|download|file|picture|scan|"
    r"whatsapp image)[\s_#-]{0,2}\(?[\d\s._:()apm-]{0,40}(?:at\s[\d.:\s]{1,12}(?:am|pm)?)?$",
    re.IGNORECASE,
)
_NUMBERED: Final = re.compile(r"^[\w-]{1,40}[\s_-]\(?\d{1,5}\)?(?:x\d{1,5})?$")
_LAST_LATIN: Final = "\u024f"
_ONE_OR_TWO: Final = 2  # words
_FEW: Final = 4  # words: of a name, the shortest text that CLD2 is asked about
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
    lower = [word.lower().replace("\u2019", "'").removesuffix("'s") for word in words_found]
    english = sum(word in FUNCTION_WORDS and word != "i" for word in lower)  # "i" is a word of other languages too
    if sum(word in FOREIGN_WORDS for word in words_found) > max(1, english):
        return True
    if sum(word in NAME_PARTICLES for word in words_found) > max(2, english):
        return True
    if not english and any(_is_foreign_word(*pair) for pair in zip(words_found, lower, strict=True)):
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


def _is_foreign_word(word: str, lower: str) -> bool:
    return word.islower() and not lower.isascii() and zipf(lower) < _UNKNOWN


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


def is_question_or_quotation(text: str, is_prose: bool) -> bool:
    """Whether the text says nothing itself: it asks, where prose should tell, or only quotes."""
    if text[0] in '“"' and text[-1] in '”"' and not any(mark in text[1:-1] for mark in '“”"'):
        return True
    return is_prose and text.endswith("?")
