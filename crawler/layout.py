"""Where things stand on a page: the main block of text, and which region (article, navigation, figure) a node is in."""

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from selectolax.lexbor import LexborNode

from crawler.landmarks import Landmark, Landmarks
from crawler.paragraphs import main_text, paragraphs

NAVIGATION: Final = 1
HEADER: Final = 2
FOOTER: Final = 4
ASIDE: Final = 8
CONTENT: Final = 16
FIGURE: Final = 32
LINKED: Final = 64
LISTED: Final = 128
HIDDEN: Final = 256
HERO: Final = 512
PERSON: Final = 1024
CARD: Final = 2048
BOILERPLATE: Final = NAVIGATION | FOOTER | ASIDE | HIDDEN

TAG_REGIONS: Final = {
    "nav": NAVIGATION,
    "header": HEADER,
    "footer": FOOTER,
    "aside": ASIDE,
    "article": CONTENT,
    "main": CONTENT,
    "figure": FIGURE,
    "a": LINKED,
    "li": LISTED,
}
CLASS_REGIONS: Final = re.compile(
    r"(?P<card>wprm|tasty-?recipe|mv-create|recipe-?card|easyrecipe|zrdn|cooked-|hrecipe|mpprecipe|create-image"
    r"|recipe-?(?:image|photo|thumb|media|hero|header|lead))"
    r"|(?P<person>avatar|author|byline|profile|bio\b|contributor|user-?pic)"
    r"|(?P<navigation>\bnav|navbar|navigation|\bmenu|breadcrumb|topbar|toolbar|masthead)"
    r"|(?P<footer>footer|copyright|cookie|consent|gdpr)"
    r"|(?P<aside>sidebar|\baside|side-?bar|widget|related|recommend|recirc|\bmore-|popular|trending|latest|read-?next"
    r"|\bpromo|sponsor|advert|\bads?\b|\bad-|\bads-|banner|newsletter|subscri|\bshar(?:e|ing)|social|comment|disqus|respond"
    r"|teaser|outbrain|taboola|carousel-?item|upsell|cross-?sell|also-?(?:like|bought)|modal|popup|overlay)"
    r"|(?P<hero>hero|featured|lead-?(?:image|media|photo|art)|main-?(?:image|media|photo|img)|post-?thumb|wp-post-image"
    r"|article-?(?:image|media|photo|img)|story-?(?:image|media|photo)|entry-?(?:image|media|thumb)|cover-?(?:image|photo)"
    r"|(?:image|media|photo)-?(?:main|lead|hero|primary)|primary-?image|product-?(?:image|photo|gallery))"
    r"|(?P<header>header)"
    r"|(?P<content>article|content|entry|story|\bpost\b|post-?body|main\b|recipe|product)"
)
REGION_OF_GROUP: Final = {
    "card": CARD | HERO | CONTENT,
    "person": PERSON,
    "navigation": NAVIGATION,
    "footer": FOOTER,
    "aside": ASIDE,
    "hero": HERO,
    "header": HEADER,
    "content": CONTENT,
}
MAX_NAME: Final = 100  # characters of a class; longer ones are data
MAX_NAMES: Final = 1_000  # characters of all classes of an element
OUTERMOST_TAGS: Final = frozenset(("html", "body"))


class Layout:
    """The regions of one page.

    Attributes:
        blocks: the page's paragraphs of at least `MIN_PARAGRAPH` characters, in document order.
        main_blocks: those of the main text; empty on a page without text.
        heading: the `<h1>` nearest above the main text (the first one without such); None without.
    """

    def __init__(self, root: LexborNode | None, landmarks: Landmarks) -> None:
        self.blocks = paragraphs(root, landmarks)
        self.main_blocks, around = main_text(self.blocks)
        self._regions = regions_around(around)  # by `mem_id`, of the elements where they are known
        headings = [heading for heading in landmarks.headings if heading[1].tag == "h1"]
        start = self.main_blocks[0].position if self.main_blocks else None
        above = [heading for heading in headings if start is None or heading[0] < start]
        self.heading: Landmark | None = above[-1] if above else headings[0] if headings else None

    def regions(self, node: LexborNode | None) -> int:
        """The regions around and at a node, as a sum of `NAVIGATION`, `FIGURE` and so on.

        What encloses the main text counts for nothing but its content, whatever its class says: themes name their
        outermost box `has-sidebar`.
        """
        known = self._regions
        path: list[tuple[int, LexborNode]] = []
        found = 0
        while node is not None:
            key = node.mem_id
            if (above := known.get(key)) is not None:
                found = above
                break
            path.append((key, node))
            node = node.parent
        for key, below in reversed(path):
            known[key] = found = found | own_regions(below)
        return found


def regions_around(around: Sequence[LexborNode]) -> dict[int, int]:
    """The regions of the elements around the main text by `mem_id`; from its container upwards."""
    regions: dict[int, int] = {}
    found = 0
    for node in reversed(around):
        found |= TAG_REGIONS.get(node.tag or "", 0) & CONTENT
        regions[node.mem_id] = found
    if around:
        regions[around[0].mem_id] = CONTENT
    return regions


def own_regions(node: LexborNode) -> int:
    """The regions that an element makes by its tag, its names and its style."""
    tag = node.tag or ""
    if tag in OUTERMOST_TAGS:
        return 0
    found = TAG_REGIONS.get(tag, 0)
    attributes = node.attributes
    if names := attributes.get("class"):
        found |= named_regions(names[:MAX_NAMES])
    if name := attributes.get("id"):
        found |= named_regions(name[:MAX_NAMES])
    if (style := attributes.get("style")) and "display:none" in style.replace(" ", ""):
        found |= HIDDEN
    return found


@lru_cache(maxsize=50_000)  # sites share their themes' and frameworks' class names
def named_regions(names: str) -> int:
    """The regions that an element's classes and id speak of."""
    found = 0
    for name in names.split():
        if len(name) <= MAX_NAME:
            found |= regions_of_name(name)
    return found


@lru_cache(maxsize=50_000)  # sites share their themes' and frameworks' class names
def regions_of_name(name: str) -> int:
    """The regions that one class name or id speaks of."""
    found = 0
    for match in CLASS_REGIONS.finditer(name.lower()):
        found |= REGION_OF_GROUP[match.lastgroup or ""]
    return found
