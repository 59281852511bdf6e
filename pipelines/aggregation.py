"""The paper's two aggregation rules: an image keeps its best pair, and a text that too many images share goes with them.

Everything here is a plain function of records, so that Beam, or a test, may group them in any order.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import combinations

from pipelines.schema import Pair, Rival

HASH_BITS = 64
MAX_DISTANCE = 7  # bits: narrower bands than 8 bits would compare almost every hash with every other
MAX_RIVALS = 100  # a pair: a picture on a hundred thousand pages must not make a row of a hundred thousand texts


@dataclass(frozen=True, slots=True)
class AggregationRules:
    """How alike two images must be to count as one, and how many may share a text (ImageBERT, section 3, step 5).

    Attributes:
        near_distance: bits of 64 in which the perceptual hashes of one image's copies may differ. Re-encoded and
            rescaled copies of a photograph differ in 0 to 2, different photographs rarely in fewer than 10.
        max_images_per_text: a text on more different images than this drops all of them. ALIGN (arXiv 2102.05918,
            section 3) drops a text shared by more than 10 images.
    """

    near_distance: int = 3
    max_images_per_text: int = 10

    def __post_init__(self) -> None:
        if not 0 <= self.near_distance <= MAX_DISTANCE:
            raise ValueError(f"near_distance must lie in 0..{MAX_DISTANCE} bits, got {self.near_distance}")
        if self.max_images_per_text < 1:
            raise ValueError(f"max_images_per_text must be at least 1, got {self.max_images_per_text}")


@dataclass(frozen=True, slots=True)
class Survivor:
    """A pair on its way through aggregation: everything but its image bytes, which stay in a file.

    Attributes:
        pair: the pair with `image` empty.
        origin: the analysed file that holds the bytes.
    """

    pair: Pair
    origin: str

    @property
    def rank(self) -> tuple[float | str, ...]:
        """Sorts the best first: by relevance, and among equals always the same one."""
        pair = self.pair
        address = (pair.page_url, pair.image_url, pair.image_sha256, pair.fetched_at)
        return (-pair.relevance, *address, pair.text, pair.text_source)


@dataclass(frozen=True, slots=True)
class Image:
    """All survivors that show one image.

    Attributes:
        best: the pair it keeps.
        merged: the others, best first.
    """

    best: Survivor
    merged: tuple[Survivor, ...]


def bands(phash: str, near_distance: int) -> Iterator[str]:
    """Keys of which two hashes share at least one when they differ in at most `near_distance` bits.

    The hash is cut into `near_distance + 1` bands: that many differing bits leave one band untouched.

    Args:
        phash: 64-bit perceptual hash, 16 hex digits.
        near_distance: bits.
    """
    bits = f"{int(phash, 16):0{HASH_BITS}b}"
    count = near_distance + 1
    edges = [HASH_BITS * index // count for index in range(count + 1)]
    for index in range(count):
        yield f"{index}:{bits[edges[index] : edges[index + 1]]}"


def near_pairs(phashes: Iterable[str], near_distance: int) -> Iterator[tuple[str, str]]:
    """The pairs of different hashes of one band that differ in at most `near_distance` bits, each sorted."""
    for left, right in combinations(sorted(set(phashes)), 2):
        if (int(left, 16) ^ int(right, 16)).bit_count() <= near_distance:
            yield left, right


def roots(edges: Iterable[tuple[str, str]]) -> dict[str, str]:
    """For each hash in an edge, the smallest hash it is connected to, itself included (union-find)."""
    parent: dict[str, str] = {}

    def root(node: str) -> str:
        while parent.setdefault(node, node) != node:
            parent[node] = node = parent[parent[node]]
        return node

    for left, right in edges:
        low, high = sorted((root(left), root(right)))
        parent[high] = low
    return {node: root(node) for node in parent}


def one_image(survivors: Iterable[Survivor]) -> Image:
    """The best survivor, holding the other texts seen with the image as rivals, and those merged into it."""
    best, *merged = sorted(survivors, key=lambda survivor: survivor.rank)
    rivals = list(best.pair.rivals)
    for other in merged:
        rivals.append(as_rival(other.pair))
        rivals.extend(other.pair.rivals)
    others = sorted_rivals(rival for rival in rivals if rival.text != best.pair.text)
    return Image(replace(best, pair=replace(best.pair, rivals=others)), tuple(merged))


def as_rival(pair: Pair) -> Rival:
    """The pair's own text as a rival of a better one."""
    return Rival(pair.text, pair.text_source, pair.page_url, pair.relevance, None)


def sorted_rivals(rivals: Iterable[Rival]) -> tuple[Rival, ...]:
    """Scored ones first and best first among them; of equal texts the first, and no more than `MAX_RIVALS`."""

    def rank(rival: Rival) -> tuple[bool, float, str, str, str]:
        return (rival.relevance is None, -(rival.relevance or 0.0), rival.page_url, rival.source, rival.text)

    by_text: dict[str, Rival] = {}
    for rival in sorted(rivals, key=rank):
        by_text.setdefault(rival.text, rival)
    return tuple(by_text.values())[:MAX_RIVALS]


def text_key(text: str) -> str:
    """Equal for texts that differ only in case, punctuation and white space."""
    words = " ".join(re.findall(r"\w+", text.casefold()))
    return hashlib.sha256(words.encode()).hexdigest()[:32]


def is_shared_too_often(images: int, rules: AggregationRules) -> bool:
    """Whether a text on `images` different images describes none of them."""
    return images > rules.max_images_per_text
