"""Who took and who owns the picture, told apart from what it shows, and taken off."""

import re
from typing import Final

from filters.lexicon import CREDIT_FILLERS
from filters.sentences import sentences

_LONGEST_CREDIT: Final = 16  # words
_MOST_BRACKETS: Final = 2  # agency and photographer
_LONGEST_NAME: Final = 6  # words, of a photographer and a paper
_LONGEST_TAIL: Final = 8  # words, without a full stop before them
_LONGEST_TAIL_IN_CHARACTERS: Final = 400
_MARK_WINDOW: Final = 12  # characters before a credit in which the mark that ends the sentence is looked for
# Names that hardly stand in a headline; what is newsworthy itself (NASA, Twitter) shows a credit in brackets only.
_AGENCY: Final = re.compile(
    r"(?<![\w-])(?:getty(?:\s?images)?|reuters|afp|ap\sphoto|associated\spress|shutterstock|istock(?:photo)?|alamy|"
    r"pa\s(?:images|wire|media)|corbis|rex\sfeatures|wireimage|filmmagic|unsplash|pexels|pixabay|flickr|xinhua|sipa\susa|"
    r"wikimedia(?:\scommons)?|zuma\spress|imagn|nurphoto|anadolu\sagency|splash\snews|backgrid|depositphotos|dreamstime|"
    r"adobe\sstock|magnum\sphotos|handout|screengrab|cc\sby(?:-\w\w)*)(?![\w-])",
    re.IGNORECASE,
)
_NAMED_IN_BRACKETS: Final = re.compile(
    r"(?<![\w-])(?:ap|epa|dpa|upi|tass|sipa|zuma|anadolu|bloomberg|rex|redux|polaris|instagram|facebook|twitter|"
    r"screenshot|nasa|esa|nbc|abc|cbs|cnn|bbc|canva)(?![\w-])",
    re.IGNORECASE,
)
_AGENCY_AT_END: Final = re.compile(
    r"\s?[-\u2013—|/(]?\s(?:Getty(?: Images)?|Shutterstock|i[Ss]tock(?:photo)?|Alamy(?: Stock Photo)?|Depositphotos|"
    r"Adobe Stock|Unsplash|Dreamstime)\)?\.?$"
)
PICTURE_WORD: Final = (
    r"(?:photo(?:s|graphs?|graphy|grapher|graphed|graphic|\sillustration)?|images?|pictures?|pic|pix|foto|illustration|"
    r"artwork|screenshot|video|graphic|caption|(?:lead|featured|main)\simage|file\sphoto)"
)
_OPENING: Final = re.compile(
    rf"(?:{PICTURE_WORD}\s?(?:credits?|courtesy|source|by|via|from|©|:|\(c\))"
    r"|(?:image|photo|picture)?\s?(?:credits?|source|courtesy)\b\s?(?:of|to|:|/|-)?"
    r"|©|\(c\)\s|copyright\b|via\s|mandatory\scredit|file(?:\sphoto)?\s?:|h/t\s)",
    re.IGNORECASE,
)
_CREDIT_BEFORE_END: Final = re.compile(
    r"(?:\s[|/\u2013—-]\s|[.!?…,;]\s|\s)"
    rf"(?={PICTURE_WORD}s?\s?(?:credits?|courtesy|source|by\s[A-Z@]|via\s[A-Z@]|©|:\s?[A-Z@©])"
    r"|(?:credits?|source|courtesy)\s?(?:of\s|to\s)?[:/]|courtesy\s(?:of\s|photo)"
    r"|©|\(c\)\s|copyright\s(?:©|\d|by)|mandatory\scredit)",
    re.IGNORECASE,
)
_GLUED_CREDIT: Final = re.compile(
    r"(?<=[a-z.!?…”\"'\u2019)])(?:Credit|Photograph|Photographer|Photo|Picture|Image)"
    r"(?:\s?:\s?|\s(?:by|via)\s)[A-Z@©].{0,100}$"
)
# "... on Thursday.Jo Doe / AP": the full stop of the caption and the first word of a credit.
_GLUED_SENTENCE: Final = re.compile(r"(?<=[a-z0-9][.!?])(?=[A-Z][a-z]{1,20}(?:[\s/]|$))")
_HANDLE_AT_END: Final = re.compile(r"\s(?:[Vv]ia|h/t)\s@\w{2,40}$")
_VIA: Final = re.compile(r"^[A-Z][\w.'\u2019-]{1,20}(?:\s[A-Z][\w.'\u2019-]{1,20}){0,3}\svia\s[A-Z]\w{1,20}$")
_SIGNED_AT_END: Final = re.compile(r"(?<=\s)((?!The\b)[A-Z][\w'\u2019-]{1,20})\s(?:AP|AFP)$")
_USAGE_NOTICE: Final = re.compile(
    r"\s?\b(?:THIS IMAGE HAS BEEN|MANDATORY CREDIT|NO RESALES?|NO ARCHIVES?|(?:FOR )?EDITORIAL USE|FEE MUST BE)\b.{0,400}$"
)
_BRACKETS_AT_END: Final = re.compile(r"\s?[(\[]([^()\[\]]{1,160})[)\]]?\s?[.]?$")
_SLASHED: Final = re.compile(r"^@?[\w][\w .,'\u2019&-]{1,50}\s?/\s?(?:via\s)?[A-Z@][\w .,'\u2019&/-]{1,60}$")
_SOURCE_OF_EXCERPT: Final = re.compile(r"^From [“\"\u2018].{3,100}[”\"\u2019]")
_DATE_AT_END: Final = re.compile(
    r"\b(?:Jan|Feb|Mar|Apr|May|June?|July?|Aug|Sep|Oct|Nov|Dec)[a-z]{0,6}\.?\s"
    r"(?:\d{1,2}(?:st|nd|rd|th)?,?\s)?(?:19|20)\d\d\.?$"
)
_PIPE: Final = re.compile(r"\s[|•]\s")


def without_credits(text: str, is_caption: bool = False) -> str:
    """The text without photographer, agency, copyright and usage notices; empty if it was nothing else.

    Args:
        text: repaired.
        is_caption: it stands with the picture, so that a bare name behind its last sentence is a credit.

    >>> without_credits("A dog runs on the beach. (Photo: Jo Doe/Reuters)")
    'A dog runs on the beach.'
    >>> without_credits("Jo Doe/Getty Images")
    ''
    """
    text = _without_bracketed_credits(_GLUED_CREDIT.sub("", _USAGE_NOTICE.sub("", text)).strip())
    text = _AGENCY_AT_END.sub("", _without_piped_credit(_HANDLE_AT_END.sub("", text)))
    text = _SIGNED_AT_END.sub(r"\1", _without_glued_credit(text))
    tail = _credit_start(text)
    if tail is not None:
        text = text[:tail].rstrip(" |/\u2013—-,;")
    parts = sentences(text)
    for index, part in enumerate(parts):
        if is_credit(part) or (index > 0 and (_SOURCE_OF_EXCERPT.match(part) or _is_place_and_date(part))):
            return " ".join(parts[:index])
    if is_caption and len(parts) > 1 and parts[-1][-1].isalnum() and _is_name(parts[-1], _LONGEST_NAME):
        return " ".join(parts[:-1])
    return text


def _without_bracketed_credits(text: str) -> str:
    for _ in range(_MOST_BRACKETS):
        bracketed = _BRACKETS_AT_END.search(text)
        if bracketed is None or not _is_bracketed_credit(bracketed[1], text[: bracketed.start()]):
            break
        text = text[: bracketed.start()].rstrip()
    return text


def _without_glued_credit(text: str) -> str:
    for glued in _GLUED_SENTENCE.finditer(text):
        tail = text[glued.start() : glued.start() + _LONGEST_TAIL_IN_CHARACTERS]
        if glued.start() + len(tail) == len(text) and (is_credit(tail) or _NAMED_IN_BRACKETS.fullmatch(tail)):
            return text[: glued.start()]
    return text


def _without_piped_credit(text: str) -> str:
    pieces = _PIPE.split(text)
    while len(pieces) > 1 and is_credit(pieces[-1]):
        pieces.pop()
        text = text[: text.rfind(pieces[-1]) + len(pieces[-1])]
    return text


def _credit_start(text: str) -> int | None:
    """Where a credit that runs to the end of the text begins, if not at its very start."""
    for found in _CREDIT_BEFORE_END.finditer(text):
        mark = text[max(0, found.end() - _MARK_WINDOW) : found.end()].rstrip(" \"'”\u2019)")[-1:]
        rest = text[found.end() : found.end() + _LONGEST_TAIL_IN_CHARACTERS]
        if mark in ".!?…|" or "©" in rest[:14] or _is_name(rest, _LONGEST_TAIL):
            return found.start() + (1 if mark in ".!?…" else 0)
    return None


def is_credit(text: str) -> bool:
    """Whether a sentence names nothing but who made or owns the picture.

    >>> is_credit("Photo: Jo Doe"), is_credit("Jo Doe / AP, file"), is_credit("Photo of a dog on a beach")
    (True, True, False)
    """
    words = text.split()
    if not words or len(words) > _LONGEST_CREDIT:
        return False
    opening = _OPENING.match(text)
    if opening and (
        _is_name_like(text[opening.end() :]) or (len(words) <= _LONGEST_NAME and not opening[0].endswith(":"))
    ):
        return True
    if not _is_name_like(text):
        return False
    if _AGENCY.search(text):
        return True
    return len(words) <= _LONGEST_TAIL and (_SLASHED.match(text) or _VIA.match(text)) is not None


def _is_place_and_date(text: str) -> bool:
    """Whether it only says where and when, as agencies write it behind a caption."""
    return bool(_DATE_AT_END.search(text)) and _is_name(text, _LONGEST_CREDIT)


def _is_bracketed_credit(text: str, before: str) -> bool:
    if before.endswith((".", "!", "?")) and (" " in text or text.isupper()) and _is_name(text, _LONGEST_NAME):
        return True
    if _OPENING.match(text) or is_credit(text):
        return True
    named = _AGENCY.search(text) or _NAMED_IN_BRACKETS.search(text)
    return named is not None and len(text.split()) <= _LONGEST_TAIL


def _is_name(text: str, longest: int) -> bool:
    return len(text.split()) <= longest and _is_name_like(text)


def _is_name_like(text: str) -> bool:
    """Whether no word of it could be part of a sentence: capitals, numbers and what joins names only."""
    words = (word.strip(".,;:()[]|©/&\u2019'\"") for word in text.split())
    return all(not word or not word[0].islower() or word.lower() in CREDIT_FILLERS for word in words)
