"""Texts that belong to the page and not to its subject: controls, ornaments, forms, dates of publication."""

import re
from typing import Final

from filters.lexicon import CALENDAR, FUNCTION_WORDS, ORNAMENTS, STAMP_WORDS
from filters.words import words

_FIELDS: Final = re.compile(r"(?:^|\s)[a-z][a-z /]{2,30}:\s")
_SECTION: Final = re.compile(
    r"^(?:most (?:popular|read|viewed|discussed)|our most|more|related|recent|popular|latest|recommended|similar|trending|you (?:may|might))\s",
    re.IGNORECASE,
)
_LINKS: Final = re.compile(r"^(?:more on|more from|see also|also read|read also|related)\s?:\s", re.IGNORECASE)
_PHONE: Final = re.compile(r"(?<!\d)\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\d)")
_WATCHED: Final = re.compile(
    r"\b(?:listen to|listen|stream|watch) .{1,80} on (?:tidal|spotify|apple music|youtube|soundcloud|deezer|netflix)\b"
    r"|\blisten to .{1,60}\b(?:podcast|episode)\b",
    re.IGNORECASE,
)
# "By Jo Doe on May 2, 2020", "Updated at: Mon, 7 May 2018 06:45 GMT"; the rest of the line is names and numbers.
_STAMP: Final = re.compile(
    r"^(?:by|posted|published|updated|modified|written|last (?:updated|modified)|first published|created|added)\b",
    re.IGNORECASE,
)
_YEAR_OR_TIME: Final = re.compile(r"\b(?:19|20)\d\d\b|\b\d{1,2}:\d\d\b")
_GRAPHIC: Final = re.compile(r"[\s.](?:png|jpe?g|svg|gif|image|graphic)\.?$", re.IGNORECASE)
_LONGEST_SECTION: Final = 5  # words
_LONGEST_ORNAMENT: Final = 7  # words, if no grammar is among them
_FEWEST_FIELDS: Final = 3  # of a form
_FEW: Final = 4  # words


def is_control(text: str, words_found: list[str]) -> bool:
    """Whether the text is a control or an ornament of the page, or a form's fields."""
    if len(words_found) <= _LONGEST_ORNAMENT and _ends_as_ornament(text, words_found):
        return True
    if is_stamp(text, words_found):
        return True
    if len(words_found) <= _LONGEST_SECTION and _SECTION.match(text):
        return True
    if _LINKS.match(text) or len(_FIELDS.findall(text)) >= _FEWEST_FIELDS:
        return True
    return bool(_PHONE.search(text) or _WATCHED.search(text))


def is_stamp(text: str, words_found: list[str]) -> bool:
    """Whether the text only says when, and perhaps by whom, something was published.

    >>> text = "Updated May 2, 2020 at 9:30 am by Jo Doe"
    >>> is_stamp(text, words(text)), is_stamp("By 2020 all dogs ran", words("By 2020 all dogs ran"))
    (True, False)
    """
    if not (_STAMP.match(text) and _YEAR_OR_TIME.search(text)):
        return False
    return all(not word.islower() or word in STAMP_WORDS or word in CALENDAR for word in words_found)


def _ends_as_ornament(text: str, words_found: list[str]) -> bool:
    last = words(_GRAPHIC.sub("", text))[-1:] or words_found[-1:]
    if last[0].lower() not in ORNAMENTS:
        return False
    return len(words_found) <= _FEW or not any(word in FUNCTION_WORDS for word in words_found)
