"""The ImageNet class names as a bridge from image to text that needs no pairs: what the image shows, said in words.

The mean of the class names' sentence embeddings, weighted by the image's class probabilities, lies in the space of the
texts (ConSE, Norouzi et al., arXiv 1312.5650).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from scoring.dual_encoder import Floats, Moments, unit
from scoring.text_encoder import TextEncoder
from scoring.text_features import words_of

TOP_CLASSES: Final = 10  # ConSE's T


@dataclass(frozen=True, slots=True)
class ClassSpace:
    """The class names' place among the texts.

    Attributes:
        class_vectors: sentence embeddings of the class names, [1000, 384].
        said_mean: mean over the training photos of what they show, said in words, [384].
        said_covariance: its covariance, [384, 384].
    """

    class_vectors: Floats
    said_mean: Floats
    said_covariance: Floats

    @classmethod
    def fit(cls, class_names: Sequence[str], probabilities: Floats, encoder: TextEncoder) -> Self:
        """The space for `class_names`, its usual images those of `probabilities` [B, 1000]."""
        vectors = encoder.encode([f"a photo of a {name}" for name in class_names])
        moments = Moments.of(said_in_words(probabilities, vectors))
        return cls(vectors, moments.mean, moments.covariance)

    @property
    def usual_images(self) -> Moments:
        """What the training photos show, said in words."""
        return Moments(self.said_mean, self.said_covariance)

    def to_arrays(self) -> dict[str, NDArray[np.float16]]:
        """The arrays by name, in half precision, as the artefact stores them."""
        return {field.name: getattr(self, field.name).astype(np.float16) for field in fields(self)}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[np.float16]]) -> Self:
        """The inverse of `to_arrays`, up to half precision; other names are ignored."""
        return cls(**{field.name: arrays[field.name].astype(np.float32) for field in fields(cls)})


def said_in_words(probabilities: Floats, class_vectors: Floats) -> Floats:
    """Unit vectors [B, 384]: the likeliest classes' name embeddings, weighted by their probabilities [B, 1000]."""
    least = np.sort(probabilities, axis=1)[:, -TOP_CLASSES:][:, :1]
    kept: Floats = np.where(probabilities >= least, probabilities, np.float32(0))
    return unit(kept @ class_vectors)


def stem(word: str) -> str:
    """The word without a plural ending: enough to meet a class name.

    >>> [stem(word) for word in ("dogs", "buses", "glass", "cherries")]
    ['dog', 'bus', 'glass', 'cherry']
    """
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word


@dataclass(frozen=True, slots=True)
class ClassNouns:
    """Which classes a word names: the head nouns of the class names.

    Attributes:
        classes_of: class indices by stemmed head noun, so that "cat" names tabby cat, Egyptian cat and Persian cat.
    """

    classes_of: Mapping[str, tuple[int, ...]]

    @classmethod
    def of(cls, class_names: Sequence[str]) -> Self:
        """The nouns of `class_names`; synonyms are separated by commas.

        >>> ClassNouns.of(["tabby, tabby cat", "Egyptian cat"]).named_in("two cats asleep")
        [0, 1]
        """
        found: dict[str, list[int]] = {}
        for index, name in enumerate(class_names):
            for noun in {stem(words[-1]) for synonym in name.split(",") if (words := words_of(synonym))}:
                found.setdefault(noun, []).append(index)
        return cls({noun: tuple(indices) for noun, indices in found.items()})

    def named_in(self, text: str) -> list[int]:
        """The classes that the words of `text` name, ascending."""
        return sorted({index for word in words_of(text) for index in self.classes_of.get(stem(word), ())})
