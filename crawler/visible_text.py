"""What a reader sees of an element."""

from typing import Final

from selectolax.lexbor import LexborNode

from crawler.landmarks import tag_ids
from crawler.vocabulary import word_set

# By the parser's numbers, which compare several times faster than names.
BREAKING_TAGS: Final = frozenset(
    tag_ids(*word_set("br p div li ul ol table tr td th h1 h2 h3 h4 h5 h6 section article hr dd dt")).values()
)
SILENT_TAGS: Final = frozenset(
    tag_ids(*word_set("script style noscript template svg iframe object button select textarea")).values()
)
MARKING_TAGS: Final = BREAKING_TAGS | SILENT_TAGS


def collapse(text: str) -> str:
    """The text with every run of white space made one space, and none at the ends."""
    return " ".join(text.split())


def visible_text(node: LexborNode, enough: int | None = None) -> str:
    """What a reader sees of a node: no script or style, words of separate blocks kept apart, white space collapsed.

    Args:
        node: an element.
        enough: characters after which the rest is left out, counted before white space is collapsed; None for all.
    """
    if enough is None and is_inline(node):
        return collapse(node.text())
    pieces: list[str] = []
    length = 0
    stack: list[LexborNode | str | None] = [node.first_child]
    while stack and (enough is None or length < enough):
        item = stack.pop()
        if isinstance(item, str):
            pieces.append(item)
        elif item is not None:
            stack.append(item.next)
            tag = item.tag_id
            if tag in BREAKING_TAGS:
                stack += (" ", item.first_child, " ")
            elif item.is_text_node:
                pieces.append(text := item.text_content or "")
                length += len(text)
            elif tag not in SILENT_TAGS:
                stack.append(item.first_child)
    return collapse("".join(pieces))


def is_inline(node: LexborNode) -> bool:
    """Whether an element holds nothing but words and inline elements."""
    inner = node.traverse()
    next(inner, None)  # the element itself
    return MARKING_TAGS.isdisjoint([below.tag_id for below in inner])
