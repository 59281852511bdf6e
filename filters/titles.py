"""What stands around a text and is no part of it: labels, prices, datelines, bylines, the site's name."""

import re
from typing import Final

from filters.credits import PICTURE_WORD
from filters.lexicon import CREDIT_FILLERS, DATELINE_CITIES, PUBLISHERS, zipf

_KIND_OF_IMAGE: Final = r"(?:cover|header|hero|banner|title|feature)\s(?:image|photo|picture)"
_LABEL: Final = re.compile(rf"^(?:{_KIND_OF_IMAGE}|{PICTURE_WORD})\s?(?:\d{{1,3}}\s?)?[:|]\s?", re.IGNORECASE)
_COUNTER: Final = re.compile(
    r"^(?:FILE\s?[-\u2013—]\s|WATCH(?:\s(?:ABOVE|BELOW|NOW|LIVE))?:\s|(?:Media|Image|Picture) caption:?\s|(?:\d{5,}|\d{3,},)[,:\s-]{1,3}(?=[A-Z])"
    r"|(?i:slide|gallery|image|photo):?\s\d{1,3}\s?(?:/|of|/\s?of)\s?\d{1,3}\s?[.:,]?\s?(?=[A-Z]|$))"
)
_POST: Final = re.compile(
    r"^.{1,60}\son\s(?:Instagram|Twitter|Facebook|X|TikTok|Threads|LinkedIn)\s?:\s?[“\"](.{1,1000})[”\"]$"
)
_DATELINE: Final = re.compile(
    r"^([A-Z][A-Z.'\u2019-]{1,20}(?:\s[A-Z][A-Z.'\u2019-]{1,20}){0,2})(?:,\s[A-Z][\w. ]{1,20})?\s?"
    r"(\([A-Z][\w. -]{1,20}\))?\s?([:—\u2013-]{1,2})\s(?=[“\"\u2018A-Z])"
)
# Agencies date their reports: "Nov. 2 (Dog News) -- ".
_DATED: Final = re.compile(r"^[A-Z][a-z]{2,8}\.?\s\d{1,2}(?:,\s\d{4})?\s\([A-Z][\w. -]{1,20}\)\s(?:--|—|\u2013)\s")
# What content systems append: "... the new Dog 500 image"; "a black and white image" is a description.
_IMAGE_AT_END: Final = re.compile(r"(?<=\s)([A-Z0-9][\w-]{0,30})\s[Ii]mage$")
_BYLINE: Final = re.compile(
    r"^(?:By|BY|Written by|Posted by|Words by)\s[A-Z][\w.'\u2019-]{1,20}\s[A-Z][\w.'\u2019-]{1,20}"
    r"(?:\s?[|,\u2013—-]\s|\s?$)"
)
_MEDIUM_AT_END: Final = re.compile(r"\s?[:|\u2013—-]\s(?:Video|VIDEO|Photos?|PHOTOS|Gallery|Slideshow|Watch)$")
_PRICE: Final = re.compile(r"^[$£€]\s?\d[\d.,]{0,12}\s[·|•:\u2013—-]\s|\s[·|•:\u2013—-]\s[$£€]\s?\d[\d.,]{0,12}$")
_SEPARATOR: Final = re.compile(r"\s(?:[|•·»«*~\u2013—-]|::|//)\s|\s?\|\s?$")
_SHORTEST_BEFORE_IMAGE: Final = 6  # words
_RARE: Final = 3.0  # on the Zipf scale: below it a word in capitals before a colon is a place, not a kicker
_SHORTEST_TITLE: Final = 3  # words
_LONGEST_SITE: Final = 5  # words
_LONGEST_SECTION: Final = 2  # words
_MOST_SUFFIXES: Final = 4  # section, department, site, author


def without_labels(text: str) -> str:
    """The text without what stands around it: "Image:", a picture's number, a price, a dateline, a byline.

    >>> without_labels("LONDON (AP) — A bus crosses the bridge.")
    'A bus crosses the bridge.'
    """
    text = _PRICE.sub("", _MEDIUM_AT_END.sub("", _COUNTER.sub("", text)))
    post = _POST.match(text)
    if post:
        return post[1]
    text = _DATED.sub("", _BYLINE.sub("", _LABEL.sub("", text)))
    dateline = _DATELINE.match(text)
    if dateline and (dateline[2] or _is_place(dateline[1], dateline[3])):
        text = text[dateline.end() :]
    return _IMAGE_AT_END.sub(r"\1", text) if text.count(" ") >= _SHORTEST_BEFORE_IMAGE else text


def without_site(text: str) -> str:
    """A page's title without the names of site and section around it.

    >>> without_site("How to Wash a Dog - Pet Care | Dog News")
    'How to Wash a Dog'
    """
    for _ in range(_MOST_SUFFIXES):
        separators = list(_SEPARATOR.finditer(text))
        if not separators:
            return text
        last = separators[-1]
        if not _is_site(text[last.end() :], text[: last.start()], last[0].strip()):
            break
        text = text[: last.start()].rstrip()
    return _without_section(text)


def _without_section(text: str) -> str:
    section, bar, rest = text.partition(" | ")
    if bar and len(section.split()) <= _LONGEST_SECTION and len(rest.split()) > _SHORTEST_TITLE:
        return rest
    return text


def _is_place(words: str, mark: str) -> bool:
    if mark in "—\u2013":
        return True
    word = words.lower()
    return " " not in word and (word in DATELINE_CITIES or zipf(word) < _RARE)


def _is_site(tail: str, head: str, separator: str) -> bool:
    """Whether the words behind a title's last separator name a site or section rather than belong to the title."""
    words, before = tail.split(), head.split()
    if not words or (len(words) == 1 and separator == "|"):
        return True
    if len(words) > _LONGEST_SITE or len(before) < max(_SHORTEST_TITLE, len(words) - 1):
        return False
    if "?" in tail or tail.endswith("!") or words[0][0].isdigit():
        return False
    return all(not word[0].islower() or word in CREDIT_FILLERS | PUBLISHERS | {"a"} for word in words)
