"""The weak image-text semantic model: the calibrated probability that a text describes its image (section 3, step 4)."""

import zlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, Self
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image as Picture

from crawler.items import Text
from filters.backbone import CLASS_NAMES
from scoring.cross_features import Matchers
from scoring.dual_encoder import Floats
from scoring.features import PairBatch, pair_features
from scoring.pictures import JointEncoder, Pictures, identity
from scoring.text_encoder import TextEncoder
from scoring.trees import TREES_FILE, Trees

MODELS: Final = Path(__file__).parent / "models"
ARRAYS_FILE: Final = "relevance.npz"


@dataclass(frozen=True, slots=True)
class Calibration:
    """Platt's scaling of the trees' raw score to a probability: 1 / (1 + exp(-(slope * score + intercept))).

    Attributes:
        slope: positive, so that the order of scores is kept.
        intercept: in units of log odds.
    """

    slope: float
    intercept: float

    def __post_init__(self) -> None:
        if not self.slope > 0:
            raise ValueError(f"the slope must be positive, or better scores mean less, got {self.slope}")

    def probabilities(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Probabilities in (0, 1) for raw scores in log odds."""
        return np.asarray(1 / (1 + np.exp(-(self.slope * raw + self.intercept))))


@dataclass(frozen=True, slots=True)
class RelevanceParts:
    """The trained parts of the model, as one artefact of a few files.

    Attributes:
        matchers: dual encoder and class space.
        trees: over `FEATURES`.
        calibration: of its raw score.
    """

    matchers: Matchers
    trees: Trees
    calibration: Calibration

    def probabilities(self, features: Floats) -> NDArray[np.float64]:
        """The calibrated probabilities for rows of `FEATURES` [T, F]."""
        return self.calibration.probabilities(self.trees.raw(features))

    def save(self, folder: Path) -> None:
        """Write `relevance.npz` (half precision) and the trees' text files into an existing folder."""
        arrays: dict[str, Any] = self.matchers.to_arrays()
        arrays["calibration"] = np.array([self.calibration.slope, self.calibration.intercept])
        if self.trees.cautious is not None:
            arrays["trust"] = np.array(self.trees.trust)
        np.savez_compressed(folder / ARRAYS_FILE, **arrays)
        self.trees.save(folder)

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The inverse of `save`.

        Raises:
            ValueError: a file is missing or damaged, or the trees were fitted on other features than this version's.
        """
        advice = f"give another folder or make it: python -m scoring.fit --pairs PAIRS --out {folder}"
        for path in (folder / ARRAYS_FILE, folder / TREES_FILE):
            if not path.is_file():
                raise ValueError(f"{path} is missing; {advice}")
        try:
            with (folder / ARRAYS_FILE).open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                matchers = Matchers.from_arrays(arrays, CLASS_NAMES)
                calibration = Calibration(*arrays["calibration"].tolist())
                trust = tuple(arrays["trust"].tolist()) if "trust" in arrays else None
        # whatever another or a damaged file makes of numpy's reader; an .npy file opens as an array without names
        except (OSError, ValueError, TypeError, IndexError, KeyError, EOFError, BadZipFile, zlib.error) as error:
            raise ValueError(f"{folder / ARRAYS_FILE} is no relevance model, or damaged; {advice}") from error
        return cls(matchers, Trees.load(folder, trust, advice), calibration)


class RelevanceModel:
    """Scores the rival texts of images.

    Attributes:
        parts: the trained artefact.
        joint: the joint encoder, None without one.
        failures: how many texts went without the features of a block, because its function failed, by block.

    Args:
        folder: where `python -m scoring.fit` wrote the artefact; None is the packaged one.
        joint: the joint encoder that the artefact was fitted with; None loads it by the name that the artefact has.

    Raises:
        ValueError: the artefact is missing, damaged, or one for other features or another joint encoder.
    """

    def __init__(self, folder: Path | None = None, joint: JointEncoder | None = None) -> None:
        self.parts = RelevanceParts.load(folder or MODELS)
        self.joint = joint or self.parts.matchers.load_joint()
        if self.joint is not None and identity(self.joint) != self.parts.matchers.joint:
            raise ValueError(
                f"{folder or MODELS} was fitted with the joint encoder {self.parts.matchers.joint or 'none'}, not with "
                f"{identity(self.joint)}; fit a relevance model with that: python -m scoring.fit --clip {self.joint.name}"
            )
        self.failures: Counter[str] = Counter()
        self._encoder = TextEncoder()

    def with_joint(self, pictures: Pictures, images: Sequence[Picture]) -> Pictures:
        """The pictures with the joint encoder's projections of the same images; without one, as they are."""
        return pictures if self.joint is None else replace(pictures, joint_BD=self.joint.project_images(images))

    def batch(self, pictures: Pictures, texts: Sequence[Sequence[Text]]) -> PairBatch:
        """The pairs with what the text models say of them, image by image."""
        flat = tuple(text for rivals in texts for text in rivals)
        said = [text.text for text in flat]
        image_of = np.repeat(np.arange(len(texts)), [len(rivals) for rivals in texts])
        sentences = self._encoder.encode(said)
        joint_texts = None if self.joint is None else self.joint.project_texts(said, sentences)
        return PairBatch(pictures, flat, sentences, image_of, joint_texts)

    def features_of(self, batch: PairBatch) -> Floats:
        """One row of `FEATURES` a text, [T, F]; what fails is counted."""
        return pair_features(batch, self.parts.matchers, self.failures)

    def scores(self, pictures: Pictures, texts: Sequence[Sequence[Text]]) -> list[list[float]]:
        """The calibrated probability, per image and text, that the text describes the image.

        Calibrated for pages on which texts are right as often as `scoring.fitting.training_pairs` says, by source. The
        texts of one image are compared with each other, so a score depends on its rivals, not on other images.

        Args:
            pictures: B images.
            texts: for each of the B images its cleaned rival texts, possibly none.

        Raises:
            ValueError: there are not as many lists of texts as images.
        """
        if len(texts) != len(pictures):
            raise ValueError(f"{len(pictures)} images but {len(texts)} lists of texts")
        if not any(texts):
            return [[] for _ in texts]
        probabilities = iter(self.parts.probabilities(self.features_of(self.batch(pictures, texts))).tolist())
        return [[next(probabilities) for _ in rivals] for rivals in texts]


@dataclass(frozen=True, slots=True)
class RelevanceFilter:
    """Drops texts that hardly describe their image.

    Attributes:
        threshold: least probability kept, in [0, 1]. The default is below what `scoring.fit` chose on held-back photos
            (`scoring/models/relevance.md`): right texts of subjects that those photos do not cover score lower. Higher is
            purer and loses more right texts.
    """

    threshold: float = 0.5

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold must be in [0, 1], got {self.threshold}")

    def reason_to_drop(self, score: float) -> str | None:
        """`irrelevant` below the threshold and for NaN, else None."""
        return None if score >= self.threshold else "irrelevant"  # so written, NaN goes too
