"""The corpus as training reads it: token ids of every text in memory, images streamed shard by shard."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from pipelines.schema import PAIR_SCHEMA, DataError, open_shard, shard_paths
from training.tokenizer import WordPiece


@dataclass(frozen=True, slots=True)
class Corpus:
    """N image-text pairs, in file order.

    Attributes:
        digests_N: SHA-256 of each image, 64 hex digits as bytes.
        ids: the token ids of all texts, one after the other.
        starts: [N + 1]; text `i` is `ids[starts[i] : starts[i + 1]]`.
    """

    digests_N: NDArray[np.bytes_]
    ids: NDArray[np.int32]
    starts: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.digests_N)

    def text_ids(self, pair: int) -> NDArray[np.int32]:
        """The ids of a pair's text, [CLS] and [SEP] included; a view."""
        return self.ids[self.starts[pair] : self.starts[pair + 1]]

    def text_groups(self) -> NDArray[np.int64]:
        """[N]: equal numbers for pairs whose texts have the same tokens."""
        seen: dict[bytes, int] = {}
        groups = (seen.setdefault(self.text_ids(pair).tobytes(), len(seen)) for pair in range(len(self)))
        return np.fromiter(groups, np.int64, len(self))

    def fingerprint(self) -> str:
        """16 hex digits that change when a pair, a text or their order does."""
        parts = (self.digests_N, self.ids, self.starts)
        return hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest()[:16]

    def select(self, pairs: NDArray[np.int64]) -> "Corpus":
        """The corpus of these pairs only, in the order given."""
        texts = [self.text_ids(int(pair)) for pair in pairs]
        return _corpus(self.digests_N[pairs], texts)


def read_corpus(source: Path, tokenizer: WordPiece) -> Corpus:
    """All pairs of `source`, a Parquet file of `PAIR_SCHEMA` or a folder of them, their texts as token ids.

    Raises:
        DataError: the path is missing, a shard is damaged or of another schema, or there is no pair at all.
    """
    digests: list[bytes] = []
    texts: list[NDArray[np.int32]] = []
    for path in pair_shards(source):
        for batch in _row_batches(path, ["image_sha256", "text"]):
            digests.extend(digest.encode() for digest in batch["image_sha256"].to_pylist())
            texts.extend(np.array(ids, np.int32) for ids in tokenizer.encode(batch["text"].to_pylist()))
    if not digests:
        raise DataError(
            f"{source} holds 0 pairs; nothing to train on: look at the rejects' reasons in its build folder"
        )
    return _corpus(np.array(digests, "S64"), texts)


def pair_shards(source: Path) -> list[Path]:
    """The corpus's shards, sorted; DataError if there is none or one is no whole file of `PAIR_SCHEMA`."""
    return shard_paths(source, PAIR_SCHEMA)


def shard_digests(path: Path) -> list[str]:
    """The digests of a shard's images, in order."""
    return [digest for batch in _row_batches(path, ["image_sha256"]) for digest in batch["image_sha256"].to_pylist()]


def shard_images(path: Path, batch_size: int) -> Iterator[list[bytes]]:
    """The image files of a shard, in order, `batch_size` at a time (the last of a row group may be fewer)."""
    for batch in _row_batches(path, ["image"], batch_size):
        yield [image["bytes"] or b"" for image in batch["image"].to_pylist()]


def _corpus(digests_N: NDArray[np.bytes_], texts: list[NDArray[np.int32]]) -> Corpus:
    starts = np.cumsum([0, *(len(text) for text in texts)], dtype=np.int64)
    return Corpus(digests_N, np.concatenate(texts), starts)


def _row_batches(path: Path, columns: list[str], batch_size: int = 4096) -> Iterator[pa.RecordBatch]:
    shard = open_shard(path, PAIR_SCHEMA)
    try:
        yield from shard.iter_batches(batch_size, columns=columns)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path} is damaged ({error}); delete it or build it again") from error
    finally:
        shard.close()
