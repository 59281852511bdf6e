import numpy as np
import pytest
from PIL import Image

from filters.fitting.drawn_graphics import KINDS, draw

PHOTO = Image.fromarray(np.random.default_rng(0).integers(0, 256, (60, 80, 3), dtype=np.uint8))


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_rgb_and_follow_the_seed(kind: str) -> None:
    pictures = draw(kind, 2, [PHOTO], seed=3)

    assert [picture.mode for picture in pictures] == ["RGB", "RGB"]
    assert [picture.tobytes() for picture in pictures] == [picture.tobytes() for picture in draw(kind, 2, [PHOTO], 3)]
    assert pictures[0].tobytes() != draw(kind, 1, [PHOTO], seed=4)[0].tobytes()


def test_memes_keep_the_photo_in_the_middle() -> None:
    red = Image.new("RGB", (400, 400), "red")

    for meme in draw("memes", 3, [red], seed=0):
        assert meme.getpixel((meme.width // 2, meme.height // 2)) == (255, 0, 0)
        assert len(set(meme.crop((0, 0, meme.width, meme.height // 4)).tobytes())) > 2


def test_blanks_are_nearly_one_grey_level() -> None:
    for blank in draw("blanks", 5, [PHOTO], seed=0):
        grey = np.asarray(blank.convert("L"))
        assert np.mean(np.abs(grey.astype(int) - np.median(grey)) <= 12) > 0.9
