"""Addresses as the web has them, for training: image files named after what they show, after their page, or not at all."""

from collections.abc import Sequence
from random import Random
from typing import Final

from scoring.page_features import content_words

NAMED_AFTER_IMAGE: Final = 0.25  # share of image files named after what they show
NAMED_AFTER_PAGE: Final = 0.35  # share named after the page's title
ADDRESSED: Final = 0.7  # share of pages whose address has its title's words


def web_addresses(captions: Sequence[str], titles: Sequence[str], seed: int) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The addresses of images and of their pages.

    Args:
        captions: a true description of each image.
        titles: a text of each page, right or wrong; the address does not know.
        seed: of all draws.
    """
    random = Random(seed)
    images, pages = [], []
    for caption, title in zip(captions, titles, strict=True):
        kind = random.random()
        named = caption if kind < NAMED_AFTER_IMAGE else title
        name = _slug(named, 4, random) if kind < NAMED_AFTER_IMAGE + NAMED_AFTER_PAGE else _camera_name(random)
        images.append(f"https://images.example/{name}.jpg")
        pages.append(
            f"https://example.org/{_slug(title, 8, random) if random.random() < ADDRESSED else random.randrange(10**6)}"
        )
    return tuple(images), tuple(pages)


def _slug(text: str, most: int, random: Random) -> str:
    words = sorted(content_words(text))
    chosen = random.sample(words, min(len(words), random.randint(2, most)))
    return "-".join(chosen) or _camera_name(random)


def _camera_name(random: Random) -> str:
    return f"{random.choice(('IMG', 'DSC', 'P'))}_{random.randrange(10_000):04}"
