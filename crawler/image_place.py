"""The features of an image that take a look around: its order on the page, its regions and links, its words and the page's."""

from typing import Final

from crawler import layout
from crawler.image_context import WORD, Context
from crawler.image_urls import IMAGE_FILE
from crawler.images import ImageOnPage
from crawler.landmarks import tag_ids
from crawler.paragraphs import upward

LINK: Final = tag_ids("a")["a"]
REGION_FEATURES: Final = (
    ("hero", layout.HERO),
    ("in_card", layout.CARD),
    ("navigation", layout.NAVIGATION),
    ("aside", layout.ASIDE),
    ("person", layout.PERSON),
)


def order_features(image: ImageOnPage, rank: int | None, context: Context) -> dict[str, float]:
    """Where an image stands relative to the headline, the main text, the other plausible images, and its likes.

    Args:
        image: the image.
        rank: how many plausible images precede it; None when it is not plausible itself.
        context: of its page.
    """
    features: dict[str, float] = {}
    position, heading = image.position, context.heading
    if rank is not None:
        features["early"] = 1 / (1 + rank)
        if rank == 0:
            features["first"] = 1.0
    if heading is not None and position > heading:
        features["after_heading"] = 1 / (1 + (position - heading) / 6)
    if context.text is not None:
        start, end = context.text
        features["near_start"] = 1 / (1 + abs(position - start) / 5)
        if position > end:
            features["after_text"] = min((position - end) / 20, 1)
        elif position <= start and (heading is None or position > heading - 8 or heading > start):
            features["lead"] = 1.0
    if context.alike[image.class_pair] == 1:
        features["alone"] = 1.0
    if context.date and context.date in image.folder:
        features["dated_like_page"] = 1.0
    return features


def place_features(image: ImageOnPage, context: Context) -> dict[str, float]:
    """What a look around an image tells."""
    regions = context.page.layout.regions(image.node)
    features = {name: 1.0 for name, region in REGION_FEATURES if regions & region}
    if regions & layout.LINKED:
        href = next((node.attributes.get("href") for node in upward(image.node) if node.tag_id == LINK), None)
        if kind := kind_of_link(href, context):
            features[kind] = 1.0
    if alt := image.attributes.get("alt") or image.attributes.get("title"):
        common = len(context.telling_words.intersection(WORD.findall(alt.lower())))
        if common:
            features["title_in_alt"] = min(1.0, common / context.headline_length)
    return features


def kind_of_link(href: str | None, context: Context) -> str:
    """The feature that says where a click on an image leads: home, to the page itself or elsewhere; "" if to an image."""
    href = (href or "").strip()
    if not href or href.startswith(("#", "javascript:")) or IMAGE_FILE.search(href):
        return ""
    if href in ("/", "./"):
        return "links_home"
    url = (context.page.absolute(href) or "").partition("?")[0]
    return "links_to_itself" if url.partition("://")[2].lower().rstrip("/") == context.address else "links_elsewhere"
