"""Take pictures out of a corpus: `python -m pipelines.takedown --corpus lait.parquet --urls FILE`."""

import argparse
import fcntl
import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyarrow.parquet as pq
from tqdm import tqdm

from filters.blocklist_entries import Entry
from pipelines.command import add_corpus, exit_status
from pipelines.run import UsageError
from pipelines.schema import PAIR_SCHEMA, DataError, shard_paths
from pipelines.shards import read_json, write_json
from pipelines.takedown_build import account, copies_of, finished_build, scrub
from pipelines.takedown_list import (
    TAKES,
    Named,
    given_entries,
    keep,
    kept_entries,
    kept_list,
    pending_marker,
    takedown_folder,
)
from pipelines.takedown_look import Found, look_for
from pipelines.takedown_shards import Gone, read_diff, rewrite, write_diff


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; the exit status."""
    options = parser().parse_args(arguments)
    return exit_status(
        lambda: taken_down(options.corpus, {name: getattr(options, name) for name in TAKES}, options.workers),
        "stopped; the same command goes on",
    )


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    options = argparse.ArgumentParser(
        "python -m pipelines.takedown",
        description="Take pairs out of a corpus, and keep them out of later builds of it.",
        epilog="One entry a line, as --blocklist takes them. Without a list, a takedown that was stopped is finished.",
    )
    add_corpus(options)
    what = {
        "urls": "addresses of pages or images",
        "hosts": "hosts, which stand for their subdomains too",
        "hashes": "images by SHA-256, MD5 (32 digits, or md5: before them) or PDQ (pdq: before them)",
    }
    for name, said in what.items():
        options.add_argument(f"--{name}", type=Path, action="append", default=[], metavar="FILE", help=said)
    options.add_argument(
        "--workers",
        type=int,
        default=1,
        metavar="N",
        help="processes that look for what is named; PDQ hashes take 2 ms a picture (default: %(default)s)",
    )
    return options


def taken_down(corpus: Path, lists: dict[str, list[Path]], workers: int) -> str:
    """Take what the lists name out of the corpus; one line of what went.

    Raises:
        DataError: a list or the corpus cannot be read, or another command is at it.
        UsageError: there is no list, or one in the wrong place.
    """
    entries = [entry for name, paths in lists.items() for path in paths for entry in given_entries(name, path)]
    corpus = corpus.resolve() if corpus.is_symlink() else corpus
    if workers < 1:
        raise UsageError(f"--workers {workers} must be at least 1")
    if not entries and not pending_marker(corpus).exists():
        raise UsageError("nothing is named; give a list by --urls, --hosts or --hashes")
    paths = shard_paths(corpus, PAIR_SCHEMA)
    build = corpus.with_name(f"{corpus.name}.build")
    with reserved(corpus, build):
        if build.exists():
            finished_build(build)
        remove_drafts(paths)
        number, entries = begin(corpus, entries)
        pairs = sum(pq.read_metadata(path).num_rows for path in paths)
        found = look_for(paths, entries, workers)
        keys = {gone.image_sha256 for rows in found.values() for _, gone in rows if gone.what == "row"}
        keys |= set(copies_of(keys, build))
        entries += [("sha256", key) for key in keys]  # what went must not come back by way of another page
        mark(corpus, number, entries)
        keep(corpus, [*entries, *kept_entries(corpus)])
        named, diff = Named(entries), takedown_folder(corpus) / f"{number:05d}.parquet"
        remove(found, diff, named)
        if build.exists():
            scrub(build, entries, workers)
            account(build, corpus)
        gone = finish(corpus, diff)
    return summary(corpus, gone, pairs, diff)


@contextmanager
def reserved(corpus: Path, build: Path) -> Iterator[None]:
    """Hold the corpus against builds and other takedowns for the time of the block.

    Raises:
        DataError: another command holds it, or nothing can be written there.
    """
    folder = build if build.exists() else takedown_folder(corpus)
    try:
        folder.mkdir(exist_ok=True)
        lock = (folder / "lock").open("a")
    except OSError as error:
        raise DataError(f"cannot write to {folder}/ ({error.strerror}); make it writable") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(f"another command is writing {corpus}; wait for it") from None
        yield


def remove_drafts(paths: Sequence[Path]) -> None:
    """Remove what a takedown that was killed had not finished writing."""
    for path in paths:
        for draft in path.parent.glob(f".{path.name}.*.tmp"):
            draft.unlink()


def begin(corpus: Path, given: Sequence[Entry]) -> tuple[int, list[Entry]]:
    """Mark that a takedown is under way, which builds wait for; its number, and the entries that it applies.

    One that was stopped goes on with its number and its entries. What earlier ones took down has been applied already.
    """
    stopped = read_json(pending_marker(corpus))
    if not stopped:
        for left in (path for path in takedown_folder(corpus).glob("*") if path.is_dir()):
            shutil.rmtree(left)  # pieces of a diff that is whole
    number = stopped.get("number") or len(list(takedown_folder(corpus).glob("*.parquet"))) + 1
    entries = sorted({*given, *((kind, value) for kind, value in stopped.get("entries", []))})
    mark(corpus, number, entries)
    return number, entries


def mark(corpus: Path, number: int, entries: Sequence[Entry]) -> None:
    """Note what the takedown under way is about, so that it can go on without being told again."""
    write_json(pending_marker(corpus), {"number": number, "entries": list(entries)})


def remove(found: Found, diff: Path, named: Named) -> None:
    """Note what goes of each shard, then replace it; so a kill in between costs nothing but the time."""
    with tqdm(found.items(), "take down", unit=" shards", dynamic_ncols=True) as bar:
        for path, rows in bar:
            gone = {entry.image_sha256: entry for _, entry in rows}
            piece = diff.with_suffix("") / path.name
            before = {entry.image_sha256: entry for entry in (read_diff(piece) if piece.exists() else [])}
            write_diff(piece, list({**gone, **before}.values()))
            rewrite(path, gone, {group for group, _ in rows}, named)


def finish(corpus: Path, diff: Path) -> list[Gone]:
    """Put the shards' diffs together, and end the takedown; what went."""
    pieces = sorted(diff.with_suffix("").glob("*.parquet"))
    gone = [entry for piece in pieces for entry in read_diff(piece)]
    if gone:
        write_diff(diff, gone)
    pending_marker(corpus).unlink(missing_ok=True)
    shutil.rmtree(diff.with_suffix(""), ignore_errors=True)
    return gone


def summary(corpus: Path, gone: Sequence[Gone], pairs: int, diff: Path) -> str:
    """What went, in a line."""
    if not gone:
        return f"nothing in {corpus} is named; later builds of it apply {kept_list(corpus)}"
    rows = Counter(entry.reason for entry in gone if entry.what == "row")
    why = f" ({', '.join(f'{kind} {count:,}' for kind, count in rows.most_common())})" if rows else ""
    rivals = len(gone) - rows.total()
    also = f", rival texts out of {rivals:,} more" if rivals else ""
    shards = len({entry.shard for entry in gone})
    return f"{rows.total():,} of {pairs:,} pairs taken down{why}{also}; {shards:,} shards rewritten; diff {diff}"


if __name__ == "__main__":
    raise SystemExit(main())
