"""A progress line for a build, from the markers that workers leave; so it is the same whatever runs them."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tqdm import tqdm

from pipelines.analysis import finished_funnel
from pipelines.shards import Slice

SECONDS = 0.5


@contextmanager
def progress_bar(pieces: Sequence[Slice], digest: str, folder: Path) -> Iterator[None]:
    """Show candidates analysed, their rate and how many of them fell out, while the block runs."""
    bar = tqdm(total=sum(piece.rows for piece in pieces), unit=" candidates", desc="analyse", dynamic_ncols=True)
    ended = threading.Event()
    watcher = threading.Thread(target=_watch, args=(bar, list(pieces), digest, folder, ended), daemon=True)
    watcher.start()
    try:
        yield
    finally:
        ended.set()
        watcher.join()
        bar.close()


def _watch(bar: "tqdm[None]", waiting: list[Slice], digest: str, folder: Path, ended: threading.Event) -> None:
    """Look for newly finished slices until the block ends, and once more then."""
    dropped, last_look = 0, False
    while waiting and not last_look:
        last_look = ended.wait(SECONDS)
        written = {path.stem for path in (folder / "analysed").glob("*.json")}  # one look, however many slices
        for piece in [piece for piece in waiting if piece.name in written]:
            funnel = finished_funnel(piece, digest, folder)
            if funnel is not None:
                waiting.remove(piece)
                dropped += funnel.rejects.total() + funnel.errors
                bar.set_postfix(dropped=dropped, refresh=False)
                bar.update(piece.rows)
