"""The crawl's books: every page ends in exactly one candidate or refusal, is counted, and is written to shards."""

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from crawler.items import CANDIDATE_SCHEMA, REFUSAL_SCHEMA, Candidate, Refusal
from crawler.reasons import REASONS
from crawler.store import ParquetShards, write_text_whole


class Ledger:
    """Counts pages and writes what became of them below `out`.

    Attributes:
        pages: how many pages were taken on.
        candidates: how many of them ended in a candidate.
        refusals: how many ended in a refusal, by reason.
    """

    def __init__(self, out: Path) -> None:
        self.out = out
        self.pages = 0
        self.candidates = 0
        self.refusals: Counter[str] = Counter()
        self._candidates = ParquetShards(out / "candidates", "candidates", CANDIDATE_SCHEMA)
        self._refused = ParquetShards(out / "refused", "refused", REFUSAL_SCHEMA)
        self._written: list[Path] = []  # beside the shards

    @property
    def unfinished(self) -> int:
        """Pages taken on that came to no end: 0 after a crawl that ran to its end."""
        return self.pages - self.candidates - self.refusals.total()

    @property
    def lost(self) -> int:
        """Pages that came to an end of which no shard tells: the buffered ones, after `close` those without room."""
        return self.candidates + self.refusals.total() - self._candidates.rows - self._refused.rows

    def take_on(self) -> None:
        """Count a page that is about to be requested."""
        self.pages += 1

    def keep(self, candidate: Candidate) -> None:
        """Write a candidate.

        Raises:
            OSError: its shard could not be written.
        """
        self.candidates += 1
        self._candidates.add(candidate.to_row())

    def refuse(self, refusal: Refusal) -> None:
        """Write a refusal.

        Raises:
            OSError: its shard could not be written.
            ValueError: the reason is not one of `REASONS`.
        """
        if refusal.reason not in REASONS:
            raise ValueError(f"unknown reason to refuse a page: {refusal.reason!r}")
        self.refusals[refusal.reason] += 1
        self._refused.add(refusal.to_row())

    def close(self, ended: str) -> None:
        """Write what is buffered, then `stats.json`; each is tried even when another could not be written.

        Args:
            ended: how the crawl ended, such as `finished`.

        Raises:
            OSError: something could not be written; shards written before are whole.
        """
        faults = [error for shards in (self._candidates, self._refused) if (error := fault_of(shards.close))]
        path = self.out / "stats.json"
        if error := fault_of(lambda: write_text_whole(path, json.dumps(self.stats(ended), indent=2) + "\n")):
            faults.append(error)
        else:
            self._written.append(path)
        if faults:
            raise faults[0]

    def stats(self, ended: str) -> dict[str, object]:
        """The books of this run; shards are relative to `out`."""
        return {
            "ended": ended,
            "pages": self.pages,
            "candidates": self.candidates,
            "refusals": dict(sorted(self.refusals.items())),
            "unfinished": self.unfinished,
            "lost": self.lost,
            "candidate_shards": [str(path.relative_to(self.out)) for path in self._candidates.paths],
            "refusal_shards": [str(path.relative_to(self.out)) for path in self._refused.paths],
        }

    def summary(self) -> str:
        """A table for the terminal, with the files that were written."""
        lines = [f"{'pages':<22}{self.pages:>8,}", f"{'candidates':<22}{self.candidates:>8,}"]
        lines.append(f"{'refused':<22}{self.refusals.total():>8,}")
        for reason, count in sorted(self.refusals.items(), key=lambda entry: (-entry[1], entry[0])):
            lines.append(f"  {reason:<20}{count:>8,}   {REASONS[reason]}")
        if self.unfinished:
            lines.append(f"{'unfinished':<22}{self.unfinished:>8,}   the crawl was stopped before they came to an end")
        if self.lost:
            lines.append(f"{'lost':<22}{self.lost:>8,}   they could not be written")
        written = (*self._candidates.paths, *self._refused.paths, *self._written)
        lines += ["written:", *(f"  {path}" for path in written)] if written else ["nothing was written"]
        return "\n".join(lines)


def fault_of(write: Callable[[], None]) -> OSError | None:
    """What kept something from being written; None when nothing did."""
    try:
        write()
    except OSError as error:
        return error
    return None
