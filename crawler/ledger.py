"""The crawl's books: every page ends in one candidate, refusal or failure, is counted, and is written down."""

import json
from collections import Counter
from pathlib import Path

from crawler.balance import Counts, balance, books, line
from crawler.frontier import Ended, Frontier
from crawler.items import CANDIDATE_SCHEMA, FAILURE_SCHEMA, REFUSAL_SCHEMA, Candidate, Failure, Refusal
from crawler.limits import Limits
from crawler.reasons import REASONS, known
from crawler.spool import Spool
from crawler.store import ParquetShards
from crawler.whole_files import fault_of, replace_whole, write_text_whole


class Ledger:
    """Counts the pages of this run and writes what became of them below `out`.

    All methods raise `OSError` when something cannot be written; shards written before are whole.

    Attributes:
        pages: how many pages were taken on.
        candidates: how many of them ended in a candidate.
        refusals: how many ended in a refusal, by reason.
        failures: how many failed in a way that may pass, by reason.
        unchanged: how many had not changed since they ended in an earlier run.
        images: how many images were fetched.
        in_all: pages over all runs, counted by `close`; None before, and when they cannot be read.
        remarks: the frontier's, read with them.
    """

    def __init__(self, out: Path, frontier: Frontier, limits: Limits) -> None:
        self.out = out
        self.pages = self.candidates = self.unchanged = self.images = 0
        self.refusals: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self._frontier, self._shard_seconds = frontier, limits.shard_seconds
        size = limits.shard_bytes
        self._candidates, self._refused = (
            ParquetShards(
                out / name, name, schema, size, journal=frontier, spool=Spool(out, name, schema, limits.spool)
            )
            for name, schema in (("candidates", CANDIDATE_SCHEMA), ("refused", REFUSAL_SCHEMA))
        )
        self._written: list[Path] = []  # beside the shards
        self.in_all: Counts | None = None
        self.remarks: list[str] = []

    @property
    def ended(self) -> int:
        """Pages that came to an end in this run."""
        return self.candidates + self.refusals.total() + self.failures.total() + self.unchanged

    @property
    def unfinished(self) -> int:
        """Pages taken on that came to no end: 0 after a crawl that ran to its end."""
        return self.pages - self.ended

    @property
    def lost(self) -> int:
        """Pages that came to an end of which neither a shard nor the spool tells: after `close` those without room."""
        rows = self._candidates.rows + self._refused.rows
        return self.candidates + self.refusals.total() + self.recovered - rows - self.spooled

    @property
    def recovered(self) -> int:
        """Pages of an earlier run, which was killed, whose records this one found in the spool."""
        return self._candidates.recovered + self._refused.recovered

    @property
    def spooled(self) -> int:
        """Pages that came to an end of which the spool tells, and no shard yet: after `close` those without room."""
        return self._candidates.spooled + self._refused.spooled

    def recover(self) -> list[str]:
        """Go on from the records that a killed run left in the spool, before any work is taken.

        Returns:
            Warnings, a line each.
        """
        return [
            warning for shards in (self._candidates, self._refused) for warning in shards.recover(self._frontier.hold)
        ]

    def take_on(self) -> None:
        """Count a page that is about to be requested."""
        self.pages += 1

    def keep(self, candidate: Candidate, ended: Ended) -> None:
        """Write a candidate."""
        self.candidates += 1
        self._candidates.add(candidate.to_row(), ended)

    def refuse(self, refusal: Refusal, ended: Ended) -> None:
        """Write a refusal; a reason that is not one of `REASONS` is a `ValueError`."""
        self.refusals[known(refusal.reason)] += 1
        self._refused.add(refusal.to_row(), ended)

    def fail(self, key: bytes, failure: Failure) -> None:
        """Note a failure; a reason that is not one of `REASONS` is a `ValueError`."""
        self.failures[known(failure.reason)] += 1
        self._frontier.fail(key, failure)

    def leave_unchanged(self, ended: Ended) -> None:
        """Note that a page did not change."""
        self.unchanged += 1
        self._frontier.end(ended)

    def beat(self) -> None:
        """Write shards that have waited long enough, and let what the frontier knows survive a kill."""
        for shards in (self._candidates, self._refused):
            shards.flush_older(self._shard_seconds)
        self._frontier.beat()

    def flush(self) -> None:
        """Write what is buffered."""
        for shards in (self._candidates, self._refused):
            shards.flush()

    def close(self, ended: str) -> None:
        """Write what is buffered, `failures.parquet` and `stats.json`, and close the frontier.

        Each is tried even when another could not be written.

        Args:
            ended: how the crawl ended, such as `finished`.
        """
        failures, stats = self.out / "failures.parquet", self.out / "stats.json"
        faults = [fault_of(self._candidates.close), fault_of(self._refused.close)]
        faults.append(fault_of(lambda: write_failures(failures, self._frontier)))
        faults.append(fault_of(self._count_all))
        faults.append(fault_of(lambda: write_text_whole(stats, json.dumps(self.stats(ended), indent=2) + "\n")))
        faults.append(fault_of(self._frontier.close))
        self._written = [path for path, fault in ((failures, faults[2]), (stats, faults[4])) if fault is None]
        for fault in faults:
            if fault is not None:
                raise fault

    def _count_all(self) -> None:
        self.in_all, self.remarks = self._frontier.counts(), self._frontier.remarks()

    def stats(self, ended: str) -> dict[str, object]:
        """The books of this run, and once closed those of all runs (and processes); shards are relative to `out`."""
        return {
            "ended": ended,
            "pages": self.pages,
            "candidates": self.candidates,
            "refusals": dict(sorted(self.refusals.items())),
            "failures": dict(sorted(self.failures.items())),
            "not_modified": self.unchanged,
            "unfinished": self.unfinished,
            "lost": self.lost,
            "recovered": self.recovered,
            "spooled": self.spooled,
            "candidate_shards": [str(path.relative_to(self.out)) for path in self._candidates.paths],
            "refusal_shards": [str(path.relative_to(self.out)) for path in self._refused.paths],
            "all_runs": None if self.in_all is None else books(self.in_all),
        }

    def summary(self, unit: str = "pages") -> str:
        """A table for the terminal, with the files that were written. A unit of work is called as given."""
        lines = [line(unit, self.pages), line("candidates", self.candidates)]
        for title, reasons in (("refused", self.refusals), ("failed", self.failures)):
            if reasons or title == "refused":
                lines.append(line(title, reasons.total()))
            for reason, count in sorted(reasons.items(), key=lambda entry: (-entry[1], entry[0])):
                lines.append(line(f"  {reason}", count, REASONS[reason]))
        if self.unchanged:
            lines.append(line("not modified", self.unchanged, "since they were fetched before"))
        if self.unfinished:
            lines.append(line("unfinished", self.unfinished, "the crawl was stopped before they came to an end"))
        if self.lost:
            lines.append(line("lost", self.lost, "they could not be written; the next run fetches them again"))
        if self.recovered:
            lines.append(
                line("recovered", self.recovered, "more, recorded by a run that was killed before it could write them")
            )
        if self.spooled:
            lines.append(line("spooled", self.spooled, "of these, in no shard yet; the next run goes on from them"))
        if self.in_all is not None:
            lines += [balance(self.in_all, unit), *self.remarks]
        written = (*self._candidates.paths, *self._refused.paths, *self._written)
        lines += ["written:", *(f"  {path}" for path in written)] if written else ["nothing was written"]
        return "\n".join(lines)


def write_failures(path: Path, frontier: Frontier) -> None:
    """Write the table of what failed and may be tried again.

    Raises:
        OSError: it cannot be written.
    """
    replace_whole(path, FAILURE_SCHEMA, (failure.to_row() for failure in frontier.failures()))
