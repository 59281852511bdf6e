"""What an extraction reads, writes and depends on, settled before it starts."""

import fcntl
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq

from pipelines.extraction import Source, finished_tally
from pipelines.extraction_sources import check_input, matched, sources
from pipelines.row_shards import remove
from pipelines.schema import DataError
from pipelines.shards import read_json
from pipelines.tally import Tally, total

SHARD: Final = re.compile(r"(.+-[0-9a-f]{6})-\d{5}\.parquet")


@dataclass(frozen=True, slots=True)
class ExtractionPlan:
    """What an extraction will do.

    Attributes:
        sources: the WARC files, by name.
        output: the folder of candidate shards.
        build: the folder beside it that explains them, and what a rerun starts from.
    """

    sources: list[Source]
    output: Path
    build: Path

    def waiting(self) -> list[Source]:
        """The files that are still to be extracted, the largest first."""
        rest = [source for source in self.sources if finished_tally(source, self.output, self.build) is None]
        return sorted(rest, key=lambda source: (-source.size, source.key))


def planned(inputs: Sequence[str], output: Path) -> ExtractionPlan:
    """What to read and write, checked before anything is written.

    Raises:
        DataError: an input cannot be read, or the output is something else's.
    """
    output = output.resolve() if output.is_symlink() else output
    if not output.name:
        raise DataError(f"{output} is no name for a folder of candidates; give another --output")
    build = output.with_name(f"{output.name}.build")
    check_output(output, build)
    plan = ExtractionPlan(sources(matched(inputs), build), output, build)
    for source in plan.waiting():
        check_input(source)
    return plan


def check_output(output: Path, build: Path) -> None:
    """Raise DataError unless `output` is free, or this command's own from before."""
    if not output.exists():
        parent = next(folder for folder in output.absolute().parents if folder.exists())
        if not parent.is_dir():
            raise DataError(f"cannot write to {output}/ ({parent} is a file); give another --output")
        return
    if not output.is_dir():
        raise DataError(f"{output} is a file; candidates go to a folder of shards: give another --output")
    names = sorted(path.name for path in output.iterdir())
    foreign = [name for name in names if not SHARD.fullmatch(name)]
    if foreign or (names and not (build / "done").exists()):
        what = foreign[0] if foreign else names[0]
        raise DataError(f"{output}/ holds {what}, not made by this command here; move it away or give another --output")


@contextmanager
def reserved(plan: ExtractionPlan) -> Iterator[None]:
    """Hold the output for the time of the block.

    Raises:
        DataError: another extraction holds it, or it cannot be written.
    """
    try:
        for folder in (plan.output, plan.build / "done"):
            folder.mkdir(parents=True, exist_ok=True)
        lock = (plan.build / "lock").open("a")
    except OSError as error:
        raise DataError(f"cannot write to {plan.output}/ ({error.strerror}); give another --output") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(f"another run is writing {plan.output}/; wait for it or give another --output") from None
        yield


def sweep(plan: ExtractionPlan) -> None:
    """Remove shards that no marker vouches for, such as those of a run that was killed while it moved them."""
    vouched: set[str] = set()
    for marker in (plan.build / "done").glob("*.json"):
        vouched.update(name for names in read_json(marker).get("shards", {}).values() for name in names)
    for folder in (plan.output, plan.build / "refused"):
        remove([path for path in folder.glob("*.parquet") if path.name not in vouched])


def reconciled(plan: ExtractionPlan) -> Tally:
    """The tally of all files of this run.

    Raises:
        RuntimeError: a record was lost or counted twice, or the shards hold something else than the markers say.
    """
    markers = [read_json(source.marker(plan.build)) for source in plan.sources]
    tally = total(Tally.from_json(marker["tally"]) for marker in markers)
    tally.check()
    for kind, folder, count in (
        ("candidates", plan.output, tally.candidates),
        ("refused", plan.build / "refused", tally.refused.total()),
    ):
        rows = sum(pq.read_metadata(folder / name).num_rows for marker in markers for name in marker["shards"][kind])
        if rows != count:
            raise RuntimeError(f"{folder}/ holds {rows} rows, not the {count} counted; please report this")
    return tally
