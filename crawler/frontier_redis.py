"""A frontier on a Redis server, for a crawl by many processes, on many machines.

Each process has an output folder of its own, and a lease on what it works on: when it is not heard of for so long, what
it had goes back to the queue. Except for the records that it was just writing: whether their shard is there only its
folder tells, so those pages wait until a process opens that folder again, and are neither lost nor fetched twice.

All that changes something is one Lua script, in `crawler/lua`, which describes the keys. Beside them are the moments at
which hosts are asked (`crawler.moments`).

What a process writes besides its shards, `stats.json` and `failures.parquet`, is in its own folder as well: the counts are
its run's, while `all_runs` and the failures are the whole crawl's, as they were when it ended.
"""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, islice
from pathlib import Path
from typing import Final

from crawler.balance import Counts
from crawler.frontier import KINDS, RECORD_KINDS, Ended, Work, key_of
from crawler.items import Failure
from crawler.lock import hold_folder
from crawler.recorded import pages_in, remove_partials, shards_of
from crawler.redis_moments import RedisMoments
from crawler.redis_process import RedisProcess
from crawler.redis_rows import (
    Argument,
    counts_from,
    end_fields,
    failure_from,
    fields_of,
    page_fields,
    seconds_of,
    work_from,
)
from crawler.redis_server import RedisServer, read_address

CHUNK: Final = 500  # units that one operation is about at most, so that it holds up others for some milliseconds only
PATIENCE: Final = 1 / 3  # of the lease, for a server that restarts: what is leased is still so when it is back


class RedisFrontier:
    """`crawler.frontier.Frontier` for processes that give the same address."""

    def __init__(self, where: str, out: Path, lease_seconds: float) -> None:
        """Join the crawl, or begin it; what a killed process left in `out` is settled.

        Args:
            where: `redis://HOST:PORT/DB?crawl=NAME`.
            out: this process's folder.
            lease_seconds: without a sign of life, after which a process is taken for dead.

        Raises:
            FrontierError: another process has the folder, or the server cannot be used.
        """
        address = read_address(where)
        self._lock = hold_folder(out)
        try:
            self._server = RedisServer(address, PATIENCE * lease_seconds)
            self._process = RedisProcess(self._server, out, lease_seconds)
            self.moments = RedisMoments(self._server)
            self._out = out
            self._settle()
            self._learn()
            remove_partials(out)
        except BaseException:
            self._lock.close()
            raise

    def add(self, works: Iterable[Work]) -> int:
        """See `Frontier`."""
        rest, new = iter(works), 0
        while some := list(islice(rest, CHUNK)):
            new += int(self._process.do("add", *chain.from_iterable(map(fields_of, some))))
        return new

    def take(self, count: int, per_host: int, held: Mapping[str, int]) -> list[Work]:
        """See `Frontier`; where hosts are few, each process is given its share of them.

        Rows of one image that follow each other come together, so that the process that fetches it has them all.
        """
        in_flight: Iterator[Argument] = chain.from_iterable(held.items())
        answer = self._process.do("take", count, per_host, *in_flight)
        return [work_from(*answer[at : at + 8]) for at in range(0, len(answer), 8)]

    def claim(self, url: str, key: bytes) -> bool:
        """See `Frontier`."""
        target = key_of(url)
        return target == key or self._process.do("claim", target, key) == 1

    def be_page(self, key: bytes) -> None:
        """See `Frontier`."""
        self._process.do("be_page", key)

    def note(self, key: bytes, note: str) -> None:
        """See `Frontier`."""
        self._process.do("note", key, note)

    def spooling(self, key: bytes) -> None:
        """See `Frontier`; all is with the server already."""

    def hold(self, key: bytes) -> bool:
        """See `Frontier`; what was leased to the folder's last process was queued again, and may have gone to another."""
        return bool(self._process.do("hold", key))

    def writing(self, shard: str, ends: Iterable[Ended]) -> None:
        """See `Frontier`; a power cut of the server is survived as well as its `appendfsync` allows."""
        self._process.do("writing", shard, *chain.from_iterable(map(end_fields, ends)))

    def written(self, shard: str) -> None:
        """See `Frontier`."""
        self._process.do("written", shard, 1)

    def end(self, ended: Ended) -> None:
        """See `Frontier`."""
        self._process.do("finish", *end_fields(ended))

    def fail(self, key: bytes, failure: Failure) -> None:
        """See `Frontier`."""
        image = failure.image_url or ""
        self._process.do("fail", key, failure.reason, failure.detail, image, failure.first_at, failure.last_at)

    def forget(self, key: bytes) -> None:
        """See `Frontier`."""
        self._process.do("forget", key)

    def retry(self, runs: int) -> int:
        """See `Frontier`."""
        last, queued = b"-inf", 0
        while last:
            last, some = self._process.do("retry", runs, last, CHUNK)
            queued += int(some)
        return queued

    def refresh(self, before: str) -> int:
        """See `Frontier`; reads every row, and queues them in no order. One that is killed is half done."""
        if self.counts().open:
            return 0
        cursor, queued = b"0", 0
        while True:
            cursor, some = self._process.do("refresh", seconds_of(before), cursor, CHUNK)
            queued += int(some)
            if cursor == b"0":
                return queued

    def failures(self) -> Iterator[Failure]:
        """See `Frontier`."""
        last = b"-inf"
        kinds = [KINDS.index(kind) for kind in RECORD_KINDS]
        while last:
            last, *found = self._process.do("failures", last, CHUNK)
            for kind, *texts, attempts in zip(*[iter(found)] * 9, strict=True):
                if int(kind) in kinds:
                    yield failure_from(KINDS[int(kind)], int(attempts), *(text.decode() for text in texts))

    def counts(self) -> Counts:
        """See `Frontier`."""
        return counts_from(self._server.run("HGETALL", self._process.key("tally")))

    def remarks(self) -> list[str]:
        """See `Frontier`: folders that pages wait for."""
        lines = []
        for name, where in sorted(self._server.run("HGETALL", self._process.key("folder")).items()):
            if pages := int(self._process.do("waiting", name)):
                lines.append(
                    f"{pages:,} pages wait for the folder {where.decode()}, which a process was writing to when it died: "
                    "run the same command there, once"
                )
        return lines

    def beat(self) -> None:
        """See `Frontier`; all is with the server already."""
        self._process.do("beat")

    def close(self) -> None:
        """See `Frontier`. A second call does nothing."""
        if self._lock.closed:
            return
        try:
            self._settle()
            self._process.do("close")
        finally:
            self._server.close()
            self._lock.close()

    def _settle(self) -> None:
        """End the units in shards that were being written and are there, and have the others queued."""
        for shard in self._server.run("HKEYS", self._process.key(f"writing:{self._process.folder}")):
            self._process.do("written", shard, int((self._out / shard.decode()).is_file()))

    def _learn(self) -> None:
        """Tell the server of shards that it does not know: the folder is older than the crawl, or it has forgotten."""
        known = self._server.run("SMEMBERS", self._process.key(f"shards:{self._process.folder}"))
        for shard in shards_of(self._out):
            if shard.encode() in known:
                continue
            rest = pages_in(self._out, shard)
            while some := list(islice(rest, CHUNK)):
                self._process.do("recorded", *chain.from_iterable(map(page_fields, some)))
            self._process.do("written", shard, 1)
