"""The elements of a page that say something about its subject, gathered in one walk over the document."""

from dataclasses import dataclass, field
from typing import Final

from selectolax.lexbor import LexborNode, create_tag

Landmark = tuple[int, LexborNode]  # its place among all landmarks in document order, and the element

Attributes = dict[str, str | None]


@dataclass(frozen=True, slots=True, eq=False)
class Landmarks:
    """A page's landmarks by kind, each kind in document order.

    Attributes:
        images: `<img>`, and `<amp-img>` of a page marked as AMP.
        sources: `<source>`, of pictures and of media.
        paragraphs: `<p>` and `<blockquote>`.
        headings: `<h1>` to `<h4>`.
        captions: `<figcaption>`.
        anchors: the attributes of `<a>`; without a place, since menus are full of them.
        metas: those of `<meta>`, without a place like all that follow.
        bases: those of `<base>`.
        links: those of `<link>`.
        scripts: `<script>`.
        titles: `<title>`.
    """

    images: list[Landmark] = field(default_factory=list)
    sources: list[Landmark] = field(default_factory=list)
    paragraphs: list[Landmark] = field(default_factory=list)
    headings: list[Landmark] = field(default_factory=list)
    captions: list[Landmark] = field(default_factory=list)
    anchors: list[Attributes] = field(default_factory=list)
    metas: list[Attributes] = field(default_factory=list)
    bases: list[Attributes] = field(default_factory=list)
    links: list[Attributes] = field(default_factory=list)
    scripts: list[LexborNode] = field(default_factory=list)
    titles: list[LexborNode] = field(default_factory=list)

    def placed(self) -> list[list[Landmark]]:
        """The landmarks that have a place."""
        return [self.images, self.sources, self.paragraphs, self.headings, self.captions]


def tag_ids(*tags: str) -> dict[str, int]:
    """The parser's numbers for HTML's own tags, which compare several times faster than their names."""
    return {tag: create_tag(tag).tag_id for tag in tags}


KIND_OF_TAG: Final = {
    "img": "images",
    "source": "sources",
    "p": "paragraphs",
    "blockquote": "paragraphs",
    "h1": "headings",
    "h2": "headings",
    "h3": "headings",
    "h4": "headings",
    "figcaption": "captions",
    "a": "anchors",
    "meta": "metas",
    "base": "bases",
    "link": "links",
    "script": "scripts",
    "title": "titles",
}
PLACED_KINDS: Final = frozenset(("images", "sources", "paragraphs", "headings", "captions"))
AMP_MARKS: Final = frozenset(("amp", "\u26a1"))  # https://amp.dev/documentation/guides-and-tutorials/learn/spec/amphtml
READ_KINDS: Final = frozenset(("anchors", "metas", "bases", "links"))  # nothing but their attributes matters
KIND_OF_ID: Final = {number: KIND_OF_TAG[tag] for tag, number in tag_ids(*KIND_OF_TAG).items()}


def landmarks_of(root: LexborNode | None) -> Landmarks:
    """The landmarks of a document; none of an empty one."""
    found = Landmarks()
    if root is None:
        return found
    notes = {
        number: (getattr(found, kind).append, kind in PLACED_KINDS, kind in READ_KINDS)
        for number, kind in KIND_OF_ID.items()
    }
    if not AMP_MARKS.isdisjoint(root.attributes) and (image := root.css_first("amp-img")) is not None:
        notes[image.tag_id] = (found.images.append, True, False)  # such tags have another number in each document
    place = 0
    for node in root.traverse():
        kind = notes.get(node.tag_id)
        if kind is not None:
            note, has_place, is_read = kind
            if is_read:
                note(node.attributes)
            elif has_place:
                note((place, node))
                place += 1
            else:
                note(node)
    return found
