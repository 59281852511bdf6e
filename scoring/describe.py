"""Everything the models say of images before a text is read, computed once an image and shared by all who ask."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL.Image import Image as Picture

from filters.backbone import Backbone
from filters.image_statistics import STATISTIC_NAMES
from filters.natural import NaturalModel, natural_features
from filters.nsfw import NsfwModel, NsfwScorer
from scoring.pictures import Pictures


class Describer:
    """The backbone, the NSFW and the naturalness model.

    Attributes:
        backbone: one network for the embedding and the classes.

    Args:
        nsfw: another NSFW model; None for the packaged one.
        natural_model: file of another naturalness model; None for the packaged one.

    Raises:
        ValueError: the naturalness model is missing or damaged.
    """

    def __init__(self, nsfw: NsfwScorer | None = None, natural_model: Path | None = None) -> None:
        self.backbone = Backbone()
        self._natural = NaturalModel(natural_model)
        self._nsfw: NsfwScorer = nsfw or NsfwModel()

    def pictures(
        self,
        images: Sequence[Picture],
        sizes: Sequence[tuple[int, int]] | None = None,
        image_urls: Sequence[str] | None = None,
        page_urls: Sequence[str] | None = None,
    ) -> Pictures:
        """What there is to know of B decoded RGB images.

        Args:
            images: as `filters.image.decode` gives them.
            sizes: their width and height as served, in pixels; None where nobody knows.
            image_urls: where they came from; None where nobody knows.
            page_urls: the pages they stand on; None where nobody knows.
        """
        embedding = self.backbone.embed(images)
        features = natural_features(images, embedding)  # its statistics are features of the relevance model too
        unknown = Pictures.of(embedding)
        return replace(
            unknown,
            statistics_BS=features[:, -len(STATISTIC_NAMES) :],
            natural_B=self._natural.score_features(features),
            nsfw_B=self._nsfw.scores(images),
            sizes_B2=unknown.sizes_B2 if sizes is None else np.array(sizes, np.float32).reshape(-1, 2),
            image_urls=unknown.image_urls if image_urls is None else tuple(image_urls),
            page_urls=unknown.page_urls if page_urls is None else tuple(page_urls),
        )
