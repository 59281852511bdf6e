"""Which samples a training step sees: a pure function of seed and step, whoever asks and in whichever order."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from pipelines.schema import DataError
from training.batch import Batch, Example, Masking, collate, masked_example
from training.corpus import Corpus
from training.region_store import RegionStore
from training.tokenizer import WordPiece

# They lead the seed, since NumPy takes (seed, epoch) and (seed, epoch, 0) for the same one.
_ORDER: Final = 1
_SAMPLE: Final = 2


class Negatives:
    """Draws a pair with another text than the given one's, uniformly; equal texts are no negatives of each other."""

    def __init__(self, groups_N: NDArray[np.int64]) -> None:
        self._groups_N = groups_N
        self._by_group = np.argsort(groups_N, kind="stable")
        sizes = np.bincount(groups_N)
        self._ends = np.cumsum(sizes)
        self._starts = self._ends - sizes

    @property
    def exist(self) -> bool:
        """Whether there are two different texts at all."""
        return len(self._starts) > 1

    def draw(self, pair: int, random: np.random.Generator) -> int:
        """A pair whose text differs from `pair`'s."""
        group = self._groups_N[pair]
        start, end = int(self._starts[group]), int(self._ends[group])
        place = int(random.integers(len(self._by_group) - (end - start)))
        return int(self._by_group[place if place < start else place + end - start])


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampler:
    """Endless epochs over a corpus, each a new order.

    A sample is mismatched with probability `masking.negative_share`; a fair coin says whether its image keeps its
    place and gets a random other text, or its text gets a random other image, so that over the epochs every image
    meets random texts and every text random images (section 4.2).

    Attributes:
        corpus: N pairs, each with regions.
        rows: [N], each pair's row in `store`.
        store: the regions.
        negatives: of the corpus.
        masking: shares.
        tokenizer: the one that the corpus was read with.
        max_regions: the surest regions kept of each image.
        seed: a number that is not negative.
    """

    corpus: Corpus
    rows: NDArray[np.int64]
    store: RegionStore
    negatives: Negatives
    masking: Masking
    tokenizer: WordPiece
    max_regions: int
    seed: int

    def batch(self, step: int, batch_size: int) -> Batch:
        """The batch of a step, counted from 0; epochs follow each other without a gap."""
        first = step * batch_size
        samples = (divmod(sample, len(self.corpus)) for sample in range(first, first + batch_size))
        return collate([self.example(epoch, place) for epoch, place in samples], self.tokenizer.pad_id)

    def example(self, epoch: int, place: int) -> Example:
        """The sample at a place of an epoch's order."""
        pair = int(_order(self.seed, epoch, len(self.corpus))[place])
        random = np.random.default_rng((_SAMPLE, self.seed, epoch, pair))
        text, image = pair, pair
        if self.negatives.exist and random.random() < self.masking.negative_share:
            other = self.negatives.draw(pair, random)
            text, image = (other, pair) if random.random() < 0.5 else (pair, other)
        return masked_example(
            key=self.corpus.digests_N[image].decode(),
            ids_T=self.corpus.text_ids(text),
            regions=self.store.regions(int(self.rows[image])).first(self.max_regions),
            matched=text == image,
            masking=self.masking,
            tokenizer=self.tokenizer,
            random=random,
        )


@lru_cache(maxsize=2)
def _order(seed: int, epoch: int, count: int) -> NDArray[np.int64]:
    return np.random.default_rng((_ORDER, seed, epoch)).permutation(count)


def pairs_with_regions(corpus: Corpus, store: RegionStore) -> tuple[Corpus, NDArray[np.int64]]:
    """The pairs whose image has regions, and their rows in `store`.

    Raises:
        DataError: no pair has any.
    """
    rows = store.rows(corpus.digests_N)
    kept = np.flatnonzero(rows >= 0)
    if not len(kept):
        raise DataError(f"none of the {len(corpus)} pairs has an image that can be decoded; build the corpus again")
    return (corpus if len(kept) == len(corpus) else corpus.select(kept)), rows[kept]
