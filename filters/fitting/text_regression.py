"""The text model's regression, and how it does on sites that it was fitted without."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file
from sklearn.linear_model import LogisticRegression

from filters.fitting.text_samples import LabelledText
from filters.text_features import FEATURES, text_features
from filters.text_model import POSITIONS, text_tokenizer, tokenizer_file, vocabulary_digest, word_pieces
from filters.words import words

FOLDS: Final = 10
_PENALTY: Final = 0.05  # inverse strength of the L2 penalty on standardised features
# Share of a named feature's spread that each of an embedding's dimensions has: there are many more of them.
_EMBEDDING_GAIN: Final = 0.18
_QUANTA: Final = 127
_EMBEDDINGS: Final = "embeddings.word_embeddings.weight"


@dataclass(frozen=True, slots=True, eq=False)
class TextWeights:
    """What `save` writes: a weight a feature, and a weight a word piece and position, in log-odds."""

    features: NDArray[np.float64]
    pieces: NDArray[np.float64]
    bias: float

    def save(self, path: Path) -> None:
        """Writes the artefact that `filters.text_model.TextModel` reads; pieces in 8 bits."""
        scales = np.abs(self.pieces).max(1) / _QUANTA
        with path.open("wb") as file:  # given a name, numpy would add .npz to it
            np.savez_compressed(
                file,
                features=np.array(FEATURES),
                weights=self.features.astype(np.float32),
                bias=np.float32(self.bias),
                pieces=np.rint(self.pieces / scales[:, None]).astype(np.int8),
                scales=scales.astype(np.float32),
                vocabulary=np.array(vocabulary_digest(text_tokenizer())),
            )

    def probabilities(self, table: "Table") -> NDArray[np.float64]:
        """float64 [N] for a table of N texts."""
        logits = table.named @ self.features + self.bias
        for position, weights in zip(table.pieces, self.pieces, strict=True):
            logits += np.array([weights[ids].mean() for ids in position])
        return np.asarray(1 / (1 + np.exp(-logits)))


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """N texts as numbers: features [N, F], and for each position the word pieces of each text."""

    named: NDArray[np.float64]
    pieces: tuple[list[list[int]], ...]

    def rows(self, chosen: NDArray[np.intp]) -> "Table":
        """The table of some of the texts."""
        return Table(self.named[chosen], tuple([position[row] for row in chosen] for position in self.pieces))


def table(texts: Sequence[str], sources: Sequence[str]) -> Table:
    """The numbers of cleaned texts, each with at least one word."""
    named = [text_features(text, words(text), source) for text, source in zip(texts, sources, strict=True)]
    ids = [word_pieces(text) for text in texts]
    return Table(np.array(named), (ids, [found[:1] for found in ids], [found[-1:] for found in ids]))


def embeddings() -> NDArray[np.float64]:
    """MiniLM's word-piece embeddings, centred and of length 1 on average: float64 [pieces, 384]."""
    found = load_file(tokenizer_file().parent / "model.safetensors")[_EMBEDDINGS].astype(np.float64)
    found -= found.mean(0)
    return np.asarray(found / np.linalg.norm(found, axis=1).mean())


def fit(
    told: Table, keep: NDArray[np.bool_], weights: NDArray[np.float64], vectors: NDArray[np.float64]
) -> TextWeights:
    """Logistic regression on the features and on each position's mean embedding, folded into a weight a word piece."""
    mean, spread = told.named.mean(0), told.named.std(0) + 1e-6
    parts, shifts, gains = [(told.named - mean) / spread], [], []
    for position in told.pieces:
        found = np.array([vectors[ids].mean(0) for ids in position])
        shifts.append(found.mean(0))
        gains.append(_EMBEDDING_GAIN / found.std(0).mean())
        parts.append((found - shifts[-1]) * gains[-1])
    regression = LogisticRegression(C=_PENALTY, max_iter=3000)
    regression.fit(np.hstack(parts), keep, weights)
    direction = regression.coef_[0]
    features = direction[: len(FEATURES)] / spread
    split = direction[len(FEATURES) :].reshape(len(POSITIONS), -1)
    pieces = np.array([(vectors - shift) @ part * gain for part, shift, gain in zip(split, shifts, gains, strict=True)])
    return TextWeights(features, pieces, float(regression.intercept_[0] - mean @ features))


def left_out(told: Table, texts: Sequence[LabelledText], seed: int, folds: int = FOLDS) -> NDArray[np.float64]:
    """Each text's probability by a model that saw no text of the sites in its fold: float64 [N]."""
    vectors = embeddings()
    keep = np.array([text.keep for text in texts])
    weights = np.array([text.weight for text in texts])
    sites = sorted({text.site for text in texts})
    if len(sites) < folds:
        raise ValueError(f"need texts of at least {folds} sites, not {len(sites)}")
    order = np.random.default_rng(seed).permutation(len(sites))
    fold_of = dict(zip(sites, order % folds, strict=True))
    fold = np.array([fold_of[text.site] for text in texts])
    found = np.empty(len(texts))
    for number in range(folds):
        seen, unseen = np.flatnonzero(fold != number), np.flatnonzero(fold == number)
        model = fit(told.rows(seen), keep[seen], weights[seen], vectors)
        found[unseen] = model.probabilities(told.rows(unseen))
    return found
