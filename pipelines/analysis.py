"""One slice of candidates judged by an `Analyser`, its pairs and rejects kept in files that a rerun finds again."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from crawler.items import Candidate
from pipelines.aggregation import Survivor
from pipelines.analyser import Analyser
from pipelines.funnel import Funnel
from pipelines.schema import PAIR_SCHEMA, REJECT_SCHEMA, Pair, Reject, open_shard
from pipelines.shards import Slice, candidate_rows, read_json, write_json, write_parquet

BATCH = 32  # candidates decoded at once: bounds memory, fills the models
ANALYSED_ROW_GROUP = 64  # rows; small, so that a corpus shard reads little besides its own images


def analyse(piece: Slice, analyser: Callable[[], Analyser], digest: str, folder: Path) -> list[Survivor]:
    """The slice's survivors, from its analysed file; makes that file first unless a finished one of this build is there.

    Args:
        piece: what to read.
        analyser: makes the filters and models; not called when there is nothing to do.
        digest: of the recipe and the models; other digest, other results.
        folder: the build folder; gets analysed/NAME.parquet, rejects/NAME.parquet and, last, analysed/NAME.json.

    Raises:
        DataError: the shard is damaged, or the disk is full.
    """
    analysed = folder / "analysed" / f"{piece.name}.parquet"
    if finished_funnel(piece, digest, folder) is None:
        analysed.with_suffix(".json").unlink(
            missing_ok=True
        )  # it must not vouch for files that are about to be replaced
        pairs: list[Pair] = []
        rejects: list[Reject] = []
        judge = analyser()
        for rows in candidate_rows(piece, BATCH):
            for verdict in judge.verdicts([Candidate.from_row(row) for row in rows]):
                if isinstance(verdict, Pair):
                    pairs.append(verdict)
                else:
                    rejects.append(verdict)
        pairs.sort(key=lambda pair: (pair.image_sha256, pair.page_url, pair.image_url))
        write_parquet(analysed, (pair.to_row() for pair in pairs), PAIR_SCHEMA, ANALYSED_ROW_GROUP)
        rejected = folder / "rejects" / analysed.name
        write_parquet(rejected, (verdict.to_row() for verdict in rejects), REJECT_SCHEMA, 10_000)
        funnel = rejected_funnel(len(pairs) + len(rejects), rejects)
        marker = {"made_from": made_from(piece, digest), "funnel": funnel.to_json()}
        write_json(analysed.with_suffix(".json"), marker)
    return survivors(analysed)


def made_from(piece: Slice, digest: str) -> dict[str, str | int]:
    """What a slice's marker must say for its files to stand."""
    return {"slice": piece.fingerprint, "last": piece.last, "recipe": digest}


def finished_funnel(piece: Slice, digest: str, folder: Path) -> Funnel | None:
    """The funnel of a slice whose files are there and stand; else None."""
    marker = read_json(folder / "analysed" / f"{piece.name}.json")
    files = [folder / kind / f"{piece.name}.parquet" for kind in ("analysed", "rejects")]
    if marker.get("made_from") != made_from(piece, digest) or not all(file.exists() for file in files):
        return None
    return Funnel.from_json(marker["funnel"])


def rejected_funnel(candidates: int, rejects: Sequence[Reject]) -> Funnel:
    """The funnel of a slice as far as it is known before aggregation: what went in and what fell out."""
    reasons = Counter(f"{verdict.stage}/{verdict.reason}" for verdict in rejects)
    errors = sum(reasons.pop(name) for name in list(reasons) if name.startswith("error/"))
    return Funnel(candidates, errors=errors, rejects=reasons)


def survivors(analysed: Path) -> list[Survivor]:
    """The rows of an analysed file without their image bytes, as read from disk.

    A fresh run reads back what it has just written, so that it sees the same float32 scores as a resumed one.
    """
    columns = [name for name in PAIR_SCHEMA.names if name != "image"]
    with open_shard(analysed, PAIR_SCHEMA) as shard:
        rows = shard.read(columns).to_pylist()
    return [Survivor(Pair.from_row({**row, "image": {"bytes": b"", "path": None}}), str(analysed)) for row in rows]
