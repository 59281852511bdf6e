"""The named features of an image on its page, each between -1 and 1 and 0 when the page does not say."""

import math
import re
from typing import Final

from crawler import layout
from crawler.image_context import LETTERS, SMALL_SIDE, WORD, Context, has_junk_word, is_small, truths
from crawler.image_key import without_host
from crawler.image_place import link_features, order_features, place_features
from crawler.image_urls import IMAGE_FILE, stated_width
from crawler.images import ImageOnPage
from crawler.vocabulary import BEACON_HOSTS, HERO_WORDS, JUNK_FOLDERS, JUNK_WORDS, LOGO_WORDS, UPLOAD_WORDS

JUNK_SHARE: Final = 0.3  # of a file name's words: `facebook-icon.png` is junk, `facebook-staff-at-lunch.jpg` is not
LOGO_SHARE: Final = 0.2  # likewise; these words mean their thing more often
LABEL_WORDS: Final = 3  # `Facebook icon` labels furniture, `Many small bright stars` describes a photo
DATED_FOLDER: Final = re.compile(r"/(?:19|20)\d\d/[01]?\d/")
THUMBNAIL_SIDE: Final = 260  # CSS px: both sides below are a thumbnail
USUAL_AREA: Final = 90_000  # CSS px: 300 x 300, what the corpus asks for (ImageBERT, section 3)
BANNER_ASPECT: Final = 3.3  # wider or taller ones are banners and rules
LONG_FILE_NAME: Final = 25  # characters; furniture has short names
FILE_FEATURES: Final = {
    **dict.fromkeys(("jpg", "jpeg", "jfif", "webp", "avif"), "photo_file"),
    **dict.fromkeys(("svg", "ico"), "svg_file"),
    "png": "png_file",
    "gif": "gif_file",
}
LARGE_WIDTH: Final = 600  # px: about the width of a column of text


def features_of(image: ImageOnPage, context: Context) -> dict[str, float]:
    """The features of one image; those that are 0 are left out."""
    regions = context.page.layout.regions(image.node)
    features = address_features(image.address)
    features |= size_features(image)
    features |= text_features(image, context)
    features |= place_features(image, regions, context)
    features |= order_features(image, context)
    if regions & layout.LINKED:
        features |= link_features(image)
    return features


def size_features(image: ImageOnPage) -> dict[str, float]:
    """What the declared size, the srcset and the address say about the image's size."""
    width, height = image.width, image.height
    srcsets = image.srcsets()
    stated = stated_width(image.address, srcsets)
    features = truths(
        srcset=srcsets,
        tiny_source=0 < stated < SMALL_SIDE,
        large_source=stated >= LARGE_WIDTH,
        thumbnail_source=0 < stated < THUMBNAIL_SIDE,
        small=is_small(image),
    )
    if "small" not in features and (width or height):
        area = (width or height or 1) * (height or width or 1)
        features["area"] = min(1.0, max(-1.0, math.log2(area / USUAL_AREA) / 3))
        if width and height:
            features |= truths(
                thumbnail=max(width, height) < THUMBNAIL_SIDE,
                banner=not 1 / BANNER_ASPECT < width / height < BANNER_ASPECT,
            )
    return features


def text_features(image: ImageOnPage, context: Context) -> dict[str, float]:
    """How much the image's own words say, and whether they are those of the page's title."""
    alt = image.attributes.get("alt") or ""
    names = f"{image.attributes.get('class') or ''} {image.attributes.get('id') or ''}".lower()
    file_name = image.address.partition("?")[0].rpartition("/")[2].replace("_", " ")
    shared = context.title_words.intersection(WORD.findall(f"{alt} {file_name}".lower()))
    label = alt.lower() if len(alt.split()) <= LABEL_WORDS else ""
    features = truths(junk_name=has_junk_word(f"{names} {label}"), hero_name=any(word in names for word in HERO_WORDS))
    if alt:
        features["alt_words"] = min(len(alt.split()), 10) / 10
    if shared:
        features["title_words"] = min(len(shared), 3) / 3
    return features


def address_features(address: str) -> dict[str, float]:
    """What an address gives away."""
    path = address.partition("?")[0].lower()
    folder, _, name = path.rpartition("/")
    features = name_features(name)
    if not JUNK_FOLDERS.isdisjoint(LETTERS.findall(without_host(folder))):
        features["junk_url"] = 1.0
    if any(host in folder for host in BEACON_HOSTS):
        features["beacon"] = 1.0
    if any(word in path for word in UPLOAD_WORDS) or DATED_FOLDER.search(path):
        features["upload_url"] = 1.0
    return features


def name_features(name: str) -> dict[str, float]:
    """What a file name in lower case gives away."""
    features: dict[str, float] = {}
    if (match := IMAGE_FILE.search(name)) and (kind := FILE_FEATURES.get(match[1])):
        features[kind] = 1.0
    if len(name) > LONG_FILE_NAME:
        features["long_file_name"] = 1.0
    own = LETTERS.findall(name.rpartition(".")[0] or name)
    if not JUNK_WORDS.isdisjoint(own):
        own = [word for word in own if len(word) > 2 or word in JUNK_WORDS]
        if sum(word in JUNK_WORDS for word in own) >= JUNK_SHARE * len(own):
            features["junk_url"] = 1.0
        if sum(word in LOGO_WORDS for word in own) >= max(1, LOGO_SHARE * len(own)):
            features["logo_url"] = 1.0
    return features
