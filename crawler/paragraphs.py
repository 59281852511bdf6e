"""A page's paragraphs, and the element that holds most of them: its main text."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final

from selectolax.lexbor import LexborNode

MAX_HEIGHT: Final = 300  # levels; real pages nest some tens deep
MIN_PARAGRAPH: Final = 40  # characters; shorter ones are bylines, dates and buttons
MIN_PARAGRAPHS_TEXT: Final = 200  # characters; a page with less in its <p> keeps its text in <div> or <td>
MAX_BLOCKS_TEXT: Final = 2_000_000  # characters; a long novel
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


def paragraphs(root: LexborNode | None, landmarks: Sequence[LexborNode]) -> tuple[Block, ...]:
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


def tagged_text(landmarks: Sequence[LexborNode]) -> Iterator[Block]:
    """Paragraphs by their tag; of quotations in one another, the outermost."""
    quoted: set[int] = set()
    for position, node in enumerate(landmarks):
        if node.tag == "blockquote" and node.mem_id not in quoted:
            quoted.update(inner.mem_id for inner in node.css("blockquote"))
        elif node.tag != "p":
            continue
        if len(text := node.text()) >= MIN_PARAGRAPH:
            yield Block(position, node, text)


def boxed_text(root: LexborNode, landmarks: Sequence[LexborNode]) -> Iterator[Block]:
    """Paragraphs of a page that uses no `<p>`: elements with enough text of their own."""
    index = {node.mem_id: position for position, node in enumerate(landmarks)}
    position = 0
    for node in root.traverse():
        position = index.get(node.mem_id, position)
        tag = node.tag
        if (tag == "p" or tag in TEXT_HOLDERS) and len(node.text(deep=False).strip()) >= MIN_PARAGRAPH:
            yield Block(position, node, node.text(separator=" "))


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
