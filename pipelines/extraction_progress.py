"""A progress line for an extraction, from the markers and notes that workers leave."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from pipelines.extraction import Source, finished_tally
from pipelines.shards import read_json

SECONDS = 0.5


@contextmanager
def progress_bar(waiting: Sequence[Source], output: Path, build: Path) -> Iterator[None]:
    """Show bytes read of those to read, files done, records and their rate, while the block runs."""
    bar = tqdm(
        total=sum(source.size for source in waiting), unit="B", unit_scale=True, desc="extract", dynamic_ncols=True
    )
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(bar, list(waiting), output, build, ended), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
        bar.close()


def _watch(bar: "tqdm[None]", waiting: list[Source], output: Path, build: Path, ended: threading.Event) -> None:
    """Look at markers and notes until the block ends, and once more then."""
    files, done, records, last_look = len(waiting), 0, 0, False
    while not last_look:
        last_look = ended.wait(SECONDS)
        written = {path.stem for path in (build / "done").glob("*.json")}  # one look, however many files
        for source in [source for source in waiting if source.key in written]:
            if (tally := finished_tally(source, output, build)) is not None:
                waiting.remove(source)
                done += source.size
                records += tally.records
        notes = [read_json(source.note(build)) for source in waiting]
        read = records + sum(note.get("records", 0) for note in notes)
        rate = read / max(bar.format_dict["elapsed"], 1e-9)
        bar.set_postfix_str(
            f"{files - len(waiting)} of {files} files, {read:,} records, {rate:,.0f} records/s", refresh=False
        )
        bar.update(max(0, done + sum(note.get("bytes", 0) for note in notes) - bar.n))
