"""The language of a page's main text: CLD2 decides, langdetect settles what CLD2 leaves open."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import pycld2
from langdetect import DetectorFactory, LangDetectException, detect_langs

from crawler import layout
from crawler.page import Page
from crawler.visible_text import collapse, visible_text

UNDECIDED: Final = "un"
FIRST_TEXT: Final = 400  # characters; where they are clearly in one language, the rest is not looked at
CLEAR_SHARE: Final = 90  # percent
MAX_TEXT: Final = 2_000  # characters that are looked at; more does not change an answer
ENOUGH_TEXT: Final = 500  # characters of main text; a page with less is judged by all its text
MIN_TEXT: Final = 20  # characters; with fewer there is no language to see
MIN_SHARE: Final = 60  # percent of the text in one language, for CLD2 to be believed
MIN_PROBABILITY: Final = 0.8  # of langdetect; below, the text is mixed
SETTLING_TEXT: Final = 1_000  # characters langdetect looks at; it is a hundred times slower
HINTS: Final = frozenset(code for _, code in pycld2.LANGUAGES)  # CLD2 refuses the text over any other
LAST_IN_PLANES: Final = "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
UNREADABLE: Final = re.compile(rf"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{LAST_IN_PLANES}]")

DetectorFactory.seed = 0  # langdetect samples; without a seed it answers differently from run to run


@dataclass(frozen=True, slots=True)
class Language:
    """What a page's text is written in.

    Attributes:
        code: ISO 639-1 where there is one, such as `en`; `UNDECIDED` when the text is too short or too mixed.
        confidence: in [0, 1]; the share of the text in that language, or langdetect's probability.
    """

    code: str
    confidence: float


def is_english(page: Page) -> bool:
    """Whether the page is to be kept as English (ImageBERT, section 3: non-English pages are dropped)."""
    return detect_language(page).code == "en"


def detect_language(page: Page) -> Language:
    """The language of the page's main text, or of all its text when the main text is short.

    `<html lang>` is a hint for CLD2 only: it is missing on many pages and wrong on some.
    """
    start = joined((block.text for block in page.layout.main_blocks), FIRST_TEXT)
    if len(start) == FIRST_TEXT:
        code, share, reliable = detected(start, claimed_code(page.html_lang))
        if reliable and code != UNDECIDED and share >= CLEAR_SHARE:
            return Language(code, share / 100)
    return language_of(main_text(page), page.html_lang)


def main_text(page: Page) -> str:
    """The text that the page is about, at most `MAX_TEXT` characters: not its menus, unless it is little else."""
    text = joined((block.text for block in page.layout.main_blocks), MAX_TEXT)
    if len(text) >= ENOUGH_TEXT:
        return text
    outside, regions = layout.BOILERPLATE, page.layout.regions
    text = joined((block.text for block in page.layout.blocks if not regions(block.node) & outside), MAX_TEXT)
    if len(text) >= ENOUGH_TEXT:
        return text
    body = page.tree.body
    return visible_text(body, MAX_TEXT)[:MAX_TEXT] if body is not None else text


def joined(texts: Iterable[str], most: int) -> str:
    """The texts in one, cut at `most` characters."""
    pieces: list[str] = []
    length = 0
    for text in texts:
        pieces.append(collapse(text))
        length += len(pieces[-1])
        if length >= most:
            break
    return " ".join(pieces)[:most]


def language_of(text: str, hint: str = "") -> Language:
    """The language of a text.

    Args:
        text: any text; characters that cannot be in one are passed over.
        hint: a language tag such as `en-GB` that somebody claims for it.
    """
    if len(text) < MIN_TEXT:
        return Language(UNDECIDED, 0.0)
    code, share, reliable = detected(text, claimed_code(hint))
    if reliable and code != UNDECIDED and share >= MIN_SHARE:
        return Language(code, share / 100)
    return settle(text)


@lru_cache(maxsize=1_000)
def claimed_code(tag: str) -> str | None:
    """The code in a language tag, if it is one that CLD2 knows: pages also claim countries (`us`) and nonsense."""
    code = tag.strip().lower().replace("_", "-").partition("-")[0]
    return code if code in HINTS else None


def detected(text: str, hint: str | None) -> tuple[str, int, bool]:
    """CLD2's answer: a code, its share of the text in percent, and whether it is sure; unsure of text it cannot read."""
    try:
        reliable, _, found = pycld2.detect(text, hintLanguage=hint)
    except (pycld2.error, UnicodeEncodeError):  # control characters, half of a surrogate pair
        readable = UNREADABLE.sub(" ", text)
        return detected(readable, hint) if readable != text else (UNDECIDED, 0, False)
    _, code, share, _ = found[0]
    return code, share, reliable


def settle(text: str) -> Language:
    """Langdetect's answer for a text that CLD2 cannot place."""
    try:
        best = detect_langs(text[:SETTLING_TEXT])[0]
    except LangDetectException:  # no letters in it
        return Language(UNDECIDED, 0.0)
    return Language(best.lang if best.prob >= MIN_PROBABILITY else UNDECIDED, best.prob)
