"""A frontier in one SQLite file, `OUT/frontier.sqlite`, for a crawl by one process.

The process keeps one transaction open and commits it about once a second and before a record is spooled, so that an
operation costs microseconds. They are committed in the order they were done: a kill undoes the last ones, whose pages
are then met as still to do.
"""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from crawler.balance import Counts
from crawler.frontier import KINDS, RECORD_KINDS, Ended, Work, key_of
from crawler.frontier_rows import (
    ADD,
    ALIAS,
    DONE,
    END,
    FAIL,
    FAILED,
    FAILURES,
    HOLD,
    LEASED,
    QUEUED,
    RECORDED,
    REFUSED,
    SAME,
    STATE_OF,
    recorded_row,
    row_of,
)
from crawler.frontier_tables import Tables
from crawler.host_turns import HostTurns
from crawler.items import Failure
from crawler.lock import hold_folder
from crawler.recorded import recorded_pages, remove_partials

FILE: Final = "frontier.sqlite"


class SqliteFrontier:
    """`crawler.frontier.Frontier` for one process, which holds a lock on the folder for as long as it lives."""

    moments: Final = None

    def __init__(self, out: Path) -> None:
        """Open or make the file; what a killed process left is queued, or ended where its shard is there.

        Raises:
            FrontierError: another crawl has the folder, or the file cannot be used.
        """
        self._lock = hold_folder(out)
        try:
            self._tables = Tables(out / FILE)
            self._turns = HostTurns(self._tables)
            try:
                self._recover(out)
            except BaseException:
                self._tables.close()
                raise
        except BaseException:
            self._lock.close()
            raise

    def add(self, works: Iterable[Work]) -> int:
        """See `Frontier`."""
        return self._tables.run_many(ADD, map(row_of, works))

    def take(self, count: int, per_host: int, held: Mapping[str, int]) -> list[Work]:
        """See `Frontier`."""
        return self._turns.take(count, per_host, held)

    def claim(self, url: str, key: bytes) -> bool:
        """See `Frontier`."""
        target = key_of(url)
        if target == key:
            return True
        if self._tables.run(ADD, (target, url, 0, ALIAS, 0, 0, "", "", key)).rowcount == 1:
            return True
        return bool(self._tables.run("SELECT holder = ? FROM work WHERE key = ?", (key, target)).fetchone()[0])

    def be_page(self, key: bytes) -> None:
        """See `Frontier`."""
        self._tables.run("UPDATE work SET kind = ? WHERE key = ?", (KINDS.index("page"), key))

    def note(self, key: bytes, note: str) -> None:
        """See `Frontier`."""
        self._tables.run("UPDATE work SET note = ? WHERE key = ?", (note, key))

    def spooling(self, key: bytes) -> None:
        """See `Frontier`."""
        self._tables.run("INSERT OR IGNORE INTO spooled VALUES (?)", (key,))
        self._tables.commit()

    def hold(self, key: bytes) -> bool:
        """See `Frontier`."""
        return self._tables.run(HOLD, (key,)).rowcount == 1

    def writing(self, shard: str, ends: Iterable[Ended]) -> None:
        """See `Frontier`."""
        rows = [(shard, end.key, STATE_OF[end.outcome], end.at, end.etag, end.modified) for end in ends]
        self._tables.run("DELETE FROM writing WHERE shard = ?", (shard,))  # an attempt that found no room
        self._tables.commit_durably("INSERT INTO writing VALUES (?, ?, ?, ?, ?, ?)", rows)

    def written(self, shard: str) -> None:
        """See `Frontier`."""
        in_shard = "SELECT outcome, ended, etag, modified, key FROM writing WHERE shard = ?"
        rows = self._tables.run(in_shard, (shard,)).fetchall()
        self._tables.run_many(END, rows)
        self._tables.run_many("DELETE FROM spooled WHERE key = ?", [row[-1:] for row in rows])
        self._tables.run("DELETE FROM writing WHERE shard = ?", (shard,))

    def end(self, ended: Ended) -> None:
        """See `Frontier`."""
        if ended.outcome == "same":
            self._tables.run(SAME, (ended.at, ended.key))
        else:
            self._tables.run(END, (STATE_OF[ended.outcome], ended.at, ended.etag, ended.modified, ended.key))
        self._tables.commit()

    def fail(self, key: bytes, failure: Failure) -> None:
        """See `Frontier`."""
        last = failure.reason, failure.detail, failure.image_url, failure.first_at, failure.last_at
        self._tables.run(FAIL, (*last, key))

    def forget(self, key: bytes) -> None:
        """See `Frontier`."""
        self._tables.run("DELETE FROM work WHERE key = ?", (key,))

    def retry(self, runs: int) -> int:
        """See `Frontier`."""
        failed = f"state = {FAILED} AND attempts < ?"
        return self._tables.run(f"UPDATE work SET state = {QUEUED} WHERE {failed}", (runs,)).rowcount

    def refresh(self, before: str) -> int:
        """See `Frontier`; reads every row."""
        if self.counts().open:
            return 0
        ended = f"state IN ({DONE}, {REFUSED}) AND ended <= ?"
        return self._tables.run(f"UPDATE work SET state = {QUEUED} WHERE {ended}", (before,)).rowcount

    def failures(self) -> Iterator[Failure]:
        """See `Frontier`."""
        return (Failure(*row) for row in self._tables.run(FAILURES))

    def counts(self) -> Counts:
        """See `Frontier`."""
        number = [0] * (ALIAS + 1)
        other = 0
        for kind, state, n in self._tables.run("SELECT kind, state, n FROM tally"):
            if KINDS[kind] in RECORD_KINDS:
                number[state] += n
            elif state in (QUEUED, LEASED):
                other += n
        return Counts(number[QUEUED], number[LEASED], number[DONE], number[REFUSED], number[FAILED], other)

    def remarks(self) -> list[str]:
        """See `Frontier`; there is nothing that this one cannot settle itself."""
        return []

    def beat(self) -> None:
        """See `Frontier`; there are no leases to renew, since the lock holds for as long as the process lives."""
        self._tables.commit()

    def close(self) -> None:
        """See `Frontier`; the next to open the file queues what is leased. A second call does nothing."""
        if self._lock.closed:
            return
        try:
            self.beat()
        finally:
            self._tables.close()
            self._lock.close()

    def _recover(self, out: Path) -> None:
        for (shard,) in self._tables.run("SELECT DISTINCT shard FROM writing").fetchall():
            if (out / shard).is_file():
                self.written(shard)
        self._tables.run("DELETE FROM writing")
        self._tables.run(f"UPDATE work SET state = {QUEUED} WHERE state = {LEASED}")
        if self._tables.run("SELECT count(*) FROM (SELECT 1 FROM work LIMIT 1)").fetchone() == (0,):
            self._tables.run_many(RECORDED, map(recorded_row, recorded_pages(out)))
        self.beat()
        remove_partials(out)
