"""The whole fit: split, fit, calibrate, measure, and the studies that the model card shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from tqdm import tqdm

from scoring.clip import OURS
from scoring.cross_features import Matchers
from scoring.features import FEATURES
from scoring.fitting.captioned_photos import CaptionedPhotos
from scoring.fitting.clip_folds import ClipFolds
from scoring.fitting.dual_encoder_training import DualEncoderRecipe
from scoring.fitting.embedding_cache import EmbeddingCache
from scoring.fitting.judged import JudgedPages, JudgedPairs, judged_pairs, judged_quality
from scoring.fitting.page_texts import PageTexts
from scoring.fitting.quality import PageQuality, Quality, measure, measure_pages, threshold_for
from scoring.fitting.relevance_fit import TrainingTable, fit_matchers, folded_table, platt, unseen_rows
from scoring.fitting.rows import Part, Rows, joined_rows, lone_texts, page_texts, rows_of
from scoring.fitting.studies import ABLATIONS, Study, columns_of, importance_table
from scoring.fitting.tree_fit import fit_all_trees, fit_trees
from scoring.relevance import Calibration, RelevanceParts
from scoring.trees import Trees

KEEP: Final = 0.9  # share of right texts that the threshold keeps; more would let too many wrong ones through
LABEL_COUNTS: Final = (250, 1_000, 5_000, 30_000)  # of the learning curve
FEWEST: Final = 20  # photos that can still be split into folds
JUDGED_WEIGHT: Final = 5.0  # of a person's label against one made by rule


@dataclass(frozen=True, slots=True)
class Fitted:
    """A fitted model and all that its card says of it.

    Attributes:
        parts: the artefact.
        joint_learnt: how the trees learnt what the joint encoder is worth; a key of `model_card.LEARNT_BY`.
        quality: on lone texts of photos that nothing was fitted on, captions as they are.
        dressed: the same with captions in web dress.
        pages: on pages of rival texts of the same photos.
        importance: Markdown.
        ablation: the same fit with some of the features.
        learning: the same fit with fewer captions, without the joint encoder.
        judged: what the person's own labels say of it; "" without labels.
    """

    parts: RelevanceParts
    joint_learnt: str
    quality: Quality
    dressed: Quality
    pages: PageQuality
    importance: str
    ablation: Study
    learning: Study
    judged: str


@dataclass(frozen=True, slots=True)
class Fit:
    """What a fit works with.

    Attributes:
        cache: the encoders.
        seed: of splits and draws.
        recipe: of the dual encoder.
        clip_folds: what our open_clip model would say of the photos, had it not been trained on them.
    """

    cache: EmbeddingCache
    seed: int
    recipe: DualEncoderRecipe
    clip_folds: ClipFolds | None = None

    def whole(self, photos: CaptionedPhotos, pages: Sequence[PageTexts], judged: JudgedPages | None = None) -> Fitted:
        """The fitted model and its quality on photos and pages that nothing was fitted on.

        Ten twelfths of the photos, and of the pages, fit; one calibrates and sets the threshold; one measures. Where
        the joint encoder is ours, which may have been trained on the first ten, and no folds are given, the trees learn
        what it is worth on half of the eleventh.
        """
        fitting, calibrating, measuring = self._split(photos, pages)
        matchers = fit_matchers(fitting.photos, self.cache, self.recipe)
        alone = (fitting, matchers, self.cache, self.seed, self.recipe)
        table = folded_table(*alone, self.clip_folds)
        strange = table if self.clip_folds is None else folded_table(*alone)
        if self.cache.joint is not None and self._joint_learnt == "half" and len(calibrating.photos.captions) >= 4:
            worth, calibrating = _halves(calibrating)
            rows = unseen_rows(worth, matchers, self.cache, self.seed + 20)
            table += TrainingTable.of(rows, weight=len(table.labels) / len(rows.kinds))
        own = None if judged is None else judged_pairs(judged, matchers, self.cache)
        if own is not None:
            features, labels = own.of("fit")
            judged_rows = TrainingTable(features, labels, np.full(len(labels), JUDGED_WEIGHT, np.float32))
            table, strange = table + judged_rows, strange + judged_rows
        coverage = matchers.coverage.columns(calibrating.photos.pictures.embedding.features_BD)
        trees = fit_all_trees(table, strange, coverage, self.seed)
        parts = RelevanceParts(matchers, trees, self._calibration(trees, matchers, calibrating, own))
        return self._judged(parts, (table, strange), (fitting, calibrating, measuring), own)

    @property
    def _joint_learnt(self) -> str:
        if self.clip_folds is not None:
            return "folds"
        return "half" if self.cache.joint is None or self.cache.joint.name == OURS else "elsewhere"

    def check(self, photos: CaptionedPhotos) -> None:
        """Raises ValueError when the folds are not of the photos that are fitted on."""
        if self.clip_folds is not None:
            self.clip_folds.check(self._split(photos, ())[0].photos.captions)

    def _judged(
        self,
        parts: RelevanceParts,
        tables: tuple[TrainingTable, TrainingTable],
        split: tuple[Part, Part, Part],
        own: JudgedPairs | None,
    ) -> Fitted:
        """All that the card says of the fitted parts."""
        (table, strange), (fitting, calibrating, measuring) = tables, split
        plain = self._lone(calibrating, parts.matchers, self.seed + 7, dress=False)
        threshold = threshold_for(parts.probabilities(plain.features), plain.kinds, KEEP)
        plain, dressed = (self._lone(measuring, parts.matchers, self.seed + 1, dress) for dress in (False, True))
        pages = self._pages(measuring, parts.matchers, self.seed + 1)
        return Fitted(
            parts,
            self._joint_learnt,
            measure(parts.probabilities(plain.features), plain.kinds, threshold),
            measure(parts.probabilities(dressed.features), dressed.kinds, threshold),
            measure_pages(parts.probabilities(pages.features), pages.right, pages.image_of),
            importance_table(parts.trees.whole),
            self._ablation(table, plain),
            self._learning(fitting, measuring, strange, parts.matchers),
            "" if own is None else judged_quality(own, parts),
        )

    def _split(self, photos: CaptionedPhotos, pages: Sequence[PageTexts]) -> tuple[Part, Part, Part]:
        photo_parts, page_parts = (
            np.split(np.random.default_rng(self.seed).permutation(count), [count * 10 // 12, count * 11 // 12])
            for count in (len(photos.captions), len(pages))
        )
        first, second, third = (
            Part(photos.take(own), tuple(pages[page] for page in others))
            for own, others in zip(photo_parts, page_parts, strict=True)
        )
        return first, second, third

    def _calibration(self, trees: Trees, matchers: Matchers, part: Part, own: JudgedPairs | None) -> Calibration:
        table = TrainingTable.of(self._pages(part, matchers, self.seed + 2))
        if own is not None:
            features, labels = own.of("calibrate")
            table += TrainingTable(features, labels, np.full(len(labels), JUDGED_WEIGHT, np.float32))
        return platt(trees.raw(table.features), table.labels, table.weights)

    def _pages(self, part: Part, matchers: Matchers, seed: int) -> Rows:
        return joined_rows(
            [rows_of(texts, matchers, self.cache) for texts in page_texts(part, part.photos.pictures, seed)]
        )

    def _lone(self, part: Part, matchers: Matchers, seed: int, dress: bool) -> Rows:
        return rows_of(lone_texts(part, seed, dress), matchers, self.cache)

    def _ablation(self, table: TrainingTable, rows: Rows) -> Study:
        found, seen = [], set()
        there = np.asarray(~np.isnan(table.features).all(axis=0))
        for name, groups in tqdm(ABLATIONS.items(), desc="ablation", unit="fit"):
            columns = tuple(column for column in columns_of(groups) if there[FEATURES.index(column)])
            if columns and columns not in seen:  # without a joint encoder two circumstances are one
                seen.add(columns)
                chosen = [FEATURES.index(column) for column in columns]
                trees = fit_trees(table, self.seed, columns)
                found.append((name, measure(np.asarray(trees.predict(rows.features[:, chosen])), rows.kinds, 0.5)))
        return Study("features", tuple(found))

    def _learning(self, fitting: Part, measuring: Part, table: TrainingTable, matchers: Matchers) -> Study:
        photos, found = fitting.photos, []
        columns = columns_of(("text", "image", "cross"))
        chosen = [FEATURES.index(column) for column in columns]

        def measured(some: TrainingTable, with_matchers: Matchers) -> Quality:
            rows = self._lone(measuring, with_matchers, self.seed + 1, dress=False)
            trees = fit_trees(some, self.seed, columns)
            return measure(np.asarray(trees.predict(rows.features[:, chosen])), rows.kinds, 0.5)

        for count in tqdm(LABEL_COUNTS, desc="learning curve", unit="fit"):
            number = round(count * len(photos.captions) / len(photos.image_of))
            if FEWEST <= number < len(photos.captions):
                few = Part(photos.take(np.arange(number)), fitting.pages)
                known = fit_matchers(few.photos, self.cache, self.recipe)
                some = folded_table(few, known, self.cache, self.seed, self.recipe)
                found.append((str(len(few.photos.image_of)), measured(some, known)))
        return Study("captions fitted on", (*found, (str(len(photos.image_of)), measured(table, matchers))))


def _halves(part: Part) -> tuple[Part, Part]:
    """A part in two: no photo is in both; the pages, which say nothing of any photo, are."""
    order = np.arange(len(part.photos.captions))
    first, second = (Part(part.photos.take(half), part.pages) for half in np.array_split(order, 2))
    return first, second
