"""A page's paragraphs, and which of them are its main text."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from selectolax.lexbor import LexborNode

from crawler.landmarks import Landmarks

MAX_HEIGHT: Final = 300  # levels; real pages nest some tens deep
MIN_PARAGRAPH: Final = 40  # characters; shorter ones are bylines, dates and buttons
MIN_PARAGRAPHS_TEXT: Final = 200  # characters; a page with less in its <p> keeps its text in <div> or <td>
MAX_BLOCKS_TEXT: Final = 2_000_000  # characters; a long novel
MAIN_TEXT_DEPTH: Final = 4  # levels from the container of the main text down to a paragraph of it
TEXT_HOLDERS: Final = frozenset(("article", "blockquote", "dd", "div", "font", "li", "pre", "section", "td"))


class Block(NamedTuple):
    """A paragraph of the page; a tuple, since a page has many.

    Attributes:
        position: its place among the page's landmarks; a text outside <p> takes that of the last landmark before it.
        node: its element.
        text: as the document has it, white space not collapsed.
    """

    position: int
    node: LexborNode
    text: str


def paragraphs(root: LexborNode | None, landmarks: Landmarks) -> tuple[Block, ...]:
    """The page's paragraphs; text that stands directly in boxes and cells if it has next to none.

    At most `MAX_BLOCKS_TEXT` characters in all: elements that nest repeat each other's text.
    """
    blocks = within(tagged_text(landmarks))
    if root is None or sum(len(block.text) for block in blocks) >= MIN_PARAGRAPHS_TEXT:
        return blocks
    return within(boxed_text(root, landmarks))


def within(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """The first blocks with `MAX_BLOCKS_TEXT` characters of text together."""
    kept, length = [], 0
    for block in blocks:
        length += len(block.text)
        if length > MAX_BLOCKS_TEXT:
            break
        kept.append(block)
    return tuple(kept)


def tagged_text(landmarks: Landmarks) -> Iterator[Block]:
    """Paragraphs by their tag; of quotations in one another, the outermost."""
    quoted: set[int] = set()
    for position, node in landmarks.paragraphs:
        if len(text := node.text()) < MIN_PARAGRAPH:
            continue
        if node.tag == "blockquote":
            if node.mem_id in quoted:
                continue
            quoted.update(inner.mem_id for inner in node.css("blockquote"))
        yield Block(position, node, text)


def boxed_text(root: LexborNode, landmarks: Landmarks) -> Iterator[Block]:
    """Paragraphs of a page that uses no `<p>`: elements with enough text of their own."""
    index = {node.mem_id: place for kind in landmarks.placed() for place, node in kind}
    position = 0
    for node in root.traverse():
        position = index.get(node.mem_id, position)
        tag = node.tag
        if (tag == "p" or tag in TEXT_HOLDERS) and len(node.text(deep=False).strip()) >= MIN_PARAGRAPH:
            yield Block(position, node, node.text(separator=" "))


def main_text(blocks: Sequence[Block]) -> tuple[tuple[Block, ...], tuple[LexborNode, ...]]:
    """The blocks of the main text, and the elements around it, its container first.

    Its container is the element with the most text: a paragraph counts in full for its parent and by half for its
    grandparent. The weights are Readability's (https://github.com/mozilla/readability).
    """
    scores: dict[int, float] = {}
    containers: dict[int, LexborNode] = {}
    for _, node, text in blocks:
        share = float(len(text))
        above = node.parent
        for _ in range(2):
            if above is None or above.tag == "html":
                break
            key = above.mem_id
            if key in scores:
                scores[key] += share
            else:
                scores[key], containers[key] = share, above
            share /= 2
            above = above.parent
    if not scores:
        return (), ()
    main = max(scores, key=scores.__getitem__)
    return tuple([block for block in blocks if lies_in(block.node, main)]), tuple(upward(containers[main]))


def lies_in(node: LexborNode, container: int) -> bool:
    """Whether a node lies at most `MAIN_TEXT_DEPTH` levels below the element with this `mem_id`."""
    above: LexborNode | None = node
    for _ in range(MAIN_TEXT_DEPTH):
        above = above.parent if above is not None else None
        if above is None:
            return False
        if above.mem_id == container:
            return True
    return False


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
