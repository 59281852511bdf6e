"""The named features of an image that its element gives by itself, each between 0 and 1.

They are computed for every image of a page; what takes a look around is left to `crawler.image_place`. What repeats from
image to image (folders, classes) is read once and remembered.
"""

import math
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Final

from crawler.image_key import without_host
from crawler.images import ImageOnPage
from crawler.layout import CARD, named_regions
from crawler.vocabulary import BEACON_HOSTS, HERO_WORDS, JUNK_FOLDERS, JUNK_WORDS, LOGO_WORDS

LETTERS: Final = re.compile(r"[a-z]+")
JUNK_SHARE: Final = 0.3  # of a file name's words: `facebook-icon.png` is junk, `facebook-staff-at-lunch.jpg` is not
LOGO_SHARE: Final = 0.2  # likewise; these words mean their thing more often
LABEL_WORDS: Final = 3  # `Facebook icon` labels furniture, `Many small bright stars` describes a photo
BEACON_HOST: Final = re.compile("|".join(map(re.escape, BEACON_HOSTS)))
HERO_WORD: Final = re.compile("|".join(HERO_WORDS))
SMALL_SIDE: Final = 120  # CSS px: a side below is an icon, a portrait or a button
USUAL_AREA: Final = 90_000  # CSS px: 300 x 300, what the corpus asks for (ImageBERT, section 3)
LONGEST_NAME: Final = 1_000  # characters that are looked at
FILE_FEATURES: Final = {"svg": "svg_file", "ico": "svg_file", "png": "png_file", "gif": "gif_file"}


def own_features(image: ImageOnPage) -> dict[str, float]:
    """The features of one image that its element gives by itself; those that are 0 are left out."""
    attributes, parent = image.attributes, image.parent
    features = address_features(image.folder, image.name)
    if (image.width or SMALL_SIDE) < SMALL_SIDE or (image.height or SMALL_SIDE) < SMALL_SIDE:
        features["small"] = 1.0
    elif image.width and image.height:
        features["large"] = largeness(image.width * image.height)
    if image.others:
        features["shown_again"] = 1.0
    if image.picture:
        features["picture"] = 1.0
    if "itemprop" in attributes or parent.get("itemprop") == "image":
        features["itemprop"] = 1.0
    if attributes.get("fetchpriority") == "high" or attributes.get("loading") == "eager":
        features["eager"] = 1.0
    add_spoken_features(image, features)
    return features


@lru_cache(maxsize=10_000)
def largeness(area: int) -> float:
    """How far a declared area in CSS pixels is above the usual, by powers of two; 0 to 1."""
    return min(1.0, max(0.0, math.log2(area / USUAL_AREA) / 3))


def add_spoken_features(image: ImageOnPage, features: dict[str, float]) -> None:
    """Add what the classes, the id and the alternative text of an element say, and its parent's classes."""
    if names := image.attributes.get("class"):
        features.update(name_features(names[:LONGEST_NAME]))
    if name := image.attributes.get("id"):
        features.update(name_features(name[:LONGEST_NAME]))
    if (names := image.parent.get("class")) and named_regions(names[:LONGEST_NAME]) & CARD:
        features["card"] = 1.0
    if alt := image.attributes.get("alt"):
        count = alt.count(" ") + 1
        features["alt_words"] = min(count, 10) / 10
        if count <= LABEL_WORDS and has_junk_word(alt.lower()):
            features["junk_name"] = 1.0


def address_features(folder: str, name: str) -> dict[str, float]:
    """What an address gives away, by its folder and its file's name in lower case."""
    features = dict(folder_features(folder))
    if kind := FILE_FEATURES.get(name.rpartition(".")[2]):
        features[kind] = 1.0
    own = LETTERS.findall(name)
    if not JUNK_WORDS.isdisjoint(own):
        own = LETTERS.findall(name.rpartition(".")[0] or name)
        own = [word for word in own if len(word) > 2 or word in JUNK_WORDS]
        if sum(word in JUNK_WORDS for word in own) >= JUNK_SHARE * len(own):
            features["junk_url"] = 1.0
        if sum(word in LOGO_WORDS for word in own) >= max(1, LOGO_SHARE * len(own)):
            features["logo_url"] = 1.0
    return features


@lru_cache(maxsize=10_000)
def folder_features(folder: str) -> Mapping[str, float]:
    """What the folder of an image, in lower case and with its host, gives away."""
    features: dict[str, float] = {}
    if not JUNK_FOLDERS.isdisjoint(LETTERS.findall(without_host(folder))):
        features["junk_url"] = 1.0
    if BEACON_HOST.search(folder):
        features["beacon"] = 1.0
    return features


@lru_cache(maxsize=10_000)
def name_features(names: str) -> Mapping[str, float]:
    """What an element's classes or id say."""
    features: dict[str, float] = {}
    if named_regions(names) & CARD:
        features["card"] = 1.0
    names = names.lower()
    if has_junk_word(names):
        features["junk_name"] = 1.0
    if HERO_WORD.search(names):
        features["hero_name"] = 1.0
    if "alignleft" in names or "alignright" in names:
        features["aligned"] = 1.0
    return features


def has_junk_word(text: str) -> bool:
    """Whether one of the words in a lower-case text is used for page furniture: logos, buttons, ads."""
    return not JUNK_WORDS.isdisjoint(LETTERS.findall(text))
