"""Where things stand on a page: the main block of text, and which region (article, navigation, figure) a node is in."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from typing import Final

from selectolax.lexbor import LexborNode

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
    r"(?P<person>avatar|author|byline|profile|bio\b|contributor|user-?pic)"
    r"|(?P<navigation>\bnav|navbar|navigation|\bmenu|breadcrumb|topbar|toolbar|masthead)"
    r"|(?P<footer>footer|copyright|cookie|consent|gdpr)"
    r"|(?P<aside>sidebar|\baside|side-?bar|widget|related|recommend|recirc|\bmore-|popular|trending|latest|read-?next"
    r"|\bpromo|sponsor|advert|\bads?\b|\bad-|\bads-|banner|newsletter|subscri|\bshar(?:e|ing)|social|comment|disqus|respond"
    r"|teaser|outbrain|taboola|carousel-?item|upsell|cross-?sell|also-?(?:like|bought)|modal|popup|overlay)"
    r"|(?P<hero>hero|featured|lead-?(?:image|media|photo|art)|main-?(?:image|media|photo|img)|post-?thumb|wp-post-image"
    r"|article-?(?:image|media|photo|img)|story-?(?:image|media|photo)|entry-?(?:image|media|thumb)|cover-?(?:image|photo)"
    r"|(?:image|media|photo)-?(?:main|lead|hero|primary)|primary-?image|product-?(?:image|photo|gallery)|recipe-?(?:image|photo|media))"
    r"|(?P<header>header)"
    r"|(?P<content>article|content|entry|story|\bpost\b|post-?body|main\b|recipe|product)"
)
REGION_OF_GROUP: Final = {
    "person": PERSON,
    "navigation": NAVIGATION,
    "footer": FOOTER,
    "aside": ASIDE,
    "hero": HERO,
    "header": HEADER,
    "content": CONTENT,
}
MAX_NAME: Final = 100  # characters of a class; longer ones are data
MAX_HEIGHT: Final = 300  # levels; real pages nest some tens deep
MIN_PARAGRAPH: Final = 40  # characters; shorter ones are bylines, dates and buttons
MIN_PARAGRAPHS_TEXT: Final = 200  # characters; a page with less in its <p> keeps its text in <div> or <td>
TEXT_HOLDERS: Final = frozenset(("article", "blockquote", "dd", "div", "font", "li", "pre", "section", "td"))


@dataclass(frozen=True, slots=True)
class Block:
    """A paragraph of the page.

    Attributes:
        position: its index among the page's landmarks (fractions never occur; a text outside <p> takes the index of the
            last landmark before it).
        node: its element.
        text: as the document has it, white space not collapsed.
    """

    position: int
    node: LexborNode
    text: str


class Layout:
    """The regions of one page.

    Attributes:
        blocks: the page's paragraphs of at least `MIN_PARAGRAPH` characters, in document order.
        main_blocks: those of the main text; empty on a page without text.
        heading: position of the `<h1>` nearest above the main text (of the first one without such), None without.
    """

    def __init__(self, root: LexborNode | None, landmarks: Sequence[LexborNode]) -> None:
        self.blocks = paragraphs(root, landmarks)
        self._around_main: frozenset[int] = frozenset()
        self._regions: dict[int, int] = {}
        main = main_container(self.blocks)
        self.main_blocks = tuple(block for block in self.blocks if main is not None and encloses(main, block.node))
        self._around_main = frozenset(() if main is None else (node.mem_id for node in upward(main)))
        start = self.main_blocks[0].position if self.main_blocks else len(landmarks)
        headings = [position for position, node in enumerate(landmarks) if node.tag == "h1"]
        above = [position for position in headings if position < start]
        self.heading = above[-1] if above else headings[0] if headings else None

    def regions(self, node: LexborNode | None) -> int:
        """The regions around and at a node, as a sum of `NAVIGATION`, `FIGURE` and so on.

        What encloses the main text is never navigation, aside or footer, whatever its class says: themes name their
        outermost box `has-sidebar`.
        """
        path: list[tuple[int, LexborNode]] = []
        found = 0
        while node is not None:
            key = node.mem_id
            if key in self._regions:
                found = self._regions[key]
                break
            path.append((key, node))
            node = node.parent
        for key, below in reversed(path):
            found |= self._own_regions(below, key)
            self._regions[key] = found
        return found

    def _own_regions(self, node: LexborNode, key: int) -> int:
        tag = node.tag or ""
        if tag in ("html", "body"):
            return 0
        found = TAG_REGIONS.get(tag, 0)
        attributes = node.attributes
        name = f"{attributes.get('class') or ''} {attributes.get('id') or ''}"
        if len(name) > 1:
            found |= named_regions(name)
        style = attributes.get("style")
        if style and "display:none" in style.replace(" ", ""):
            found |= HIDDEN
        return found & (CONTENT | HERO | FIGURE | LINKED) if key in self._around_main else found


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


def paragraphs(root: LexborNode | None, landmarks: Sequence[LexborNode]) -> tuple[Block, ...]:
    """The page's paragraphs; text that stands directly in boxes and cells if it has next to none."""
    blocks = tuple(
        Block(position, node, text)
        for position, node in enumerate(landmarks)
        if node.tag in ("p", "blockquote") and len(text := node.text()) >= MIN_PARAGRAPH
    )
    if root is None or sum(len(block.text) for block in blocks) >= MIN_PARAGRAPHS_TEXT:
        return blocks
    return boxed_text(root, landmarks)


def boxed_text(root: LexborNode, landmarks: Sequence[LexborNode]) -> tuple[Block, ...]:
    """Paragraphs of a page that uses no `<p>`: elements with enough text of their own."""
    index = {node.mem_id: position for position, node in enumerate(landmarks)}
    blocks, position = [], 0
    for node in root.traverse():
        position = index.get(node.mem_id, position)
        tag = node.tag
        if (tag == "p" or tag in TEXT_HOLDERS) and len(node.text(deep=False).strip()) >= MIN_PARAGRAPH:
            blocks.append(Block(position, node, node.text(separator=" ")))
    return tuple(blocks)


def main_container(blocks: Sequence[Block]) -> LexborNode | None:
    """The element with the most text: a paragraph counts in full for its parent and by half for its grandparent.

    The weights are Readability's (https://github.com/mozilla/readability).
    """
    scores: dict[int, float] = {}
    nodes: dict[int, LexborNode] = {}
    for block in blocks:
        share, node = 1.0, block.node.parent
        for _ in range(2):
            if node is None or node.tag == "html":
                break
            nodes[node.mem_id] = node
            scores[node.mem_id] = scores.get(node.mem_id, 0.0) + share * len(block.text)
            share, node = share / 2, node.parent
    return nodes[max(scores, key=scores.__getitem__)] if scores else None


def upward(node: LexborNode | None) -> Iterator[LexborNode]:
    """A node, its parent, and so on up to the root, at most `MAX_HEIGHT` of them."""
    for _ in range(MAX_HEIGHT):
        if node is None:
            return
        yield node
        node = node.parent


def encloses(outer: LexborNode, node: LexborNode, height: int = 4) -> bool:
    """Whether `node` lies in `outer`, at most `height` levels down."""
    key = outer.mem_id
    return any(above.mem_id == key for above in islice(upward(node), height + 1))
