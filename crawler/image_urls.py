"""The addresses behind an image element: srcset, lazy-loading attributes, and which of them is the largest."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from crawler.address import MAX_ADDRESS
from crawler.vocabulary import (
    LAZY_ATTRIBUTES,
    PLACEHOLDER_NAMES,
    PLACEHOLDER_PARTS,
    SPARE_ATTRIBUTES,
    SRCSET_ATTRIBUTES,
)

NO_ADDRESS: Final = ("data:", "blob:", "about:", "javascript:", "{", "[", "#")
SEPARATORS: Final = re.compile(r"[\s,]*")
SRCSET_ENTRY: Final = re.compile(r"(\S*[^\s,])(?:\s+([\d.]+)([wxh])(?:\s+[\d.]+h)?)?\s*(?:,|$)")
BARE_DESCRIPTOR: Final = re.compile(r"[\d.]+[wxh]")  # of a srcset with a space inside an address
DESCRIPTOR_NUMBER: Final = re.compile(r"\d{1,5}(?:\.\d{0,5})?|\.\d{1,5}")
SCRIPTED_ATTRIBUTES: Final = LAZY_ATTRIBUTES | SRCSET_ATTRIBUTES - {"srcset"}
# Of an element without a better address: loaders that nobody has listed name their attributes like this.
TELLING_ATTRIBUTE: Final = re.compile(r"src|original|lazy|image|img|full|large|zoom|hi-?res")
PLACEHOLDER: Final = re.compile("|".join(map(re.escape, PLACEHOLDER_PARTS)))
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


@dataclass(frozen=True, slots=True)
class Source:
    """One address of an image.

    Attributes:
        address: as the page writes it.
        width: pixels, from the srcset or the address itself; None when neither says.
    """

    address: str
    width: int | None


def first_address(attributes: Mapping[str, str | None], picture: Iterable[str] = ()) -> str | None:
    """The address that an image element most plainly gives; None when it gives none but placeholders.

    Args:
        attributes: the element's.
        picture: the srcsets of the `<picture>` around it.
    """
    if SCRIPTED_ATTRIBUTES.isdisjoint(attributes):  # the usual case, first
        src = attributes.get("src")
        if src and is_address(src) and not is_placeholder(src):
            return src
    if plain := plain_addresses(attributes):
        return plain[0]
    srcsets = (*srcsets_of(attributes), *picture)
    return next((entry.address for srcset in srcsets for entry in srcset_entries(srcset)), None)


def plain_addresses(attributes: Mapping[str, str | None]) -> list[str]:
    """The usable addresses of an element outside its srcsets: the lazy-loading attributes', else its src.

    Beside a lazy-loading attribute or srcset, src is what is shown until the image is loaded, whatever its name; the
    attributes that other scripts read are a last resort.
    """
    if not SCRIPTED_ATTRIBUTES.isdisjoint(attributes):
        named = attributes.items()
        lazy = [value for name, value in named if value and name in LAZY_ATTRIBUTES and is_lazy_address(value)]
        if lazy or has_lazy_srcset(attributes):
            return lazy
    src = attributes.get("src")
    if src and is_address(src) and not is_placeholder(src):
        return [src]
    return [
        value
        for name, value in attributes.items()
        if value and (name in SPARE_ATTRIBUTES or (TELLING_ATTRIBUTE.search(name) and IMAGE_FILE.search(value)))
        if name not in SRCSET_ATTRIBUTES and name != "src" and is_lazy_address(value)
    ]


def has_lazy_srcset(attributes: Mapping[str, str | None]) -> bool:
    """Whether a script is to put a srcset with a usable address in place of src."""
    return any(
        value and name in SRCSET_ATTRIBUTES and name != "srcset" and any(srcset_entries(value))
        for name, value in attributes.items()
    )


def srcsets_of(attributes: Mapping[str, str | None]) -> list[str]:
    """The srcsets of an element, lazy ones included, as written."""
    return [value for name, value in attributes.items() if value and name in SRCSET_ATTRIBUTES]


def image_sources(attributes: Mapping[str, str | None], picture: Iterable[str] = ()) -> list[Source]:
    """Every usable address of an image, in the order of trust: lazy attributes or src, then srcsets.

    Args:
        attributes: the element's.
        picture: the srcsets of the `<picture>` around it.
    """
    found = [Source(address, width_in_url(address)) for address in plain_addresses(attributes)]
    for srcset in (*srcsets_of(attributes), *picture):
        found += srcset_entries(srcset)
    return found


def is_lazy_address(value: str) -> bool:
    """Whether a lazy-loading attribute holds an address; some hold a flag or a list in JSON."""
    return is_address(value) and ("/" in value or IMAGE_FILE.search(value) is not None) and not is_placeholder(value)


def is_address(value: str) -> bool:
    """Whether an attribute's value can be an address: not inline data, not a template's variable, not endless."""
    return len(value) < MAX_ADDRESS and not value.lstrip().startswith(NO_ADDRESS)


def folder_and_name(address: str) -> tuple[str, str]:
    """The folder of an address, with the host it has, and its file's name, both in lower case and without the query."""
    folder, _, name = address.partition("?")[0].lower().rpartition("/")
    return folder, name


def is_placeholder(address: str) -> bool:
    """Whether an address's file name is that of a stand-in that scripts replace by the image."""
    _, name = folder_and_name(address)
    if PLACEHOLDER.search(name):
        return True
    if len(name) > PLACEHOLDER_LENGTH:
        return False
    first = WORD.match(name)
    return first is not None and first[0] in PLACEHOLDER_NAMES


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
            yield Source(address, width_of_descriptor(number, unit) or width_in_url(address))


def width_of_descriptor(number: str | None, unit: str | None) -> int | None:
    """The width in pixels behind `640w` or `2x`, twice what is usual; None without one that can be believed."""
    if number is None or unit == "h" or not DESCRIPTOR_NUMBER.fullmatch(number):
        return None
    return int(float(number)) if unit == "w" else int(float(number) * UNSTATED_WIDTH)


def width_in_url(url: str) -> int | None:
    """The width in pixels that an address claims for its image (`-300x200.jpg`, `?w=640`); None when it claims none."""
    path, _, query = url.partition("?")
    if query and (match := WIDTH_IN_QUERY.search(query)):
        return int(match[1])
    sizes = [int(next(filter(None, match.groups()))) for match in WIDTH_IN_PATH.finditer(path)]
    return sizes[-1] if sizes else None


def largest(sources: Sequence[Source]) -> Source:
    """The widest source; one that does not say how wide it is counts as `UNSTATED_WIDTH`, and the first wins a tie."""
    return max(sources, key=lambda source: min(source.width or UNSTATED_WIDTH, WIDEST))


MIN_NAMED_WIDTH: Final = 300  # px: an address in the metadata that claims less is a thumbnail
UNSTATED_WIDTH: Final = 700  # px: a plain src beats thumbnails of it and loses to a named larger one
WIDEST: Final = 2400  # px: beyond, more pixels are only more bytes
