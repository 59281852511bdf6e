"""Write a corpus in other tools' layouts: `python -m pipelines.export --corpus lait.parquet --to webdataset --out DIR`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from pipelines.command import add_corpus, exit_status
from pipelines.export_formats import LAYOUTS, Layout
from pipelines.export_plan import Piece, planned, reserved, rows_of
from pipelines.run import UsageError
from pipelines.schema import PAIR_SCHEMA, shard_paths
from pipelines.shards import read_json, whole_file, write_json


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; the exit status."""
    options = parser().parse_args(arguments)
    return exit_status(
        lambda: exported(options.corpus, options.to, options.out, options.shard_pairs),
        "stopped; the same command goes on from the files that are finished",
    )


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    options = argparse.ArgumentParser("python -m pipelines.export", description=__doc__.partition(":")[0] + ".")
    add_corpus(options)
    options.add_argument(
        "--to",
        choices=list(LAYOUTS),
        required=True,
        help="webdataset: tar files of picture, txt and json, which open_clip's trainer reads; img2dataset: its Parquet "
        "layout; urls: addresses and texts without pictures, for sharing",
    )
    options.add_argument("--out", type=Path, required=True, metavar="DIR", help="a folder of its own")
    options.add_argument(
        "--shard-pairs", type=int, default=10_000, metavar="N", help="pairs a file, at most (default: %(default)s)"
    )
    return options


def exported(corpus: Path, to: str, out: Path, shard_pairs: int) -> str:
    """Write what is not there yet; one line of what is.

    Raises:
        DataError: the corpus cannot be read, or the folder is something else's or cannot be written.
        UsageError: no file could hold so few pairs.
    """
    if not 1 <= shard_pairs <= 100_000:  # what five digits of an img2dataset key number
        raise UsageError(f"--shard-pairs {shard_pairs} must lie in 1..100000")
    pieces = planned(shard_paths(corpus, PAIR_SCHEMA), to, shard_pairs)
    with reserved(out, to):
        sizes = {}
        with tqdm(total=len(pieces), desc="export", unit=" files", dynamic_ncols=True) as bar:
            for piece in pieces:
                sizes[name_of(piece, LAYOUTS[to])] = written(piece, LAYOUTS[to], out)
                bar.update()
        finish(out, to, sizes)
    pairs, rows = sum(sizes.values()), sum(piece.last - piece.first for piece in pieces)
    lost = f"; {rows - pairs:,} pictures could not be read" if rows > pairs else ""
    return f"{pairs:,} pairs in {len(sizes):,} files of {out}/{lost}"


def name_of(piece: Piece, layout: Layout) -> str:
    """The file's name, as img2dataset numbers its own."""
    return f"{piece.number:05d}{layout.suffix}"


def written(piece: Piece, layout: Layout, out: Path) -> int:
    """Write the file and, last, its marker, unless that says it is there; the pairs in it.

    Raises:
        DataError: the corpus's shard is damaged, or the disk is full.
    """
    path, marker = out / name_of(piece, layout), out / ".export" / f"{piece.number:05d}.json"
    done = read_json(marker)
    if path.exists() and done.get("made_from") == piece.made_from:
        return int(done["pairs"])
    marker.unlink(missing_ok=True)  # it must not vouch for a file that is about to be replaced
    with whole_file(path) as draft:
        pairs = layout.write(draft, rows_of(piece, layout.columns), piece.number)
    write_json(marker, {"made_from": piece.made_from, "pairs": pairs})
    return pairs


def stats_of(pairs: int) -> dict[str, object]:
    """What img2dataset notes of a file beside it, but for its times."""
    failed = {"failed_to_download": 0, "failed_to_resize": 0}
    return {"count": pairs, "successes": pairs, **failed, "status_dict": {"success": pairs}}


def finish(out: Path, to: str, sizes: dict[str, int]) -> None:
    """Write what sums the export up, and remove files of an earlier one that had more."""
    keep = {*sizes, ".export"}
    if to == "webdataset":
        write_json(out / "sizes.json", sizes)  # open_clip looks there for the number of samples
        keep.add("sizes.json")
    if to == "img2dataset":
        for name, pairs in sizes.items():
            stats = name.replace(".parquet", "_stats.json")
            write_json(out / stats, stats_of(pairs))
            keep.add(stats)
    for path in out.iterdir():
        if path.name not in keep:
            path.unlink()
    numbers = {name.partition(".")[0] for name in sizes}
    for marker in (out / ".export").iterdir():
        if marker.stem not in {*numbers, "layout", "lock"}:
            marker.unlink()


if __name__ == "__main__":
    raise SystemExit(main())
