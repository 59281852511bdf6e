from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crawler.items import CANDIDATE_SCHEMA
from pipelines.schema import PAIR_SCHEMA, DataError
from tests.training_world import drawn_shape, pair, write_corpus
from training.corpus import read_corpus, shard_images
from training.tokenizer import WordPiece

TOKENIZER = WordPiece()
PAIRS = [
    (drawn_shape("red", "circle", "blue"), "a red circle"),
    (drawn_shape("green", "square", "white"), "a green square on white"),
    (drawn_shape("blue", "circle", "red"), "a blue circle"),
]


def test_texts_and_digests_come_in_file_order(tmp_path: Path) -> None:
    corpus = read_corpus(write_corpus(tmp_path / "lait.parquet", PAIRS, per_shard=2), TOKENIZER)
    assert [TOKENIZER.decode(corpus.text_ids(index).tolist()) for index in range(3)] == [text for _, text in PAIRS]
    assert [digest.decode() for digest in corpus.digests_N] == [pair(*each).image_sha256 for each in PAIRS]


def test_a_single_file_is_a_corpus_too(tmp_path: Path) -> None:
    folder = write_corpus(tmp_path / "lait.parquet", PAIRS)
    assert len(read_corpus(folder / "part-00000.parquet", TOKENIZER)) == 3


def test_images_come_back_byte_for_byte(tmp_path: Path) -> None:
    folder = write_corpus(tmp_path / "lait.parquet", PAIRS)
    batches = list(shard_images(folder / "part-00000.parquet", 2))
    assert batches == [[PAIRS[0][0], PAIRS[1][0]], [PAIRS[2][0]]]


def test_fingerprint_changes_with_a_text(tmp_path: Path) -> None:
    first = read_corpus(write_corpus(tmp_path / "a", PAIRS), TOKENIZER)
    again = read_corpus(write_corpus(tmp_path / "b", PAIRS), TOKENIZER)
    other = read_corpus(write_corpus(tmp_path / "c", [*PAIRS[:2], (PAIRS[2][0], "a blue disc")]), TOKENIZER)
    assert first.fingerprint() == again.fingerprint()
    assert first.fingerprint() != other.fingerprint()


def test_zero_pairs_are_refused_with_the_next_step(tmp_path: Path) -> None:
    pq.write_table(PAIR_SCHEMA.empty_table(), tmp_path / "part.parquet")
    with pytest.raises(DataError, match=r"holds 0 pairs; nothing to train on: look at the rejects' reasons"):
        read_corpus(tmp_path, TOKENIZER)


def test_a_missing_path_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"lait\.parquet does not exist"):
        read_corpus(tmp_path / "lait.parquet", TOKENIZER)


def test_another_schema_is_refused(tmp_path: Path) -> None:
    pq.write_table(CANDIDATE_SCHEMA.empty_table(), tmp_path / "part.parquet")
    with pytest.raises(DataError, match="holds no pair rows"):
        read_corpus(tmp_path, TOKENIZER)


def test_a_truncated_shard_is_refused(tmp_path: Path) -> None:
    shard = write_corpus(tmp_path / "lait.parquet", PAIRS) / "part-00000.parquet"
    shard.write_bytes(shard.read_bytes()[:-200])
    with pytest.raises(DataError, match="not a whole Parquet file"):
        read_corpus(shard.parent, TOKENIZER)


def test_a_shard_damaged_inside_is_refused(tmp_path: Path) -> None:
    rows = [pair(*each).to_row() for each in PAIRS]
    path = tmp_path / "part.parquet"
    pq.write_table(pa.Table.from_pylist(rows, PAIR_SCHEMA), path, compression="gzip", write_page_checksum=True)
    data = bytearray(path.read_bytes())
    start = pq.ParquetFile(path).metadata.row_group(0).column(0).data_page_offset
    data[start : start + 60] = b"\xff" * 60
    path.write_bytes(bytes(data))
    with pytest.raises(DataError, match="is damaged"):
        read_corpus(tmp_path, TOKENIZER)
