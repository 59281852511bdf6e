"""What is known of images before any text is read: computed once an image, however many texts compete for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image as Picture

from filters.backbone import ImageEmbedding
from filters.image_statistics import STATISTIC_NAMES
from scoring.dual_encoder import Floats


class JointEncoder(Protocol):
    """An image and a text tower into one space, such as `scoring.clip.load_clip` gives."""

    @property
    def name(self) -> str:
        """Of the architecture."""
        ...

    @property
    def weights_hash(self) -> str:
        """Hex digest of the weights; trees fitted on one encoder's cosines are no good for another's."""
        ...

    def project_images(self, images: Sequence[Picture]) -> Floats:
        """Unit vectors [B, D] of RGB images."""
        ...

    def project_texts(self, texts: Sequence[str], sentences: Floats | None = None) -> Floats:
        """Unit vectors [T, D]; `sentences` are `scoring.text_encoder`'s embeddings of the same texts, if known."""
        ...


def identity(encoder: JointEncoder) -> str:
    """What an artefact remembers of the encoder it was fitted with."""
    return f"{encoder.name} {encoder.weights_hash}"


@dataclass(frozen=True, slots=True, eq=False)
class Pictures:
    """B images as the relevance model sees them; NaN or "" where something is not known.

    Attributes:
        embedding: the backbone's.
        sizes_B2: width and height in pixels, as served, [B, 2].
        statistics_BS: `filters.image_statistics.STATISTIC_NAMES`, [B, S].
        nsfw_B: the NSFW model's scores, [B].
        natural_B: the naturalness model's scores, [B].
        image_urls: where each image came from.
        page_urls: the page that each image stands on.
        joint_BD: the joint encoder's projections, [B, D]; None without a joint encoder.
    """

    embedding: ImageEmbedding
    sizes_B2: Floats  # noqa: N815 - shape suffix
    statistics_BS: Floats  # noqa: N815 - shape suffix
    nsfw_B: Floats  # noqa: N815 - shape suffix
    natural_B: Floats  # noqa: N815 - shape suffix
    image_urls: tuple[str, ...]
    page_urls: tuple[str, ...]
    joint_BD: Floats | None = None  # noqa: N815 - shape suffix

    def __post_init__(self) -> None:
        measures = [self.sizes_B2, self.statistics_BS, self.nsfw_B, self.natural_B]
        measures += [] if self.joint_BD is None else [self.joint_BD]
        lengths = {len(self), len(self.image_urls), len(self.page_urls), *(len(measure) for measure in measures)}
        if len(lengths) > 1:
            raise ValueError(f"every column must be of the same images, got lengths {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.embedding.features_BD)

    @classmethod
    def of(cls, embedding: ImageEmbedding, joint: Floats | None = None) -> Self:
        """Images of which only the embeddings are known."""
        count = len(embedding.features_BD)
        unknown = np.full(count, np.nan, np.float32)
        return cls(
            embedding,
            sizes_B2=np.full((count, 2), np.nan, np.float32),
            statistics_BS=np.full((count, len(STATISTIC_NAMES)), np.nan, np.float32),
            nsfw_B=unknown,
            natural_B=unknown,
            image_urls=("",) * count,
            page_urls=("",) * count,
            joint_BD=joint,
        )

    def with_addresses(self, image_urls: Sequence[str], page_urls: Sequence[str]) -> Self:
        """The same images with where they came from."""
        return replace(self, image_urls=tuple(image_urls), page_urls=tuple(page_urls))

    def take(self, rows: NDArray[np.int64] | Sequence[int]) -> Self:
        """Those images, in that order."""
        chosen = np.asarray(rows, np.int64)
        return type(self)(
            take_embedding(self.embedding, chosen),
            self.sizes_B2[chosen],
            self.statistics_BS[chosen],
            self.nsfw_B[chosen],
            self.natural_B[chosen],
            tuple(self.image_urls[row] for row in chosen),
            tuple(self.page_urls[row] for row in chosen),
            None if self.joint_BD is None else self.joint_BD[chosen],
        )


def take_embedding(embedding: ImageEmbedding, rows: NDArray[np.int64]) -> ImageEmbedding:
    """The embeddings of those images, in that order."""
    return ImageEmbedding(embedding.features_BD[rows], embedding.class_probabilities_BC[rows])


def joined(parts: Sequence[Pictures]) -> Pictures:
    """All images of all parts, in order; joint projections only where every part has them."""
    joints = [part.joint_BD for part in parts if part.joint_BD is not None]
    return Pictures(
        ImageEmbedding(
            np.concatenate([part.embedding.features_BD for part in parts]),
            np.concatenate([part.embedding.class_probabilities_BC for part in parts]),
        ),
        np.concatenate([part.sizes_B2 for part in parts]),
        np.concatenate([part.statistics_BS for part in parts]),
        np.concatenate([part.nsfw_B for part in parts]),
        np.concatenate([part.natural_B for part in parts]),
        tuple(url for part in parts for url in part.image_urls),
        tuple(url for part in parts for url in part.page_urls),
        np.concatenate(joints) if len(joints) == len(parts) else None,
    )
