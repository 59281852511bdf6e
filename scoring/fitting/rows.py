"""Labelled rows of features: the texts of `scoring.fitting.training_pairs` beside the photos they are about."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from filters.backbone import CLASS_NAMES
from scoring.cross_features import Matchers
from scoring.dual_encoder import Floats
from scoring.features import FEATURES, PairBatch, pair_features
from scoring.fitting.captioned_photos import CaptionedPhotos
from scoring.fitting.class_texts import label_class_texts
from scoring.fitting.embedding_cache import EmbeddingCache
from scoring.fitting.page_texts import PageTexts
from scoring.fitting.training_pairs import (
    MATCHED,
    NEGATIVE_KINDS,
    LabelledTexts,
    label_lone_texts,
    label_pages,
    label_short_pages,
)
from scoring.fitting.web_addresses import web_addresses
from scoring.pictures import Pictures

UNKNOWN_SHARE: Final = (
    0.4  # of the images whose measures, and whose addresses, are hidden, as a caller may not know them
)


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """Photos and pages that are fitted on, calibrated on or measured on together.

    Attributes:
        photos: with their captions.
        pages: whose texts describe none of them.
    """

    photos: CaptionedPhotos
    pages: tuple[PageTexts, ...]


@dataclass(frozen=True, slots=True, eq=False)
class TextsOfPictures:
    """Labelled texts and the images they are about, still without features.

    Attributes:
        texts: T texts.
        pictures: the images that `texts.image_of` counts.
    """

    texts: LabelledTexts
    pictures: Pictures

    def take(self, rows: NDArray[np.int64]) -> Self:
        """Those texts, all of an image or none, in their order, and all images."""
        texts = self.texts
        taken = LabelledTexts(
            tuple(texts.texts[row] for row in rows), texts.image_of[rows], tuple(texts.kinds[row] for row in rows)
        )
        return replace(self, texts=taken)


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """Rows of `scoring.features.FEATURES` and what is known of them.

    Attributes:
        features: [T, F].
        kinds: `matched` or the kind of wrong text, [T].
        image_of: the image of each text, [T].
    """

    features: Floats
    kinds: tuple[str, ...]
    image_of: NDArray[np.int64]

    @property
    def right(self) -> NDArray[np.bool_]:
        """Where the text describes its image, [T]."""
        return np.array([kind == MATCHED for kind in self.kinds], bool)


def rows_of(
    texts: TextsOfPictures,
    matchers: Matchers,
    cache: EmbeddingCache,
    joint_texts: Callable[[Floats], Floats] | None = None,
) -> Rows:
    """The texts' features.

    Args:
        texts: to describe.
        matchers: what features are made with.
        cache: the encoders.
        joint_texts: the text tower of the joint encoder that projected the pictures, from sentence embeddings; None
            for the cache's own.
    """
    said = [text.text for text in texts.texts.texts]
    if not said:  # of few photos none may be surely of a class
        return Rows(np.empty((0, len(FEATURES)), np.float32), (), texts.texts.image_of)
    sentences, joint = cache.sentences(said), None
    if texts.pictures.joint_BD is not None:
        joint = cache.joint_texts(said) if joint_texts is None else joint_texts(sentences)
    batch = PairBatch(texts.pictures, texts.texts.texts, sentences, texts.texts.image_of, joint)
    return Rows(pair_features(batch, matchers), texts.texts.kinds, texts.texts.image_of)


def joined_rows(parts: Sequence[Rows]) -> Rows:
    """All rows; the images of different parts are different images."""
    starts = np.cumsum([0, *(int(part.image_of.max(initial=-1)) + 1 for part in parts)])
    return Rows(
        np.concatenate([part.features for part in parts]),
        tuple(kind for part in parts for kind in part.kinds),
        np.concatenate([part.image_of + start for part, start in zip(parts, starts, strict=False)]),
    )


def page_texts(part: Part, view: Pictures, seed: int) -> list[TextsOfPictures]:
    """A long and a short page for each photo, with addresses; of some photos not everything is known."""
    captions, probabilities = part.photos.captions, part.photos.pictures.embedding.class_probabilities_BC
    made = []
    for number, label in enumerate((label_pages, label_short_pages)):
        texts = label(captions, probabilities, part.pages, seed + number)
        made.append(TextsOfPictures(texts, hidden(addressed(view, captions, texts, seed), seed + number)))
    return made


def class_texts(part: Part, view: Pictures, seed: int) -> TextsOfPictures:
    """For some photos a text made from a class name."""
    probabilities = part.photos.pictures.embedding.class_probabilities_BC
    return TextsOfPictures(label_class_texts(probabilities, CLASS_NAMES, seed), hidden(view, seed))


def lone_texts(part: Part, seed: int, dress: bool) -> TextsOfPictures:
    """For each photo one text of each kind, each alone."""
    photos = part.photos
    probabilities = photos.pictures.embedding.class_probabilities_BC
    texts = label_lone_texts(photos.captions, probabilities, part.pages, seed, dress)
    return TextsOfPictures(
        texts, photos.pictures.take(np.repeat(np.arange(len(photos.captions)), 1 + len(NEGATIVE_KINDS)))
    )


def addressed(pictures: Pictures, captions: Sequence[Sequence[str]], texts: LabelledTexts, seed: int) -> Pictures:
    """The pictures with addresses drawn for them; a page is called after its title, or else its first text."""
    titles = [""] * len(captions)
    for text, image in zip(texts.texts, texts.image_of, strict=True):
        if not titles[image] or text.source == "title":
            titles[image] = text.text
    return pictures.with_addresses(*web_addresses([own[-1] for own in captions], titles, seed))


def hidden(pictures: Pictures, seed: int) -> Pictures:
    """The pictures, of some of which the measures, and of others the addresses, are unknown."""
    unmeasured, unaddressed = np.random.default_rng(seed).random((2, len(pictures))) < UNKNOWN_SHARE
    unknown = Pictures.of(pictures.embedding)
    return replace(
        pictures,
        sizes_B2=np.where(unmeasured[:, None], unknown.sizes_B2, pictures.sizes_B2),
        statistics_BS=np.where(unmeasured[:, None], unknown.statistics_BS, pictures.statistics_BS),
        nsfw_B=np.where(unmeasured, unknown.nsfw_B, pictures.nsfw_B),
        natural_B=np.where(unmeasured, unknown.natural_B, pictures.natural_B),
        image_urls=tuple("" if hide else url for hide, url in zip(unaddressed, pictures.image_urls, strict=True)),
        page_urls=tuple("" if hide else url for hide, url in zip(unaddressed, pictures.page_urls, strict=True)),
    )
