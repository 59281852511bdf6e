"""A page's paragraphs, and which of them are its main text."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final, NamedTuple

from selectolax.lexbor import LexborNode

from crawler.landmarks import Landmarks, tag_ids

MAX_HEIGHT: Final = 300  # levels; real pages nest some tens deep
MIN_PARAGRAPH: Final = 40  # characters; shorter ones are bylines, dates and buttons
MIN_PARAGRAPHS_TEXT: Final = 200  # characters; a page with less in its <p> keeps its text in <div> or <td>
MAX_BLOCKS_TEXT: Final = 2_000_000  # characters; a long novel
MAIN_TEXT_DEPTH: Final = 4  # levels from the container of the main text down to a paragraph of it
TEXT_HOLDERS: Final = frozenset(
    tag_ids("article", "blockquote", "dd", "div", "font", "li", "p", "pre", "section", "td").values()
)
BLOCKQUOTE, HTML = tag_ids("blockquote", "html").values()


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
    blocks = tagged_text(landmarks)
    if root is None or sum([len(text) for _, _, text in blocks]) >= MIN_PARAGRAPHS_TEXT:
        return tuple(blocks)
    return tuple(boxed_text(root, landmarks))


def tagged_text(landmarks: Landmarks) -> list[Block]:
    """Paragraphs by their tag; of quotations in one another, the outermost."""
    blocks: list[Block] = []
    quoted: set[int] = set()
    left = MAX_BLOCKS_TEXT
    for position, node in landmarks.paragraphs:
        if len(text := node.text()) < MIN_PARAGRAPH:
            continue
        if node.tag_id == BLOCKQUOTE:
            if node.mem_id in quoted:
                continue
            quoted.update([inner.mem_id for inner in node.css("blockquote")])
        left -= len(text)
        if left < 0:
            break
        blocks.append(Block(position, node, text))
    return blocks


def boxed_text(root: LexborNode, landmarks: Landmarks) -> list[Block]:
    """Paragraphs of a page that uses no `<p>`: elements with enough text of their own."""
    blocks: list[Block] = []
    index = {node.mem_id: place for kind in landmarks.placed() for place, node in kind}
    position = 0
    left = MAX_BLOCKS_TEXT
    for node in root.traverse():
        position = index.get(node.mem_id, position)
        if node.tag_id in TEXT_HOLDERS and len(node.text(deep=False).strip()) >= MIN_PARAGRAPH:
            text = node.text(separator=" ")
            left -= len(text)
            if left < 0:
                break
            blocks.append(Block(position, node, text))
    return blocks


def main_text(blocks: Sequence[Block]) -> tuple[tuple[Block, ...], tuple[LexborNode, ...]]:
    """The blocks of the main text, and the elements around it, its container first.

    Its container is the element with the most text: a paragraph counts in full for its parent and by half for its
    grandparent. The weights are Readability's (https://github.com/mozilla/readability).
    """
    parents = [block.node.parent for block in blocks]
    keys = [0 if parent is None else parent.mem_id for parent in parents]
    boxes = {key: parent for key, parent in zip(keys, parents, strict=True) if parent is not None}
    scores = dict.fromkeys(boxes, 0.0)
    for key, (_, _, text) in zip(keys, blocks, strict=True):
        if key:
            scores[key] += len(text)
    containers = dict(boxes)
    for key, text_length in list(scores.items()):
        above = boxes[key].parent
        if above is not None and above.tag_id != HTML:
            around = above.mem_id
            scores[around] = scores.get(around, 0.0) + text_length / 2
            containers[around] = above
    if not scores:
        return (), ()
    main = max(scores, key=scores.__getitem__)
    inside = {key for key, box in boxes.items() if lies_in(box, main)}
    around_main = tuple(upward(containers[main]))
    return tuple([block for key, block in zip(keys, blocks, strict=True) if key in inside]), around_main


def lies_in(box: LexborNode, container: int) -> bool:
    """Whether paragraphs of a box lie at most `MAIN_TEXT_DEPTH` levels below the element with this `mem_id`."""
    return any(above.mem_id == container for above in islice(upward(box), MAIN_TEXT_DEPTH))


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
