"""One shard of the corpus out of the decisions that fall into its range of image hashes."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path

from pipelines.aggregation import Image, Survivor
from pipelines.funnel import Funnel
from pipelines.schema import PAIR_SCHEMA, REJECT_SCHEMA, Pair, Reject, open_shard
from pipelines.shards import read_json, write_json, write_parquet

CORPUS_ROW_GROUP = 128  # rows, some 10 MB: a training worker holds a few at once


@dataclass(frozen=True, slots=True)
class Decision:
    """What aggregation made of an image.

    Attributes:
        image: the image with its best pair and those merged into it.
        sharing: on how many different images the pair's text stands, this one included.
        is_dropped: whether that is too many.
    """

    image: Image
    sharing: int
    is_dropped: bool


def shard_index(image_sha256: str, shards: int) -> int:
    """Which of `shards` equal ranges of the hash space the image falls into; concatenated, the shards are sorted."""
    return int(image_sha256[:8], 16) * shards >> 32


def shard_name(index: int, shards: int) -> str:
    """The corpus shard's file name."""
    return f"part-{index:05d}-of-{shards:05d}.parquet"


def part_marker(folder: Path, name: str) -> Path:
    """The file that says a corpus shard is written, out of what, and counts it."""
    return folder / "parts" / f"{name}.json"


def assemble(name: str, decisions: Iterable[Decision], digest: str, folder: Path) -> None:
    """Write corpus/NAME, rejects/NAME and, last, the marker parts/NAME.json, unless that marker says they are there.

    Raises:
        DataError: an analysed file is damaged, or the disk is full.
    """
    ordered = sorted(decisions, key=lambda decision: decision.image.best.pair.image_sha256)
    made_from = hashlib.sha256(f"{digest} {ordered!r}".encode()).hexdigest()
    part, marker = folder / "corpus" / name, part_marker(folder, name)
    if part.exists() and read_json(marker).get("made_from") == made_from:
        return
    marker.unlink(missing_ok=True)  # it must not vouch for files that are about to be replaced
    kept = [decision.image.best for decision in ordered if not decision.is_dropped]
    shared = [verdict for decision in ordered if decision.is_dropped for verdict in shared_rejects(decision)]
    merged = [verdict for decision in ordered if not decision.is_dropped for verdict in merged_rejects(decision.image)]
    write_parquet(part, (pair.to_row() for pair in with_bytes(kept)), PAIR_SCHEMA, CORPUS_ROW_GROUP)
    rejects = sorted([*shared, *merged], key=lambda verdict: (verdict.page_url, verdict.image_url))
    write_parquet(folder / "rejects" / name, (verdict.to_row() for verdict in rejects), REJECT_SCHEMA, 10_000)
    funnel = Funnel(pairs=len(kept), merged=len(merged))
    if shared:
        funnel.rejects["aggregation/text_shared"] = len(shared)
    write_json(marker, {"made_from": made_from, "funnel": funnel.to_json()})


def shared_rejects(decision: Decision) -> Iterator[Reject]:
    """One record for each page of an image that went because its text stands on too many others."""
    detail = f"on {decision.sharing} images"
    for survivor in (decision.image.best, *decision.image.merged):
        yield aggregation_reject(survivor.pair, "text_shared", detail)


def merged_rejects(image: Image) -> Iterator[Reject]:
    """One record for each survivor that lives on in the image's best pair."""
    best = image.best.pair
    for survivor in image.merged:
        yield aggregation_reject(
            survivor.pair, "duplicate_image", f"merged into {best.image_sha256} of {best.page_url}"
        )


def aggregation_reject(pair: Pair, reason: str, detail: str) -> Reject:
    """The reject record of a pair that aggregation takes out."""
    return Reject(pair.page_url, pair.image_url, pair.image_sha256, pair.text, "aggregation", reason, detail)


def with_bytes(survivors: Sequence[Survivor]) -> list[Pair]:
    """The survivors' pairs, in order, with their image bytes read from the analysed files."""
    found: dict[str, bytes] = {}
    for origin in sorted({survivor.origin for survivor in survivors}):
        wanted = {survivor.pair.image_sha256 for survivor in survivors if survivor.origin == origin}
        found.update(image_bytes(Path(origin), wanted))
    return [replace(survivor.pair, image=found[survivor.pair.image_sha256]) for survivor in survivors]


def image_bytes(analysed: Path, wanted: AbstractSet[str]) -> dict[str, bytes]:
    """The wanted images of an analysed file, reading only row groups whose hash range can hold one."""
    column = PAIR_SCHEMA.get_field_index("image_sha256")
    found: dict[str, bytes] = {}
    with open_shard(analysed, PAIR_SCHEMA) as shard:
        for index in range(shard.num_row_groups):
            statistics = shard.metadata.row_group(index).column(column).statistics
            if any(statistics.min <= digest <= statistics.max for digest in wanted):
                rows = shard.read_row_group(index, columns=["image_sha256", "image"])
                hashes = rows["image_sha256"].to_pylist()
                for row in (row for row, digest in enumerate(hashes) if digest in wanted):
                    found[hashes[row]] = rows["image"][row].as_py()["bytes"]
    return found
