"""Blocklists, such as takedowns and lists of abuse hashes: what must not get into a corpus, from files of the user's."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from filters.blocklist_entries import Entry, canonical_address, read_entries
from filters.pdq import PdqIndex, pdq_hashes

KEY_BYTES: Final = 16  # of a digest: two entries of a billion meet in one with a chance of 1e-21


@dataclass(frozen=True, slots=True)
class BlocklistFilter:
    """Which lists to apply, and how alike two pictures are one.

    Attributes:
        files: one entry a line: `sha256:`, `md5:` or `pdq:` and hex digits of an image; `url:` and an address, of a page
            or an image; `host:` and a name, which stands for its subdomains too. What follows # is a comment. Without
            the word before it, 64 hex digits are a SHA-256, 32 an MD5, what has :// is an address, and else a host.
        pdq_distance: bits of 256 in which the PDQ hashes of two copies of a picture may differ. Meta's default is 31
            (https://github.com/facebook/ThreatExchange, `PDQ_CONFIDENT_MATCH_THRESHOLD`); strangers differ in about 128.
        pdq_min_quality: of PDQ's 0..100; a picture below it has too little in it to be told from others, and its hash is
            not looked up. Meta's own is 50 (`PdqSignal.QUALITY_THRESHOLD`).
    """

    files: tuple[Path, ...] = ()
    pdq_distance: int = 31
    pdq_min_quality: int = 50

    def __post_init__(self) -> None:
        if not 0 <= self.pdq_distance < 64:  # beyond it, looking a hash up takes as long as comparing all
            raise ValueError(f"pdq_distance must lie in 0..63 bits, not {self.pdq_distance}")
        if not 0 <= self.pdq_min_quality <= 100:
            raise ValueError(f"pdq_min_quality must lie in 0..100, not {self.pdq_min_quality}")


class Blocklist:
    """The entries of some lists, ready to be asked; a million take 16 MB, or 100 MB where they are PDQ hashes.

    It keeps digests of addresses and hosts, never themselves. On a column of a pandas frame or an Arrow table:

        >>> import pyarrow as pa
        >>> from filters.blocklist_entries import entry
        >>> table = pa.table({"image_url": ["https://a.example/1.jpg", "https://cdn.b.example/2.jpg"]})
        >>> blocklist = Blocklist([entry("host:b.example")])
        >>> [blocklist.reason_to_drop(addresses=[url]) for url in table["image_url"].to_pylist()]
        [None, 'blocked']

    Args:
        entries: as `read_blocklist` reads them from files.
        rules: how to compare.
    """

    def __init__(self, entries: Iterable[Entry], rules: BlocklistFilter | None = None) -> None:
        rules = rules or BlocklistFilter()
        keys, hashes, kinds = bytearray(), bytearray(), set()
        for kind, value in entries:
            kinds.add(kind)
            if kind == "pdq":
                hashes += bytes.fromhex(value)
            else:
                keys += key(kind, value)
        self._kinds = frozenset(kinds)
        self._keys = np.unique(np.frombuffer(bytes(keys), f"S{KEY_BYTES}"))
        self._pictures = PdqIndex(bytes(hashes), rules.pdq_distance)
        self._min_quality = rules.pdq_min_quality

    @property
    def compares_pictures(self) -> bool:
        """Whether a picture has to be decoded before it is known not to be blocked."""
        return "pdq" in self._kinds

    def reason_to_drop(
        self, addresses: Sequence[str] = (), image: bytes | None = None, picture: Image.Image | None = None
    ) -> str | None:
        """The reason "blocked", or None to keep.

        Args:
            addresses: of the page and of its image.
            image: the file as served.
            picture: the same decoded by `filters.image.decode`; looked at only where there are PDQ entries.
        """
        keys = [key for address in addresses for key in self._address_keys(address)]
        if image is not None:
            keys += [
                key(kind, hashlib.new(kind, image).hexdigest()) for kind in ("sha256", "md5") if kind in self._kinds
            ]
        if self._holds(keys) or (picture is not None and self._holds_near(picture)):
            return "blocked"
        return None

    def _address_keys(self, address: str) -> Iterator[bytes]:
        """The keys of an address, its host and the domains above it."""
        if self._kinds.isdisjoint(("url", "host")) or (canonical := canonical_address(address)) is None:
            return
        place, host = canonical
        yield key("url", place)
        labels = host.split(".")
        for index in range(len(labels)):
            yield key("host", ".".join(labels[index:]))

    def _holds(self, keys: Sequence[bytes]) -> bool:
        """Whether there is an entry of one of the keys."""
        if not keys or not len(self._keys):
            return False
        asked = np.array(keys, dtype=self._keys.dtype)
        found = np.searchsorted(self._keys, asked)
        return bool((self._keys.take(found, mode="clip") == asked).any())

    def _holds_near(self, picture: Image.Image) -> bool:
        """Whether there is an entry near the picture, turned and mirrored ones included."""
        if not self.compares_pictures:
            return False
        hashes, quality = pdq_hashes(picture)
        return quality >= self._min_quality and self._pictures.holds_near(hashes)


def read_blocklist(rules: BlocklistFilter) -> Blocklist:
    """The blocklist of the files that `rules` names.

    Raises:
        ValueError: a file is missing, or a line of it is no entry; says where, and not what it holds.
    """
    return Blocklist((entry for file in rules.files for entry in read_entries(file)), rules)


def key(kind: str, value: str) -> bytes:
    """What stands for an entry in memory."""
    return hashlib.blake2b(f"{kind}:{value}".encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()
