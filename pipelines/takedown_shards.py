"""The rows of a corpus's shards that a takedown names, the diff that says so, and the shards without them."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from crawler.items import versioned
from filters.blocklist_entries import canonical_address
from pipelines.schema import PAIR_SCHEMA, DataError, open_shard
from pipelines.shards import whole_file
from pipelines.takedown_list import Named

ADDRESSES: Final = ["image_sha256", "page_url", "image_url"]
BATCH: Final = 256  # rows looked at at once, where their images are


@dataclass(frozen=True, slots=True)
class Gone:
    """What a takedown took out of a corpus: a whole row, or texts of other pages from a row that stays.

    Attributes:
        image_sha256: key of the row.
        image_url: of the row that went; empty where rival texts went, as the picture stays.
        host: of the address that was named; of the image where the image was; empty where rival texts of several went.
        what: row, or rivals.
        reason: the kind of entry that named it: url, host, md5, pdq or sha256.
        shard: the corpus's file name.
    """

    image_sha256: str
    image_url: str
    host: str
    what: str
    reason: str
    shard: str


DIFF_SCHEMA: Final = versioned(
    "takedown", 1, [pa.field(name, pa.string(), False) for name in Gone.__dataclass_fields__]
)


def named_rows(path: Path, named: Named) -> Iterator[tuple[int, Gone]]:
    """The rows of a shard that lists name, as (row group, what goes), in order.

    Raises:
        DataError: the shard is damaged.
    """
    columns = [*ADDRESSES, "rivals.list.element.page_url", *(["image"] if named.asks_for_bytes else [])]
    try:
        with open_shard(path, PAIR_SCHEMA) as shard:
            for group in range(shard.num_row_groups):
                for batch in shard.iter_batches(BATCH, [group], columns):
                    for row in batch.to_pylist():
                        if gone := what_goes(row, named, path.name):
                            yield group, gone
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{path} is damaged inside ({error}); restore it or build the corpus again") from error


def what_goes(row: Mapping[str, Any], named: Named, shard: str) -> Gone | None:
    """What goes of a row of a pair; None when nothing does."""
    if kind := named.kind_of_row(row):
        by_page = named.kind_of_address(row["page_url"]) and not named.kind_of_address(row["image_url"])
        host = canonical_address(row["page_url" if by_page else "image_url"])
        return Gone(row["image_sha256"], row["image_url"], host[1] if host else "", "row", kind, shard)
    kinds = {named.kind_of_address(rival["page_url"]) for rival in row["rivals"]} - {None}
    if not kinds:
        return None
    return Gone(row["image_sha256"], "", "", "rivals", max(filter(None, kinds)), shard)


def rewrite(path: Path, gone: Mapping[str, Gone], groups: set[int], named: Named) -> None:
    """Replace a shard by itself without what goes, by rename; row groups in which nothing does are copied as they are.

    Args:
        path: the shard.
        gone: what goes, by the row's key.
        groups: row groups in which something goes.
        named: what the lists name.
    """
    with open_shard(path, PAIR_SCHEMA) as shard, whole_file(path) as draft:
        schema = shard.schema_arrow
        with pq.ParquetWriter(draft, schema, compression="zstd") as writer:
            for group in range(shard.num_row_groups):
                table = shard.read_row_group(group)
                if group in groups:
                    rows = [cleaned(row, gone.get(row["image_sha256"]), named) for row in table.to_pylist()]
                    table = pa.Table.from_pylist([row for row in rows if row is not None], schema=schema)
                if len(table):
                    writer.write_table(table, row_group_size=len(table))


def cleaned(row: dict[str, Any], gone: Gone | None, named: Named) -> dict[str, Any] | None:
    """The row without what goes; None when all of it does."""
    if gone is None:
        return row
    if gone.what == "row":
        return None
    kept = [rival for rival in row["rivals"] if not named.kind_of_address(rival["page_url"])]
    return {**row, "rivals": kept}


def write_diff(path: Path, gone: list[Gone]) -> None:
    """Write what went, sorted by key; it holds addresses and keys, never a text or a picture."""
    rows = [asdict(entry) for entry in sorted(gone, key=lambda entry: entry.image_sha256)]
    with whole_file(path) as draft:
        pq.write_table(pa.Table.from_pylist(rows, schema=DIFF_SCHEMA), draft, compression="zstd")


def read_diff(path: Path) -> list[Gone]:
    """What `write_diff` wrote."""
    with open_shard(path, DIFF_SCHEMA) as diff:
        return [Gone(**row) for row in diff.read().to_pylist()]
