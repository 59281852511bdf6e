"""The named features of an image that its element gives by itself, each between -1 and 1 and 0 when it does not say.

They are computed for every image of a page; what takes a look around is left to `crawler.image_place`. What repeats from
image to image (folders, classes, sizes) is read once and remembered.
"""

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from crawler.image_key import without_host
from crawler.image_urls import IMAGE_FILE
from crawler.images import ImageOnPage
from crawler.layout import CARD, named_regions
from crawler.vocabulary import BEACON_HOSTS, HERO_WORDS, JUNK_FOLDERS, JUNK_WORDS, LOGO_WORDS, UPLOAD_WORDS

Features = Mapping[str, float]

LETTERS: Final = re.compile(r"[a-z]+")
JUNK_SHARE: Final = 0.3  # of a file name's words: `facebook-icon.png` is junk, `facebook-staff-at-lunch.jpg` is not
LOGO_SHARE: Final = 0.2  # likewise; these words mean their thing more often
LABEL_WORDS: Final = 3  # `Facebook icon` labels furniture, `Many small bright stars` describes a photo
PIN_NAME: Final = re.compile(r"pin(?:terest|nable)?(?:$|[-_.\d])|collage|process|step|ingredient|overhead")
BEACON_HOST: Final = re.compile("|".join(map(re.escape, BEACON_HOSTS)))
UPLOAD_WORD: Final = re.compile("|".join(map(re.escape, UPLOAD_WORDS)) + r"|/(?:19|20)\d\d/[01]?\d(?:/|$)")
HERO_WORD: Final = re.compile("|".join(HERO_WORDS))
SMALL_SIDE: Final = 120  # CSS px: a side below is an icon, a portrait or a button
USUAL_AREA: Final = 90_000  # CSS px: 300 x 300, what the corpus asks for (ImageBERT, section 3)
BANNER_ASPECT: Final = 3.3  # wider or taller ones are banners and rules
LONG_FILE_NAME: Final = 25  # characters; furniture has short names
LONGEST_NAME: Final = 1_000  # characters that are looked at
FILE_FEATURES: Final = {
    **dict.fromkeys(("jpg", "jpeg", "jfif", "webp", "avif"), "photo_file"),
    **dict.fromkeys(("svg", "ico"), "svg_file"),
    "png": "png_file",
    "gif": "gif_file",
}


def own_features(image: ImageOnPage) -> dict[str, float]:
    """The features of one image that its element gives by itself; those that are 0 are left out."""
    attributes = image.attributes
    features = address_features(image.address)
    features.update(size_features(image.width, image.height))
    if image.others:
        features["shown_again"] = 1.0
    if image.picture:
        features["picture"] = 1.0
    if (names := attributes.get("class")) or attributes.get("id"):
        features.update(class_features(f"{names or ''} {attributes.get('id') or ''}"[:LONGEST_NAME]))
    if (names := image.parent.get("class")) and named_regions(names[:LONGEST_NAME]) & CARD:
        features["card"] = 1.0
    if "itemprop" in attributes or image.parent.get("itemprop") == "image":
        features["itemprop"] = 1.0
    if alt := attributes.get("alt"):
        count = alt.count(" ") + 1
        features["alt_words"] = min(count, 10) / 10
        if count <= LABEL_WORDS and has_junk_word(alt.lower()):
            features["junk_name"] = 1.0
    if attributes.get("fetchpriority") == "high" or attributes.get("loading") == "eager":
        features["eager"] = 1.0
    return features


def address_features(address: str) -> dict[str, float]:
    """What an address gives away."""
    folder, _, name = address.partition("?")[0].lower().rpartition("/")
    features = dict(folder_features(folder))
    if (match := IMAGE_FILE.search(name)) and (kind := FILE_FEATURES.get(match[1])):
        features[kind] = 1.0
    if len(name) > LONG_FILE_NAME:
        features["long_file_name"] = 1.0
    if PIN_NAME.search(name):
        features["pin_name"] = 1.0
    own = LETTERS.findall(name.rpartition(".")[0] or name)
    if not JUNK_WORDS.isdisjoint(own):
        own = [word for word in own if len(word) > 2 or word in JUNK_WORDS]
        if sum(word in JUNK_WORDS for word in own) >= JUNK_SHARE * len(own):
            features["junk_url"] = 1.0
        if sum(word in LOGO_WORDS for word in own) >= max(1, LOGO_SHARE * len(own)):
            features["logo_url"] = 1.0
    return features


@lru_cache(maxsize=10_000)
def folder_features(folder: str) -> Features:
    """What the folder of an image, in lower case and with its host, gives away."""
    features: dict[str, float] = {}
    if not JUNK_FOLDERS.isdisjoint(LETTERS.findall(without_host(folder))):
        features["junk_url"] = 1.0
    if BEACON_HOST.search(folder):
        features["beacon"] = 1.0
    if UPLOAD_WORD.search(f"{folder}/"):
        features["upload_url"] = 1.0
    return features


@lru_cache(maxsize=10_000)
def size_features(width: int | None, height: int | None) -> Features:
    """What a declared size in CSS pixels says."""
    if not (width or height):
        return {"undeclared": 1.0}
    if is_small(width, height):
        return {"small": 1.0}
    area = (width or height or 1) * (height or width or 1)
    features = {"area": min(1.0, max(-1.0, math.log2(area / USUAL_AREA) / 3))}
    if width and height:
        if not 1 / BANNER_ASPECT < width / height < BANNER_ASPECT:
            features["banner"] = 1.0
    return features


@lru_cache(maxsize=10_000)
def class_features(names: str) -> Features:
    """What an element's classes and id say."""
    names = names.lower()
    features: dict[str, float] = {}
    if has_junk_word(names):
        features["junk_name"] = 1.0
    if HERO_WORD.search(names):
        features["hero_name"] = 1.0
    if named_regions(names) & CARD:
        features["card"] = 1.0
    if "alignleft" in names or "alignright" in names:
        features["aligned"] = 1.0
    return features


def is_small(width: int | None, height: int | None) -> bool:
    """Whether a declared side is too short for a subject."""
    return (width or SMALL_SIDE) < SMALL_SIDE or (height or SMALL_SIDE) < SMALL_SIDE


def has_junk_word(text: str) -> bool:
    """Whether one of the words in a lower-case text is used for page furniture: logos, buttons, ads."""
    return not JUNK_WORDS.isdisjoint(LETTERS.findall(text))
