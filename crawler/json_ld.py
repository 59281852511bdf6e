"""The images that a page names in JSON-LD as pictures of its subject (https://schema.org/image)."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

# A picture of these is a logo or a portrait, not the page's subject.
NOT_ABOUT_THE_PAGE: Final = frozenset(
    ("Organization", "NewsMediaOrganization", "Person", "WebSite", "Brand", "Corporation")
)
DECODER: Final = json.JSONDecoder(strict=False)  # scripts hold line breaks in their texts
IMAGE_KEYS: Final = ("image", "primaryImageOfPage", "thumbnailUrl")
MAX_SCRIPT: Final = 1_000_000  # characters of one script; larger ones are application state
MAX_DEPTH: Final = 3  # of images in images
MAX_MEMBERS: Final = 5  # of a list of images


def named_images(script: str) -> Iterator[tuple[str, str]]:
    """(address, caption or "") of each image that a block of JSON-LD gives the page's subject; broken blocks name none."""
    if len(script) > MAX_SCRIPT or "mage" not in script:
        return
    try:
        data = DECODER.decode(script)
    except (ValueError, RecursionError):
        return
    things = list(top_level_things(data))
    by_id = {thing["@id"]: thing for thing in things if isinstance(thing.get("@id"), str)}
    for thing in things:
        if is_about_the_page(thing.get("@type")):
            for key in IMAGE_KEYS:
                yield from images_in(thing.get(key), by_id)


def is_about_the_page(kinds: Any) -> bool:
    """Whether a thing of these kinds can be what the page is about."""
    names = {kind for kind in (kinds if isinstance(kinds, list) else [kinds]) if isinstance(kind, str)}
    return NOT_ABOUT_THE_PAGE.isdisjoint(names) and names != {"ImageObject"}


def top_level_things(data: Any) -> Iterator[dict[str, Any]]:
    """The objects of a JSON-LD document: its root, the members of a list or of `@graph`, and `mainEntity`."""
    if isinstance(data, list):
        for member in data:
            yield from top_level_things(member)
    elif isinstance(data, dict):
        yield data
        for key in ("@graph", "mainEntity"):
            if isinstance(data.get(key), list | dict):
                yield from top_level_things(data[key])


def images_in(value: Any, by_id: Mapping[str, dict[str, Any]], depth: int = 0) -> Iterator[tuple[str, str]]:
    """The images in a schema.org image value: an address, an ImageObject, a reference to one, or a list of those."""
    if isinstance(value, str):
        yield value, ""
    elif isinstance(value, list) and depth < MAX_DEPTH:
        for member in value[:MAX_MEMBERS]:
            yield from images_in(member, by_id, depth + 1)
    elif isinstance(value, dict) and depth < MAX_DEPTH:
        if "url" not in value and "contentUrl" not in value:
            value = by_id.get(str(value.get("@id")), {})
        caption = value.get("caption")
        for address, _ in images_in(value.get("url") or value.get("contentUrl"), by_id, depth + 1):
            yield address, caption if isinstance(caption, str) else ""
