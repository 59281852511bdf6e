import random

import numpy as np
import pdqhash
import pytest
from PIL import Image

from filters.pdq import PdqIndex, as_words, pdq_hashes


def differing(digits: bytes, bits: int, generator: random.Random) -> bytes:
    """The hash with that many bits turned over."""
    value = int.from_bytes(digits)
    for bit in generator.sample(range(256), bits):
        value ^= 1 << bit
    return value.to_bytes(32)


@pytest.mark.parametrize("distance", [0, 15, 16, 31, 40])
def test_the_index_finds_what_is_within_the_distance_and_nothing_else(distance: int) -> None:
    generator = random.Random(0)
    hashes = [generator.randbytes(32) for _ in range(300)]
    index = PdqIndex(b"".join(hashes), distance)
    for digits in hashes[:40]:
        assert index.holds_near(as_words(differing(digits, distance, generator)))
        assert not index.holds_near(as_words(differing(digits, distance + 1, generator)))
        assert not index.holds_near(as_words(generator.randbytes(32)))


def test_any_of_several_hashes_may_be_the_near_one() -> None:
    generator = random.Random(1)
    hashes = [generator.randbytes(32) for _ in range(50)]
    index = PdqIndex(b"".join(hashes), 31)
    strangers = [generator.randbytes(32) for _ in range(7)]
    assert not index.holds_near(as_words(b"".join(strangers)))
    assert index.holds_near(as_words(b"".join([*strangers, hashes[33]])))
    assert not PdqIndex(b"", 31).holds_near(as_words(hashes[0]))


def test_hashes_are_those_of_the_reference_on_the_picture_at_full_size() -> None:
    for seed in range(5):
        blobs = np.random.default_rng(seed).integers(0, 256, (15, 20, 3), dtype=np.uint8)
        full = Image.fromarray(blobs).resize((1024, 768), Image.Resampling.BICUBIC)
        bits, quality = pdqhash.compute(np.asarray(full))
        hashes, found = pdq_hashes(full.resize((341, 256), Image.Resampling.BICUBIC))
        mine = np.unpackbits(hashes[0].astype(">u2").view(np.uint8))
        assert int((mine != bits).sum()) <= 12
        assert (quality, found) == (100, 100)
