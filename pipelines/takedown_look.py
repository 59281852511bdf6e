"""Which rows of which shards a takedown takes out, looked for by several processes where that pays."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from tqdm import tqdm

from filters.blocklist_entries import Entry
from pipelines.takedown_list import Named
from pipelines.takedown_shards import Gone, named_rows

Found = dict[Path, list[tuple[int, Gone]]]


def look_for(paths: Sequence[Path], entries: Sequence[Entry], workers: int) -> Found:
    """What goes, as (row group, what) by shard; shards of which nothing does are not in it.

    Raises:
        DataError: a shard is damaged.
    """
    found: Found = {}
    with tqdm(
        total=len(paths), desc="look", unit=" shards", dynamic_ncols=True
    ) as bar:  # closed before an error is told
        for path, rows in zip(paths, looked_at(paths, tuple(entries), max(1, min(workers, len(paths)))), strict=True):
            bar.update()
            if rows:
                found[path] = rows
    return found


def looked_at(paths: Sequence[Path], entries: tuple[Entry, ...], workers: int) -> Iterator[list[tuple[int, Gone]]]:
    """What goes of each shard, in order."""
    if workers == 1:
        named = Named(entries)
        yield from (list(named_rows(path, named)) for path in paths)
        return
    # Not by a fork, which would lose the threads that Arrow and torch have started.
    with ProcessPoolExecutor(workers, get_context("spawn"), ready, (entries,)) as pool:
        try:
            yield from pool.map(look_at, paths)
        finally:
            pool.shutdown(cancel_futures=True)


@cache
def worker_state() -> dict[str, Named]:
    """What a process looks for."""
    return {}


def ready(entries: tuple[Entry, ...]) -> None:
    """Make a process know what it looks for."""
    worker_state()["named"] = Named(entries)


def look_at(path: Path) -> list[tuple[int, Gone]]:
    """What goes of a shard, in a process that is ready."""
    return list(named_rows(path, worker_state()["named"]))
