"""The features of an image that take a look around: its order, regions, likes and links, its words and the page's."""

import math
from itertools import islice
from typing import Final

from selectolax.lexbor import LexborNode

from crawler import layout
from crawler.image_context import WORD, Context, class_pair
from crawler.image_urls import IMAGE_FILE, stated_width
from crawler.images import ImageOnPage
from crawler.paragraphs import upward

IMAGE_PROPERTIES: Final = frozenset(("image", "contentUrl", "url"))  # of https://schema.org
USUAL_WIDTH: Final = 600  # px: about the width of a column of text
TINY_WIDTH: Final = 120  # px
NEAR: Final = 4  # elements: the image and the next three around it
REGION_FEATURES: Final = (
    ("hero", layout.HERO),
    ("in_card", layout.CARD),
    ("content", layout.CONTENT),
    ("navigation", layout.NAVIGATION),
    ("footer", layout.FOOTER),
    ("aside", layout.ASIDE),
    ("person", layout.PERSON),
    ("hidden", layout.HIDDEN),
    ("listed", layout.LISTED),
    ("button", layout.BUTTON),
)


def order_features(image: ImageOnPage, rank: int | None, context: Context) -> dict[str, float]:
    """Where an image stands relative to the headline, the main text and the other plausible images.

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
    if context.alike[class_pair(image)] == 1:
        features["alone"] = 1.0
    if context.date and context.date in image.address:
        features["dated_like_page"] = 1.0
    return features


def place_features(image: ImageOnPage, context: Context) -> dict[str, float]:
    """What a look around an image tells: its regions, its likes, its links, its words and the page's, its stated size."""
    page_layout = context.page.layout
    regions = page_layout.regions(image.node)
    features = {name: 1.0 for name, region in REGION_FEATURES if regions & region}
    around = list(upward(image.node))
    keys = [node.mem_id for node in around]
    if page_layout.regions_near(keys[:NEAR]) & layout.PERSON:
        features["near_person"] = 1.0
    if regions & layout.FIGURE and not page_layout.captioned.isdisjoint(keys):
        features["caption"] = 1.0
    if regions & layout.LINKED:
        features.update(link_features(around, context))
    features.update(distance_features(keys, context))
    features.update(word_features(image, context))
    features.update(stated_features(image))
    return features


def distance_features(keys: list[int], context: Context) -> dict[str, float]:
    """How far up the tree an image (with these elements around it) meets the main text, and the article."""
    features: dict[str, float] = {}
    if (up := next((height for key in keys if (height := context.above_text.get(key)) is not None), None)) is not None:
        features["far_from_text"] = min(up, 10) / 10
    if (up := next((height for key in keys if (height := context.above_article.get(key)) is not None), None)) is not None:
        features["outside_article"] = min(up, 8) / 8
    return features


def word_features(image: ImageOnPage, context: Context) -> dict[str, float]:
    """How many words of the page's title, headline and address its alternative text and file name have."""
    features: dict[str, float] = {}
    alt = image.attributes.get("alt") or image.attributes.get("title") or ""
    spoken = frozenset(WORD.findall(alt.lower()))
    core = context.core_words
    if spoken:
        if common := len(spoken & context.telling_words):
            features["title_in_alt"] = min(1.0, common / max(3, len(core)))
            if core and len(spoken & core) >= 0.7 * len(core):
                features["alt_is_title"] = 1.0
    file_name = image.address.partition("?")[0].rpartition("/")[2].replace("_", " ")
    if common := len(context.title_words.intersection(spoken.union(WORD.findall(file_name.lower())))):
        features["title_words"] = min(common, 3) / 3
    return features


def stated_features(image: ImageOnPage) -> dict[str, float]:
    """What srcset and address say about the image's width."""
    stated = stated_width(image.address, image.srcsets())
    if not stated:
        return {}
    features = {"stated_width": max(-1.0, min(1.0, math.log2(stated / USUAL_WIDTH) / 2))}
    if stated >= USUAL_WIDTH:
        features["large_source"] = 1.0
    elif stated < TINY_WIDTH:
        features["tiny_source"] = 1.0
    return features


def link_features(around: list[LexborNode], context: Context) -> dict[str, float]:
    """Where a click on an image with these elements around it leads."""
    link = next((node for node in islice(around, 12) if node.tag == "a"), None)
    href = (link.attributes.get("href") or "").strip() if link is not None else ""
    if not href or href.startswith(("#", "javascript:")) or IMAGE_FILE.search(href):
        return {}
    if href in ("/", "./"):
        return {"links_home": 1.0}
    url = context.page.absolute(href) or ""
    path = "/" + url.partition("?")[0].partition("://")[2].partition("/")[2].lower().rstrip("/")
    return {"links_to_itself": 1.0} if path == context.path else {"links_elsewhere": 1.0}
