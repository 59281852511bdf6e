"""What a crawl still has to do and what became of the rest: the one place that knows every address it has met.

A unit of work is a page, from its fetch over its image's to the record: it is leased to one process from `take` until its
record is durably in a shard. Whatever implements `Frontier` keeps it on disk or on a server, so that a crawl that is
killed goes on from there.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final, Protocol
from urllib.parse import urlsplit

from crawler.address import MAX_ADDRESS
from crawler.balance import Counts
from crawler.items import Failure
from crawler.moments import Moments

KEY_BYTES: Final = 16  # of a digest: two of 10^12 addresses have the same one with a probability of 10^-15
KINDS: Final = ("page", "image", "sitemap", "seeds", "rows")
RECORD_KINDS: Final = ("page", "image")  # those that end in a record, and are counted
# How a unit ends for good. `same` is a page that did not change since it ended before, and ends as it did then.
OUTCOMES: Final = ("done", "refused", "same")


class FrontierError(OSError):
    """The frontier cannot be read or written; the message is one line that says what to do."""


@dataclass(frozen=True, slots=True)
class Work:
    """One unit of work.

    Attributes:
        key: what tells it from others; `key_of(url)` for all but images.
        url: the address to ask for, as found.
        kind: one of `KINDS`; `seeds` is an address of which only its answer tells whether it is a page or a sitemap,
            `rows` a file whose rows name images.
        depth: how many links away from a seed; of a sitemap, how many sitemaps below the first.
        home: the seed's site.
        note: what else a spider needs to do the work, in its own form; "" for a page.
        etag: of the answer that the page ended with before, to be asked with; "" without one.
        modified: its Last-Modified likewise.
    """

    key: bytes
    url: str
    kind: str = "page"
    depth: int = 0
    home: str = ""
    note: str = ""
    etag: str = ""
    modified: str = ""

    @property
    def host(self) -> str:
        """The host that the work is asked of."""
        return host_of(self.url)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a unit of work ended for good.

    Attributes:
        key: the unit's.
        outcome: one of `OUTCOMES`.
        at: ISO 8601 in UTC, to the second.
        etag: of the page's answer, when the outcome follows from that answer alone; else "".
        modified: its Last-Modified likewise.
    """

    key: bytes
    outcome: str
    at: str
    etag: str = ""
    modified: str = ""


class Frontier(Protocol):
    """The operations, each of them atomic; all raise `FrontierError` when they cannot be done.

    A kill may undo operations since the last `beat`, the latest first, but none before the last `writing` or `spooling`.
    """

    @property
    def moments(self) -> Moments | None:
        """When hosts may be asked, if other processes can share the crawl; None when they cannot."""

    def add(self, works: Iterable[Work]) -> int:
        """Queue units whose keys were never met, here or as the target of a redirect; answers how many those were."""

    def take(self, count: int, per_host: int, held: Mapping[str, int]) -> list[Work]:
        """Lease queued units to this process: one of each host in turn, first come first served within one.

        Args:
            count: how many, at most.
            per_host: how many units of one host a process may have in flight.
            held: how many it has in flight by host; while there are some, no other process is given any of that host.
        """

    def claim(self, url: str, key: bytes) -> bool:
        """Note that the unit `key` was redirected to `url`; False when that address is another unit's."""

    def be_page(self, key: bytes) -> None:
        """Note that a leased unit of kind `seeds` turned out to be a page."""

    def note(self, key: bytes, note: str) -> None:
        """Replace what a unit's spider noted on it."""

    def spooling(self, key: bytes) -> None:
        """The record of a leased unit is about to be put into the spool; what was done so far then survives a kill."""

    def hold(self, key: bytes) -> bool:
        """Lease a unit whose record was found in the spool, before the first `take`; False if it ended, or is another's."""

    def writing(self, shard: str, ends: Iterable[Ended]) -> None:
        """First phase: a shard, named relative to the output, is about to appear that holds the records of these units.

        Survives a power cut once it returns. Whoever opens the frontier later ends the units if the shard is there, and
        else queues them again.
        """

    def written(self, shard: str) -> None:
        """Second phase: the shard is in place, so its units have ended."""

    def end(self, ended: Ended) -> None:
        """End a unit that has no record: a sitemap, or a page that did not change."""

    def fail(self, key: bytes, failure: Failure) -> None:
        """Note that a unit failed in this run; its `attempts`, `first_at` and those of before are merged."""

    def forget(self, key: bytes) -> None:
        """Take a unit out, as if its address had never been met."""

    def retry(self, runs: int) -> int:
        """Queue what failed in fewer than `runs` runs; answers how many. Nothing while another process is at work."""

    def refresh(self, before: str) -> int:
        """Queue what ended for good at this time or before (ISO 8601, UTC), if nothing is open; answers how many."""

    def failures(self) -> Iterator[Failure]:
        """What failed and is not queued again, in the order it was met."""

    def counts(self) -> Counts:
        """How many units are in which state."""

    def remarks(self) -> list[str]:
        """What the counts do not tell, and somebody has to see to: a line each."""

    def beat(self) -> None:
        """Make what was done so far survive a kill and renew this process's leases; called about once a second."""

    def close(self) -> None:
        """Let go of the crawl, and of what this process has leased, so that another process or run is given it."""


def key_of(url: str) -> bytes:
    """The key of a page: a digest of its address without the fragment."""
    return blake2b(url.partition("#")[0].encode("utf-8", "replace"), digest_size=KEY_BYTES).digest()


def work_of(url: str, kind: str = "page", depth: int = 0, home: str = "") -> Work:
    """The unit of work behind an address as found; an overlong one keeps just enough to be told as such."""
    url = url.partition("#")[0].encode("utf-8", "replace").decode()
    return Work(key_of(url), url[: MAX_ADDRESS + 1], kind, depth, home)


def host_of(url: str) -> str:
    """The host of an address, in lower case and without a port, as Scrapy keeps its delays; "" when it has none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:  # an unclosed IPv6 bracket
        return ""
