"""The features of an image that come from its place: region, links, and order on the page."""

from typing import Final

from crawler import layout
from crawler.image_context import Context, shape_of, truths
from crawler.image_urls import IMAGE_FILE
from crawler.images import ImageOnPage, key_of
from crawler.paragraphs import upward

IMAGE_PROPERTIES: Final = frozenset(("image", "contentUrl", "url"))  # of https://schema.org
REGION_FEATURES: Final = (
    ("figure", layout.FIGURE),
    ("hero", layout.HERO),
    ("content", layout.CONTENT),
    ("navigation", layout.NAVIGATION),
    ("header", layout.HEADER),
    ("footer", layout.FOOTER),
    ("aside", layout.ASIDE),
    ("person", layout.PERSON),
    ("hidden", layout.HIDDEN),
    ("listed", layout.LISTED),
)


def place_features(image: ImageOnPage, regions: int, context: Context) -> dict[str, float]:
    """Which regions of the page the image is in, and whether it repeats."""
    features = {name: 1.0 for name, region in REGION_FEATURES if regions & region}
    if "figure" in features and has_caption(image):
        features["caption"] = 1.0
    repeats = context.shapes[shape_of(image)]
    if repeats > 2:
        features["repeated"] = min(repeats - 2, 4) / 4
    parent = image.node.parent
    if image.attributes.get("itemprop") in IMAGE_PROPERTIES or (
        parent is not None and parent.attributes.get("itemprop") == "image"
    ):
        features["itemprop"] = 1.0
    return features


def has_caption(image: ImageOnPage) -> bool:
    """Whether the figure around the image has a caption with words in it."""
    for node in upward(image.node):
        if node.tag == "figure":
            caption = node.css_first("figcaption")
            return caption is not None and bool(caption.text().strip())
    return False


def link_features(image: ImageOnPage) -> dict[str, float]:
    """Where a click on the image leads."""
    for node in upward(image.node):
        if node.tag == "a":
            href = (node.attributes.get("href") or "").strip()
            if not href or href.startswith(("#", "javascript:")):
                return {}
            leads_to_image = IMAGE_FILE.search(href)
            return truths(
                links_to_image=leads_to_image, links_to_page=not leads_to_image, links_home=href in ("/", "./")
            )
    return {}


def order_features(image: ImageOnPage, context: Context) -> dict[str, float]:
    """Where the image stands relative to the headline, the main text and the other images."""
    position, attributes = image.position, image.attributes
    blocks, heading = context.page.layout.main_blocks, context.page.layout.heading
    features = truths(
        preloaded=context.preloaded and key_of(image, context.page) in context.preloaded,
        eager=attributes.get("fetchpriority") == "high" or attributes.get("loading") == "eager",
    )
    rank = context.ranks.get(position)
    if rank is not None:
        features["early"] = 1 / (1 + rank)
        if rank == 0:
            features["first"] = 1.0
    if heading is not None and position < heading:
        features["above_heading"] = min((heading - position) / 20, 1)
    if blocks:
        features |= main_text_features(position, blocks[0].position, blocks[-1].position, heading)
    return features


def main_text_features(position: int, start: int, end: int, heading: int | None) -> dict[str, float]:
    """Where a position lies relative to the main text, which reaches from `start` to `end`."""
    features = {"near_start": 1 / (1 + abs(position - start) / 5)}
    if position > end:
        features["after_text"] = min((position - end) / 20, 1)
    elif position > start:
        features["amid_text"] = 1.0
    elif heading is None or position > heading - 8 or heading > start:
        features["lead"] = 1.0
    return features
