"""How a text fits its page: where it stands, how it agrees with its rivals, what it shares with addresses."""

import re
from collections.abc import Sequence
from typing import Final
from urllib.parse import unquote, urlsplit

import numpy as np
from numpy.typing import NDArray

from crawler.items import TEXT_SOURCES, Text
from scoring.class_space import stem
from scoring.dual_encoder import Floats
from scoring.rivals import groups_of
from scoring.text_features import words_of
from scoring.vocabulary import WORD_CLASSES

SPLIT: Final = re.compile(r"[^a-z]+")
GRAMMAR: Final = frozenset.union(*(WORD_CLASSES[name] for name in ("function_word", "preposition", "conjunction")))

PLACE_FEATURES: Final = (
    "rivals",
    "source_texts",
    "place_in_source",
    "place_on_page",
    "sources_on_page",
    "page_has_alt",
    "page_has_figcaption",
    "characters_to_mean",
    "longer_rivals",
)
AGREEMENT_FEATURES: Final = (
    "words_shared_most",
    "words_shared_mean",
    *(f"words_shared_with_{source}" for source in TEXT_SOURCES),
    "sentence_nearest_rival",
    "sentence_mean_rival",
    *(f"sentence_near_{source}" for source in TEXT_SOURCES),
)
ADDRESS_FEATURES: Final = (
    "file_name_words",
    "file_name_words_said",
    "text_words_in_file_name",
    "page_url_words",
    "page_url_words_said",
    "text_words_in_page_url",
)


def place_features(texts: Sequence[Text], image_of: NDArray[np.int64]) -> Floats:
    """One row of `PLACE_FEATURES` a text, [T, F]; comparisons with rivals are NaN for a lone text."""
    columns = np.full((len(texts), len(PLACE_FEATURES)), np.nan, np.float32)
    for group in groups_of(image_of):
        members = texts[group]
        sources = [text.source for text in members]
        lengths = np.array([len(text.text) for text in members])
        present = set(sources)
        for place, source in enumerate(sources):
            columns[group.start + place, :7] = (
                len(members) - 1,
                sources.count(source),
                sources[:place].count(source),
                place,
                len(present),
                "alt" in present,
                "figcaption" in present,
            )
        if len(members) > 1:
            columns[group, 7] = lengths / lengths.mean()
            columns[group, 8] = (lengths[:, None] < lengths).mean(1)
    return columns


def agreement_features(texts: Sequence[Text], sentences: Floats, image_of: NDArray[np.int64]) -> Floats:
    """One row of `AGREEMENT_FEATURES` a text, [T, F]: words in common (of the text's own) and cosines of the sentences.

    NaN where the page has no other text, or none of that source.
    """
    columns = np.full((len(texts), len(AGREEMENT_FEATURES)), np.nan, np.float32)
    wide = len(TEXT_SOURCES)
    known = [content_words(text.text) for text in texts]
    for group in groups_of(image_of):
        if group.stop - group.start > 1:
            sources = np.array([text.source for text in texts[group]])
            shared = _shared_words(known[group])
            cosines = sentences[group] @ sentences[group].T
            columns[group, 0], columns[group, 1], columns[group, 2 : 2 + wide] = _by_source(shared, sources)
            columns[group, 2 + wide], columns[group, 3 + wide], columns[group, 4 + wide :] = _by_source(
                cosines, sources
            )
    return columns


def address_features(
    texts: Sequence[Text], image_of: NDArray[np.int64], image_urls: Sequence[str], page_urls: Sequence[str]
) -> Floats:
    """One row of `ADDRESS_FEATURES` a text, [T, F]; NaN where an address is unknown or has no word in it."""
    names = [_words_of_path(url.rpartition("/")[2]) if url else None for url in image_urls]
    pages = [_words_of_path(urlsplit(url).path) if url else None for url in page_urls]
    columns = np.full((len(texts), len(ADDRESS_FEATURES)), np.nan, np.float32)
    for row, (text, image) in enumerate(zip(texts, image_of, strict=True)):
        said = content_words(text.text)
        columns[row, :3] = _overlap(names[image], said)
        columns[row, 3:] = _overlap(pages[image], said)
    return columns


def content_words(text: str) -> frozenset[str]:
    """The stemmed words of a text that are not grammar.

    >>> sorted(content_words("Two dogs on the beach"))
    ['beach', 'dog', 'two']
    """
    return frozenset(stem(word) for word in words_of(text) if word not in GRAMMAR)


def _words_of_path(path: str) -> frozenset[str]:
    """The words of three letters or more in a part of an address, its file type aside.

    >>> sorted(_words_of_path("two-dogs_beach-640x480.jpg"))
    ['beach', 'dog', 'two']
    """
    bare = re.sub(r"\.\w{1,5}\Z", "", unquote(path).lower().partition("?")[0])
    return frozenset(stem(word) for word in SPLIT.split(bare) if len(word) > 2 and word not in GRAMMAR)


def _overlap(address: frozenset[str] | None, said: frozenset[str]) -> tuple[float, float, float]:
    """How many words the address has, the share of them that the text says, the share of the text's that it has."""
    if not address or not said:
        return (float("nan") if address is None else len(address), float("nan"), float("nan"))
    common = len(address & said)
    return len(address), common / len(address), common / len(said)


def _shared_words(known: Sequence[frozenset[str]]) -> Floats:
    """[N, N]: the share of a text's content words that another says too; 0 for a text without any."""
    return np.array([[len(own & other) / max(1, len(own)) for other in known] for own in known], np.float32)


def _by_source(likeness: Floats, sources: NDArray[np.str_]) -> tuple[Floats, Floats, Floats]:
    """Greatest and mean likeness to the other texts, [N] each, and greatest to those of each source, [N, 7]."""
    others = likeness.astype(np.float32)
    np.fill_diagonal(others, -np.inf)
    mean = (likeness.sum(1) - np.diag(likeness)) / (len(likeness) - 1)
    near = np.full((len(likeness), len(TEXT_SOURCES)), np.nan, np.float32)
    for column, source in enumerate(TEXT_SOURCES):
        if (sources == source).any():
            near[:, column] = others[:, sources == source].max(1)
    near[np.isneginf(near)] = np.nan  # the text itself is the only one of its source
    return others.max(1), mean, near
