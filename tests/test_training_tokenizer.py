from pathlib import Path

import pytest

from pipelines.schema import DataError
from training.tokenizer import WordPiece


def test_text_is_wrapped_in_cls_and_sep() -> None:
    tokenizer = WordPiece()
    expected = [tokenizer.token_id(token) for token in ("[CLS]", "a", "red", "dog", "[SEP]")]
    assert tokenizer.encode(["A red DOG"]) == [expected]


def test_long_text_is_cut_to_the_text_positions_and_still_ends_in_sep() -> None:
    tokenizer = WordPiece(text_positions=10)
    (ids,) = tokenizer.encode(["word " * 50])
    assert len(ids) == 10
    assert ids[-1] == tokenizer.token_id("[SEP]")


def test_special_tokens_written_in_a_text_are_plain_text() -> None:
    tokenizer = WordPiece()
    (ids,) = tokenizer.encode(["[MASK] [SEP]"])
    assert tokenizer.mask_id not in ids
    assert ids.count(tokenizer.token_id("[SEP]")) == 1


def test_random_words_are_never_special() -> None:
    tokenizer = WordPiece()
    assert len(tokenizer.word_ids) == tokenizer.vocab_size - 5
    assert tokenizer.mask_id not in tokenizer.word_ids


def test_a_saved_tokenizer_reads_back_the_same(tmp_path: Path) -> None:
    tokenizer = WordPiece()
    tokenizer.save(tmp_path)
    text = ["a tabby cat, asleep"]
    assert WordPiece(tmp_path).encode(text) == tokenizer.encode(text)


def test_signs_that_no_word_has_are_unknown_tokens() -> None:
    tokenizer = WordPiece()
    unknown = tokenizer.token_id("[UNK]")
    assert tokenizer.encode(["\U0001f701 \U0001f702"])[0][1:-1] == [unknown, unknown]


def test_a_full_disk_is_the_systems_error(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        WordPiece().save(tmp_path)


def test_a_folder_without_tokenizer_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"tokenizer\.json does not exist"):
        WordPiece(tmp_path)


def test_a_broken_tokenizer_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "tokenizer.json").write_text("{")
    with pytest.raises(DataError, match="is no tokenizer file"):
        WordPiece(tmp_path)
