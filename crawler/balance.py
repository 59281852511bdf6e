"""How far a crawl is: its numbers over all runs, which add up, and lines of a table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Counts:
    """How many units are in which state, over all runs and processes.

    Attributes:
        queued: pages that wait.
        leased: pages that a process works on, or has a record of that is in no shard yet.
        done: pages that ended in a candidate.
        refused: pages that ended in a refusal.
        failed: pages that may end better in another run.
        other: sitemaps and lists of seeds that are queued or leased.
        waiting: pages whose records a process was writing when it died: only its folder tells whether they are there.
    """

    queued: int
    leased: int
    done: int
    refused: int
    failed: int
    other: int
    waiting: int = 0

    @property
    def pages(self) -> int:
        """All pages."""
        return self.queued + self.leased + self.done + self.refused + self.failed + self.waiting

    @property
    def open(self) -> int:
        """Units that are queued, or leased by any process, which may yet find links: a crawl ends when it is 0."""
        return self.queued + self.leased + self.other


def line(title: str, count: int, meaning: str = "") -> str:
    """A line of the summary."""
    return f"{title:<26}{count:>8,}" + (f"   {meaning}" if meaning else "")


def books(counts: Counts) -> dict[str, int]:
    """Pages over all runs; what a process had in hand when it ended is queued."""
    queued = counts.queued + counts.leased + counts.waiting
    return {
        "pages": counts.pages,
        "candidates": counts.done,
        "refused": counts.refused,
        "failed": counts.failed,
        "queued": queued,
    }


def balance(counts: Counts, unit: str = "pages") -> str:
    """One line on all runs; the numbers add up. A unit of work is called as given."""
    parts = (f"{number:,} {name}" for name, number in books(counts).items() if name != "pages")
    return f"all runs: {counts.pages:,} {unit} = {' + '.join(parts)}"
