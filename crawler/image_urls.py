"""The addresses behind an image element: srcset, lazy-loading attributes, and which of them is the largest."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

from crawler.vocabulary import LAZY_ATTRIBUTES, PLACEHOLDER_NAMES, PLACEHOLDER_PARTS, SRCSET_ATTRIBUTES

NO_ADDRESS: Final = ("data:", "blob:", "about:", "javascript:", "{", "[", "#")
MAX_ADDRESS: Final = 4_000  # characters; longer ones are state that a script keeps in an attribute
WIDTH_IN_SRCSET: Final = re.compile(r"\s(\d{2,4})w")
SEPARATORS: Final = re.compile(r"[\s,]*")
SRCSET_ENTRY: Final = re.compile(r"(\S*[^\s,])(?:\s+([\d.]+)([wxh])(?:\s+[\d.]+h)?)?\s*(?:,|$)")
BARE_DESCRIPTOR: Final = re.compile(r"[\d.]+[wxh]")  # of a srcset with a space inside an address
PLACEHOLDER_LENGTH: Final = 20  # characters: `loading-2x.gif` is one, `empty-chairs-at-the-hearing.jpg` is none
WORD: Final = re.compile(r"[a-z]+")
IMAGE_FILE: Final = re.compile(r"\.(jpe?g|png|gif|webp|avif|svg|bmp|ico|jfif)(?=$|[?#&/!:;])", re.IGNORECASE)
WIDTH_IN_QUERY: Final = re.compile(
    r"(?:^|[&;])(?:w|width|imwidth|wid|resize|fit|size|maxwidth|sw|s)=(\d{2,4})(?!\d)", re.IGNORECASE
)
WIDTH_IN_PATH: Final = re.compile(
    r"(?:[-_/.](\d{2,4})x(\d{2,4})?(?=[-_/.,!]|$))|(?:[/,_-](?:w|width)[_=-]?(\d{2,4})(?=[/,_.-]|$))"
    r"|(?:[/_-](\d{2,4})(?:w|px)(?=[/_.-]|$))",
    re.IGNORECASE,
)
SIZE_SUFFIX: Final = re.compile(
    r"(?:[-_.@](?:\d{2,4}x\d{0,4}(?:[-_]c(?:rop)?)?|x\d{2,4}|scaled|rotated|e\d{10,13}|thumb(?:nail)?|small|medium|large"
    r"|full|square|crop(?:ped)?|resized?|[23]x|\d{3,4}w|w\d{3,4}|\d{3,4}))+$",
    re.IGNORECASE,
)


INNER_URL: Final = re.compile(r"https?(?::|%3A)(?:/|%2F){1,2}(.+)$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """One address of an image.

    Attributes:
        address: as the page writes it.
        width: pixels, from the srcset or the address itself; None when neither says.
    """

    address: str
    width: int | None


def first_address(attributes: Mapping[str, str | None]) -> str | None:
    """The address that an image element most plainly gives: its src, else a lazy-loading attribute, else a srcset's first.

    Placeholders (`data:` addresses, spacers) do not count, so a lazy image whose address is nowhere gives None.
    """
    src = attributes.get("src")
    if src and is_address(src) and not is_placeholder(src):
        return src
    for name, value in attributes.items():
        if value and name in LAZY_ATTRIBUTES and is_lazy_address(value):
            return value
    return next((entry.address for srcset in srcsets_of(attributes) for entry in srcset_entries(srcset)), None)


def srcsets_of(attributes: Mapping[str, str | None]) -> list[str]:
    """The srcsets of an element, lazy ones included, as written."""
    return [value for name, value in attributes.items() if value and name in SRCSET_ATTRIBUTES]


def image_sources(attributes: Mapping[str, str | None], picture: Iterable[str] = ()) -> list[Source]:
    """Every usable address of an image, in the order of trust: src, lazy attributes, srcsets.

    Args:
        attributes: the element's.
        picture: the srcsets of the `<picture>` around it.
    """
    found = []
    src = attributes.get("src")
    if src and is_address(src) and not is_placeholder(src):
        found.append(Source(src, width_in_url(src)))
    for name, value in attributes.items():
        if value and name in LAZY_ATTRIBUTES and is_lazy_address(value):
            found.append(Source(value, width_in_url(value)))
    for srcset in (*srcsets_of(attributes), *picture):
        found += srcset_entries(srcset)
    return found


def is_lazy_address(value: str) -> bool:
    """Whether a lazy-loading attribute holds an address; some hold a flag or a list in JSON."""
    return is_address(value) and "/" in value and not is_placeholder(value)


def is_address(value: str) -> bool:
    """Whether an attribute's value can be an address: not inline data, not a template's variable, not endless."""
    return len(value) < MAX_ADDRESS and not value.lstrip().startswith(NO_ADDRESS)


def is_placeholder(address: str) -> bool:
    """Whether an address's file name is that of a stand-in that scripts replace by the image."""
    name = address.partition("?")[0].rpartition("/")[2].lower()
    if any(part in name for part in PLACEHOLDER_PARTS):
        return True
    first = WORD.match(name)
    return first is not None and first[0] in PLACEHOLDER_NAMES and len(name) <= PLACEHOLDER_LENGTH


def srcset_entries(srcset: str) -> Iterator[Source]:
    """The entries of a srcset; addresses may hold commas (https://html.spec.whatwg.org/multipage/images.html)."""
    position = 0
    while separators := SEPARATORS.match(srcset, position):
        position = separators.end()
        if position == len(srcset):
            return
        match = SRCSET_ENTRY.match(srcset, position)
        if match is None:  # a space inside an address: go on behind the next comma
            position = srcset.find(",", position) + 1 or len(srcset)
            continue
        position = match.end()
        address, number, unit = match.groups()
        if is_address(address) and not is_placeholder(address) and not BARE_DESCRIPTOR.fullmatch(address):
            width = int(float(number)) if unit == "w" and number.count(".") < 2 else width_in_url(address)
            yield Source(address, width)


def width_in_url(url: str) -> int | None:
    """The width in pixels that an address claims for its image (`-300x200.jpg`, `?w=640`); None when it claims none."""
    path, _, query = url.partition("?")
    if query and (match := WIDTH_IN_QUERY.search(query)):
        return int(match[1])
    sizes = [int(next(filter(None, match.groups()))) for match in WIDTH_IN_PATH.finditer(path)]
    return sizes[-1] if sizes else None


def stated_width(address: str, srcsets: Iterable[str]) -> int:
    """The greatest width in pixels that an address or a srcset claims; 0 when none does."""
    widths = [int(width) for srcset in srcsets for width in WIDTH_IN_SRCSET.findall(srcset)]
    return max(width_in_url(address) or 0, *widths) if widths else width_in_url(address) or 0


def largest(sources: Sequence[Source]) -> Source:
    """The widest source; one that does not say how wide it is counts as `UNSTATED_WIDTH`, and the first wins a tie."""
    return max(sources, key=lambda source: min(source.width or UNSTATED_WIDTH, WIDEST))


UNSTATED_WIDTH: Final = 700  # px: a plain src beats thumbnails of it and loses to a named larger one
WIDEST: Final = 2400  # px: beyond, more pixels are only more bytes


def image_key(url: str) -> str:
    """What is the same for two addresses of one image: the file's name without size suffix, extension and query.

    A generic name (`image`, `large`, digits) takes the folder with it; an address inside an address (a resizing
    service) counts as the inner one.
    """
    path, _, query = url.partition("?")
    if (start := url.find("http", 8)) > 0 and (inner := INNER_URL.match(url, start)):
        path, _, query = unquote(inner[1]).partition("?")
    if "%" in path:
        path = unquote(path)
    folders = [segment for segment in path.lower().split("/") if segment]
    if not folders:
        return url
    name, had_extension = IMAGE_FILE.subn("", folders[-1])
    if not had_extension and query:
        return f"{path}?{query}".lower()
    stem = SIZE_SUFFIX.sub("", name) or name
    return stem if len(stem) >= 8 and not stem.isdigit() else "/".join([*folders[-3:-1], stem])
