"""Candidate texts cleaned of the web's noise, and why one is dropped (ImageBERT, section 3: heuristic rules for texts).

The paper names the kinds of rule (bad spans, noisy words, sentences of normal length, a high out-of-vocabulary ratio)
and no threshold; those here are ours.
"""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from filters import nontext
from filters.controls import is_control
from filters.credits import without_credits
from filters.markup import repaired, without_addresses
from filters.phrases import BOILERPLATE, SPAM
from filters.profanity import PROFANE
from filters.sentences import sentences, without_cut_end, without_lead_in
from filters.text_model import TextModel
from filters.titles import without_labels, without_site
from filters.words import has_phrase, oov_ratio, repetition, says_nothing, words

REASONS: Final = {
    "no_text": "nothing is left of it but white space, markup or addresses",
    "file_name": "a file name, a camera's number, an identifier",
    "credit_only": "names who made or owns the picture, nothing else",
    "boilerplate": "a control, a menu entry or a notice of the site",
    "spam": "keywords or advertising made for search engines",
    "profane": "an obscene word or a slur",
    "too_short": "fewer words than a description has",
    "name_only": "a name of a person, a brand or a site without a word on what is shown",
    "too_long": "its first sentence has more words than a description has",
    "not_english": "another language or script",
    "high_oov": "too many of its words are no known English word",
    "repetitive": "too many of its words repeat",
    "not_descriptive": "only a date, questions or a quotation, or, says the model, a notice, a slogan, a name, chat",
}
"""Every reason the text filter gives, with its meaning; the words are stable."""

_PROSE: Final = frozenset({"description", "surrounding"})
_TITLES: Final = frozenset({"title", "heading"})


@dataclass(frozen=True, slots=True)
class CleanedText:
    """A text after cleaning.

    Attributes:
        text: cleaned; as found when it is dropped.
        reason: a key of `REASONS`, or None to keep it.
    """

    text: str
    reason: str | None


load_model = cache(TextModel)
"""The model of a file, or the packaged one for None, loaded once a process; raises as `TextModel` does."""


@dataclass(frozen=True, slots=True)
class TextFilter:
    """Cleans candidate texts and drops those that describe no picture.

        >>> TextFilter().clean("A dog runs on the beach. (Photo: Jo Doe/Reuters)", "alt")
        CleanedText(text='A dog runs on the beach.', reason=None)
        >>> TextFilter().clean("DSC_0123.JPG", "alt").reason
        'file_name'

    In a notebook, over a pandas Series (`series.map(lambda text: clean_text(text, "alt"))`) or an Arrow column:

        >>> import pyarrow as pa
        >>> column = pa.array(["A dog runs on the beach.", "Home"])
        >>> pa.array([clean_text(text, "alt") for text in column.to_pylist()]).to_pylist()
        ['A dog runs on the beach.', None]

    Attributes:
        min_words: words; shorter texts go. DataComp's basic filter wants more than 2, CC12M 3.
        max_words: words; sentences are kept from the start while they fit. ImageBERT reads 42 word pieces, some 32
            words, and LAIT's texts average 13; CC12M allows 256. Twice what the model reads leaves it a choice.
        max_oov: share in [0, 1] of words unknown to wordfreq's 321,180 above which a text goes. OBELICS lets 0.2 of a
            paragraph's words be uncommon; twice that here: captions are short, and name people and places more often.
        max_repetition: share in [0, 1] of words that repeat an earlier word, grammar words aside, above which a text
            goes. CC12M's 0.2 is for captions of one sentence.
        max_characters: of the raw text that are looked at; the rest is cut before any rule runs.
        min_describing: the lowest probability in [0, 1], by the model, that a text that the rules keep describes
            something; where the default comes from: models/text.md. 0 leaves the rules alone to decide.
        model: file of another model (`python -m filters.fit_text`); None for the packaged one.
    """

    min_words: int = 3
    max_words: int = 64
    max_oov: float = 0.4
    max_repetition: float = 0.5
    max_characters: int = 2000
    min_describing: float = 0.4
    model: Path | None = None

    def __post_init__(self) -> None:
        limits = (self.min_words, self.max_words, self.max_characters)
        if not all(isinstance(limit, int) for limit in limits):
            raise ValueError(f"min_words, max_words and max_characters must be whole numbers, not {limits}")
        if not 1 <= self.min_words <= self.max_words:
            raise ValueError(f"need 1 <= min_words <= max_words, not {self.min_words} and {self.max_words}")
        shares = (self.max_oov, self.max_repetition, self.min_describing)
        if not all(0 <= share <= 1 for share in shares):
            raise ValueError(f"max_oov, max_repetition and min_describing must be in [0, 1], not {shares}")
        if self.max_characters < 1:
            raise ValueError(f"max_characters must be positive, not {self.max_characters}")

    def clean(self, text: str, source: str) -> CleanedText:
        """The text without noise, or as found with the reason why it is dropped.

        Args:
            text: as the page has it.
            source: where it stood, one of `crawler.items.TEXT_SOURCES`; others are treated like "alt".
        """
        raw = text[: self.max_characters]
        cleaned, reason = self._cleaned(raw, source, is_cut=len(raw) < len(text))
        reason = reason or self.reason_to_drop(cleaned, source)
        return CleanedText(cleaned, None) if reason is None else CleanedText(text, reason)

    def reason_to_drop(self, text: str, source: str) -> str | None:
        """Why a cleaned text is dropped, a key of `REASONS`, or None to keep it."""
        found = words(text)
        if len(found) < self.min_words:
            return nontext.reason_of_few_words(text, found)
        if len(found) > self.max_words:
            return "too_long"
        if has_phrase(found, PROFANE):
            return "profane"
        if has_phrase(found, SPAM):
            return "spam"
        if is_control(text, found):
            return "boilerplate"
        if nontext.is_foreign(text, found):
            return "not_english"
        if nontext.is_keyword_list(text):
            return "spam"
        if says_nothing(found):
            return "not_descriptive"
        return self._reason_by_words(text, found, source)

    def _reason_by_words(self, text: str, found: list[str], source: str) -> str | None:
        if nontext.is_name(found):
            return "name_only"
        if oov_ratio(found) > self.max_oov:
            return "high_oov"
        if repetition(found) > self.max_repetition:
            return "repetitive"
        if nontext.is_question_or_quotation(text, source in _PROSE):
            return "not_descriptive"
        if self.min_describing and load_model(self.model).probability(text, found, source) < self.min_describing:
            return "not_descriptive"
        return None

    def _cleaned(self, raw: str, source: str, is_cut: bool) -> tuple[str, str | None]:
        text = repaired(raw)
        if nontext.is_file_name(text):
            return "", "file_name"
        text = without_addresses(text)
        if not text:
            return "", "no_text"
        text = without_credits(text, is_caption=source not in _PROSE | _TITLES)
        if not text:
            return "", "credit_only"
        text = without_labels(text)
        if source in _TITLES or source == "img_title":
            text = without_site(text)
        text = without_cut_end(text, is_prose=is_cut or source in _PROSE)
        return self._informative(text, source)

    def _informative(self, text: str, source: str) -> tuple[str, str | None]:
        """The leading sentences that fit, without notices of the site."""
        parts = [without_lead_in(part) for part in sentences(text)]
        told = [part for part in parts if not has_phrase(words(part), BOILERPLATE)]
        if parts and (not told or (len(told) < len(parts) and all(part.endswith("?") for part in told))):
            return "", "boilerplate"
        if source in _PROSE:
            statements = [part for part in told if not part.endswith("?")]
            if len(" ".join(statements)) < len(" ".join(told)) / 3:
                return "", "not_descriptive"
            told = statements
        kept: list[str] = []
        count = 0
        for part in told:
            count += len(part.split())
            if kept and count > self.max_words:
                break
            kept.append(part)
        return " ".join(kept).strip(" |*•·\u2013—-"), None


_DEFAULT: Final = TextFilter()


def clean_text(text: str, source: str) -> str | None:
    """The cleaned text by the default settings, or None if it is dropped."""
    cleaned = _DEFAULT.clean(text, source)
    return cleaned.text if cleaned.reason is None else None
