"""The fixed door for measurement from outside: what the product answers, as plain functions of bytes and text.

These signatures stay for good. Each function is what the pipeline itself calls, with its default settings.
"""

from functools import cache

from PIL.Image import Image as Picture

from crawler import language, page
from crawler import main_image as dominant
from crawler.items import Text
from filters import text as cleaning
from filters.backbone import Backbone
from filters.image import decode
from filters.natural import NaturalModel
from filters.nsfw import NsfwModel
from scoring.describe import Describer
from scoring.relevance import RelevanceModel

backbone = cache(Backbone)
nsfw_model = cache(NsfwModel)
natural_model = cache(NaturalModel)
describer = cache(Describer)
relevance_model = cache(RelevanceModel)


def main_image(html: str, url: str) -> list[str]:
    """The page's images as absolute URLs, most likely main image first; [] when it has none."""
    return [image.url for image in dominant.main_images(page.parse_page(html, url))]


def is_english(html: bytes, url: str) -> bool:
    """Whether the page's main text is English."""
    return language.is_english(page.parse_page(html, url))


def clean_text(text: str, source: str) -> str | None:
    """The cleaned text, or None to drop it; `source` is one of `crawler.items.TEXT_SOURCES`."""
    return cleaning.clean_text(text, source)


def nsfw(image: bytes) -> float:
    """The NSFW score in [0, 1]; higher is worse. Raises ValueError with the reason for a file that is no image."""
    return float(nsfw_model().scores([picture(image)])[0])


def naturalness(image: bytes) -> float:
    """The naturalness score in [0, 1]; higher is more photo-like. Raises ValueError for a file that is no image."""
    shown = picture(image)
    return float(natural_model().scores([shown], backbone().embed([shown]))[0])


def relevance_batch(images: list[bytes], texts: list[str]) -> list[float]:
    """For each image its calibrated probability of being described by the text beside it.

    Raises ValueError for a file that is no image.
    """
    if len(images) != len(texts):
        raise ValueError(f"{len(images)} images, but {len(texts)} texts")
    if not images:
        return []
    model, shown = relevance_model(), [picture(image) for image in images]
    pictures = model.with_joint(describer().pictures(shown, [image.size for image in shown]), shown)
    return [score for [score] in model.scores(pictures, [[Text("alt", text)] for text in texts])]


def picture(image: bytes) -> Picture:
    """The decoded image; raises ValueError with the reason for a file that is none."""
    decoded = decode(image)
    if isinstance(decoded, str):
        raise ValueError(f"not a usable image: {decoded}")  # noqa: TRY004 the value is bytes as it should be
    return decoded
