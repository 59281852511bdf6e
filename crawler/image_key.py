"""Which addresses are those of one image: its file's name tells, or its folder where the name does not."""

import re
from functools import lru_cache
from typing import Final
from urllib.parse import unquote

from crawler.image_urls import IMAGE_FILE, WORD
from crawler.vocabulary import GENERIC_NAMES

SIZE_SUFFIX: Final = re.compile(
    r"(?:[-_.@](?:\d{2,4}x\d{0,4}(?:[-_]c(?:rop)?)?|x\d{2,4}|scaled|rotated|e\d{10,13}|thumb(?:nail)?|small|medium|large"
    r"|full|square|crop(?:ped)?|resized?|[23]x|\d{3,4}w|w\d{3,4}))+$",
    re.IGNORECASE,
)
HOST: Final = re.compile(r"\s*(?:https?:)?//[^/?#]*", re.IGNORECASE)
LONGEST_SUFFIX: Final = 100  # characters; looking for its start takes the square of the length that is looked at
MIN_TELLING_NAME: Final = 8  # characters; a shorter name is given to many images
INNER_URL: Final = re.compile(r"https?(?::|%3A)(?:/|%2F){1,2}(.+)$", re.IGNORECASE)


def without_host(address: str) -> str:
    """An address's path and what follows it: a newspaper named after the stars is no list of ratings."""
    return address[match.end() :] if (match := HOST.match(address)) else address


@lru_cache(maxsize=1_000)  # metadata names one image several times
def image_key(url: str) -> str:
    """What is the same for two absolute addresses of one image: its file's name without size, extension and query.

    A generic name (`original`, digits) takes the folder with it; an address inside an address (a resizing service)
    counts as the inner one.
    """
    path, _, query = url.partition("?")
    if (start := url.find("http", 8)) > 0 and (inner := INNER_URL.match(url, start)):
        path, _, query = unquote(inner[1]).partition("?")
    if "%" in path:
        path = unquote(path)
    folders = [segment for segment in without_host(path).lower().split("/") if segment]
    if not folders:
        return url
    name, had_extension = IMAGE_FILE.subn("", folders[-1])
    if not had_extension and query:
        return f"{path}?{query}".lower()
    stem = without_size(name)
    return "/".join([*folders[-3:-1], stem]) if is_generic(stem) else stem


def without_size(name: str) -> str:
    """A file's name without the words and numbers at its end that say which size of the image it is.

    Bare numbers stay: in `IMG_1234` and `festival-2019` they tell images apart.
    """
    start = max(0, len(name) - LONGEST_SUFFIX)
    return name[:start] + SIZE_SUFFIX.sub("", name[start:]) or name


def is_generic(stem: str) -> bool:
    """Whether a name in lower case is given to many images, so that only its folder tells them apart."""
    if len(stem) < MIN_TELLING_NAME or stem.isdigit():
        return True
    words = WORD.findall(stem)
    return bool(words) and GENERIC_NAMES.issuperset(words)
