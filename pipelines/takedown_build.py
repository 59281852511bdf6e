"""What a takedown changes in the folder of the build that made the corpus: caches, rejects, counters and the report."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from filters.blocklist_entries import Entry
from pipelines.card import write_card
from pipelines.funnel import Funnel
from pipelines.report import write_report
from pipelines.schema import REJECT_SCHEMA, DataError, Reject, open_shard
from pipelines.shards import read_json, write_json, write_parquet
from pipelines.takedown_list import Named
from pipelines.takedown_look import look_for

BLOCKED: Final = Reject("", "", None, None, "blocklist", "blocked", "")  # as a build writes it: no trace but a number
MERGED: Final = "merged into "
TAKEN_DOWN: Final = "takedown.parquet"  # among the rejects; the next build counts those rows where they come in
ROW_GROUP: Final = 10_000


def finished_build(folder: Path) -> dict[str, Any]:
    """What the build left to say that it finished.

    Raises:
        DataError: it did not finish.
    """
    done = read_json(folder / "build.json")
    if "funnel" not in done:
        raise DataError(
            f"a build in {folder}/ was stopped; finish it first by the same command (its --blocklist takes these lists as well)"
        )
    return done


def copies_of(keys: set[str], folder: Path) -> Iterator[str]:
    """The keys of the images that the build merged into these."""
    for path in sorted((folder / "rejects").glob("part-*.parquet")):
        with open_shard(path, REJECT_SCHEMA) as shard:
            for batch in shard.iter_batches(columns=["image_sha256", "reason", "detail"]):
                for row in batch.to_pylist():
                    if row["reason"] == "duplicate_image" and merged_into(row["detail"]) in keys:
                        yield row["image_sha256"]


def merged_into(detail: str) -> str:
    """The key that a reject says its candidate was merged into."""
    return detail.removeprefix(MERGED).partition(" ")[0]


def scrub(folder: Path, entries: Sequence[Entry], workers: int) -> None:
    """Take what lists name out of the build folder; a slice that held some of it is analysed again by the next build.

    Raises:
        DataError: a file is damaged, or the disk is full.
    """
    for path in look_for(sorted((folder / "analysed").glob("*.parquet")), entries, workers):
        forget(path)
    named = Named(entries)
    for path in sorted((folder / "rejects").glob("*.parquet")):
        if blank(path, named):
            forget(folder / "analysed" / path.name)


def forget(analysed: Path) -> None:
    """Remove a slice's result, its marker first: that must not vouch for a file that is gone."""
    analysed.with_suffix(".json").unlink(missing_ok=True)
    analysed.unlink(missing_ok=True)


def blank(path: Path, named: Named) -> bool:
    """Blank the rejects of a file that lists name, which keeps their number; whether there were any."""
    with open_shard(path, REJECT_SCHEMA) as shard:
        rows = shard.read().to_pylist()
    blanked = [BLOCKED.to_row() if names_reject(row, named) else row for row in rows]
    if blanked == rows:
        return False
    write_parquet(path, blanked, REJECT_SCHEMA, ROW_GROUP)
    return True


def names_reject(row: dict[str, Any], named: Named) -> bool:
    """Whether lists name a reject, or the page that it was merged into."""
    if named.kind_of_row(row):
        return True
    page = row["detail"].rpartition(" of ")[2] if row["detail"].startswith(MERGED) else ""
    return bool(page) and named.kind_of_address(page) is not None


def recount(folder: Path, corpus: Path) -> Funnel:
    """The funnel of the corpus as it is now: as many candidates as before, and those taken down among the rejects.

    Every number is counted anew, so that it comes out the same however often a takedown was stopped.

    Raises:
        RuntimeError: a candidate was lost.
    """
    candidates = Funnel.from_json(finished_build(folder)["funnel"]).candidates
    pairs = sum(pq.read_metadata(path).num_rows for path in corpus.glob("*.parquet"))
    (folder / "rejects" / TAKEN_DOWN).unlink(missing_ok=True)
    rejects: Counter[str] = Counter()
    for path in sorted((folder / "rejects").glob("*.parquet")):
        with open_shard(path, REJECT_SCHEMA) as shard:
            rejects += counted(shard.read(["stage", "reason"]))
    merged = rejects.pop("aggregation/duplicate_image", 0)
    errors = sum(rejects.pop(name) for name in list(rejects) if name.startswith("error/"))
    taken = candidates - pairs - merged - errors - rejects.total()
    if taken > 0:
        rejects["blocklist/blocked"] += taken
        write_parquet(folder / "rejects" / TAKEN_DOWN, [BLOCKED.to_row()] * taken, REJECT_SCHEMA, ROW_GROUP)
    funnel = Funnel(candidates, pairs, merged, errors, rejects)
    funnel.check()
    return funnel


def counted(rejects: pa.Table) -> Counter[str]:
    """How many rejects there are, by "stage/reason"."""
    groups = rejects.group_by(["stage", "reason"]).aggregate([([], "count_all")]).to_pylist()
    return Counter({f"{group['stage']}/{group['reason']}": group["count_all"] for group in groups})


def account(folder: Path, corpus: Path) -> None:
    """Bring what a build says of its corpus up to date: counters, report, card and what vouches for them."""
    done, funnel = finished_build(folder), recount(folder, corpus)
    write_json(folder / "counters.json", funnel.to_json())
    write_report(folder / "report.html", corpus, folder / "rejects", funnel)
    write_card(folder, corpus, corpus.name, funnel)
    write_json(folder / "build.json", {**done, "funnel": funnel.to_json()})
