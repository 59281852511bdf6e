"""A person's labels as rows to fit, calibrate and measure on: their texts among the rivals they had on their pages."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image as Picture
from sklearn.metrics import roc_auc_score

from filters.image import decode
from scoring.cross_features import Matchers
from scoring.dual_encoder import Floats
from scoring.features import PairBatch, pair_features
from scoring.fitting.embedding_cache import EmbeddingCache
from scoring.fitting.labels import LabelledPage, LabelsError, read_candidates, read_labels
from scoring.relevance import RelevanceParts

PARTS: Final = ("fit", "fit", "fit", "calibrate", "measure")  # by the image's hash: no image is in two parts


@dataclass(frozen=True, slots=True, eq=False)
class JudgedPairs:
    """Labelled pairs, skipped ones left out.

    Attributes:
        features: rows of `scoring.features.FEATURES`, [T, F].
        labels: 1 where the text is relevant, [T].
        part: one of `PARTS`, [T].
    """

    features: Floats
    labels: NDArray[np.int64]
    part: NDArray[np.str_]

    def of(self, part: str) -> tuple[Floats, NDArray[np.int64]]:
        """The rows of a part, and their labels."""
        rows = self.part == part
        return self.features[rows], self.labels[rows]


@dataclass(frozen=True, slots=True)
class JudgedPages:
    """What a person judged: pages with verdicts on some of their texts.

    Attributes:
        pages: with their picture, those whose picture can be decoded.
        verdicts: by image hash and text.
    """

    pages: tuple[tuple[LabelledPage, Picture], ...]
    verdicts: dict[tuple[str, str], str]


def read_judged(labels: Path, candidates: Path | None) -> JudgedPages:
    """The labelled pages of a crawl.

    Args:
        labels: as `python -m scoring.label` writes it.
        candidates: the folder of the crawl; None for where it was when it was labelled.

    Raises:
        LabelsError: a file is unusable, or the crawl has none of the labelled pairs.
    """
    given, folder = read_labels(labels)
    verdicts = {(label.image_sha256, label.text): label.verdict for label in given if label.verdict != "skipped"}
    wanted = {image for image, _ in verdicts}
    found = [page for page in read_candidates(candidates or folder) if page.image_sha256 in wanted]
    decoded = [(page, decode(page.image())) for page in found]
    pages = tuple((page, picture) for page, picture in decoded if not isinstance(picture, str))
    if not pages:
        raise LabelsError(f"{candidates or folder} has none of the pairs in {labels}; name their crawl: --candidates")
    return JudgedPages(pages, verdicts)


def judged_pairs(judged: JudgedPages, matchers: Matchers, cache: EmbeddingCache) -> JudgedPairs:
    """The labelled pairs as rows, each text among all of its page's."""
    pages = [page for page, _ in judged.pages]
    pictures = cache.pictures([picture for _, picture in judged.pages], fully=True)
    texts = [(number, text) for number, page in enumerate(pages) for text in page.texts]
    said = [text.text for _, text in texts]
    batch = PairBatch(
        pictures.with_addresses([page.image_url for page in pages], [page.page_url for page in pages]),
        tuple(text for _, text in texts),
        cache.sentences(said),
        np.array([number for number, _ in texts], np.int64),
        cache.joint_texts(said),
    )
    verdicts = [judged.verdicts.get((pages[number].image_sha256, text.text)) for number, text in texts]
    rows = np.array([row for row, verdict in enumerate(verdicts) if verdict is not None], np.int64)
    part = np.array([PARTS[int(page.image_sha256[:8], 16) % len(PARTS)] for page in pages])
    return JudgedPairs(
        pair_features(batch, matchers)[rows],
        np.array([verdicts[row] == "relevant" for row in rows], np.int64),
        part[batch.image_of[rows]],
    )


def judged_quality(own: JudgedPairs, parts: RelevanceParts) -> str:
    """What the pairs that were held back say of the fitted parts, in a sentence."""
    features, labels = own.of("measure")
    said = f"{len(own.labels)} pairs judged by hand, {len(labels)} of them held back to measure"
    if len(set(labels.tolist())) < 2:
        return f"{said}: too few for a figure."
    return f"{said}: AUC {roc_auc_score(labels, parts.probabilities(features)):.3f}."
