"""What a page says about itself in its head: the images it names, its title, description, licence and robots rules."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from crawler.json_ld import named_images
from crawler.landmarks import Attributes, Landmarks
from crawler.visible_text import collapse

META_IMAGES: Final = {
    "og:image": "og_image",
    "og:image:url": "og_image",
    "og:image:secure_url": "og_image",
    "twitter:image": "twitter_image",
    "twitter:image:src": "twitter_image",
    "thumbnail": "thumbnail_meta",
    "image": "itemprop_image",
    "thumbnailurl": "itemprop_image",
    "sailthru.image.full": "thumbnail_meta",
    "parsely-image-url": "thumbnail_meta",
}
DESCRIPTIONS: Final = ("og:description", "description", "twitter:description", "dc.description")
TITLES: Final = ("og:title", "twitter:title", "dc.title")
ALTERNATIVES: Final = ("og:image:alt", "twitter:image:alt")
DESCRIBING: Final = frozenset((*DESCRIPTIONS, *TITLES, *ALTERNATIVES))
READ_NAMES: Final = DESCRIBING.union(META_IMAGES)
JSON_LD: Final = "application/ld+json"
MAX_NAMED: Final = 50  # images that one page's metadata names; real pages name some ten
READ_RELATIONS: Final = frozenset(("image_src", "license"))


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a page says about itself.

    Attributes:
        images: (kind, absolute URL), kind in og_image, twitter_image, image_src, json_ld_image, itemprop_image,
            thumbnail_meta; in document order, without exact repeats.
        values: the `<meta>` values of `DESCRIBING` by lower-case name or property, the first of each.
        title: the `<title>`; "" when missing.
        captions: of images that the page describes in JSON-LD, by absolute URL.
        license_url: where `<link rel=license>` points; None when nowhere.
    """

    images: tuple[tuple[str, str], ...]
    values: dict[str, str]
    title: str
    captions: dict[str, str]
    license_url: str | None

    def titles(self) -> Iterator[str]:
        """Every title the page gives itself, the document's own first."""
        yield from filter(None, (self.title, *(self.values.get(name, "") for name in TITLES)))

    def descriptions(self) -> Iterator[str]:
        """Every description the page gives itself."""
        yield from filter(None, (self.values.get(name, "") for name in DESCRIPTIONS))


def read_metadata(landmarks: Landmarks, absolute: Callable[[str], str | None]) -> Metadata:
    """The metadata of a page; broken JSON-LD counts as absent.

    Args:
        landmarks: the page's.
        absolute: answers the http(s) URL behind an address on the page, None when it is no such thing.
    """
    images: dict[tuple[str, str], None] = {}
    values: dict[str, str] = {}
    for attributes in landmarks.metas:
        if len(images) < MAX_NAMED:
            read_meta(absolute, attributes, values, images)
    license_url: str | None = None
    for attributes in landmarks.links:
        relations = (attributes.get("rel") or "").lower().split()
        if READ_RELATIONS.isdisjoint(relations):
            continue
        href = attributes.get("href") or ""
        if "image_src" in relations and (url := absolute(href)):
            images[("image_src", url)] = None
        elif "license" in relations and license_url is None:
            license_url = absolute(href)
    captions = read_json_ld(landmarks, absolute, images)
    title = next((text for node in landmarks.titles if (text := collapse(node.text()))), "")
    return Metadata(tuple(images), values, title, captions, license_url)


def read_json_ld(
    landmarks: Landmarks, absolute: Callable[[str], str | None], images: dict[tuple[str, str], None]
) -> dict[str, str]:
    """Note the images that the page's JSON-LD names; answers the captions of those that have one, by URL."""
    captions: dict[str, str] = {}
    for node in landmarks.scripts:
        if len(images) >= MAX_NAMED:
            break
        kind = node.attrs.get("type")
        if kind and kind.partition(";")[0].strip().lower() == JSON_LD:
            for address, caption in named_images(node.text()):
                if len(images) >= MAX_NAMED:
                    break
                if url := absolute(address):
                    images[("json_ld_image", url)] = None
                    if caption:
                        captions.setdefault(url, caption)
    return captions


def read_meta(
    absolute: Callable[[str], str | None],
    attributes: Attributes,
    values: dict[str, str],
    images: dict[tuple[str, str], None],
) -> None:
    """Note one `<meta>` in `values`, or in `images` when it names one."""
    name = attributes.get("property") or attributes.get("name") or attributes.get("itemprop") or ""
    if name not in READ_NAMES and (name := name.lower().strip()) not in READ_NAMES:
        return
    content = attributes.get("content")
    if not content:
        return
    kind = META_IMAGES.get(name)
    if kind is None:
        if name not in values:
            values[name] = collapse(content)
    elif (url := absolute(content)) and urlsplit(url).path.strip("/"):  # some name their front page
        images[(kind, url)] = None
