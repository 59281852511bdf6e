"""Find the regions of every image of a corpus, once: `python -m training.extract_regions --corpus lait.parquet`."""

import argparse
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Never

from PIL import Image
from tqdm import tqdm

from filters.image import decode
from pipelines.schema import DataError
from training.atomic import sole_writer
from training.corpus import pair_shards, shard_digests, shard_images
from training.device import choose_device
from training.interrupt import terminate_as_interrupt
from training.region_store import StoreKind, holds, write_shard
from training.regions import Detector, GridDetector

BATCH_SIZE: Final = 16  # images; their decoded pixels and features are in memory together


@dataclass(frozen=True, slots=True)
class Extraction:
    """What a run did.

    Attributes:
        paths: the region shards of the corpus, in its shards' order; all of them are whole.
        images: how many images it went through; those of shards that were done before do not count.
        failures: reason and number of the images among them that have no regions.
    """

    paths: tuple[Path, ...]
    images: int
    failures: Counter[str]


def region_path(folder: Path, shard: Path) -> Path:
    """Where the regions of a corpus shard stand."""
    return folder / shard.stem


def default_folder(corpus: Path) -> Path:
    """Where a corpus's regions go unless the user says otherwise: beside it, `lait.regions` for `lait.parquet`."""
    whole = corpus.resolve() if corpus.name in {"", ".."} else corpus  # `.` and `..` have no name to build on
    return whole.parent / f"{whole.stem}.regions"


def missing_shards(corpus: Path, folder: Path, kind: StoreKind) -> list[Path]:
    """The corpus shards whose regions are not in `folder`, or were made by another detector or of other images."""
    return [shard for shard in pair_shards(corpus) if not holds(region_path(folder, shard), shard_digests(shard), kind)]


def extract_regions(corpus: Path, folder: Path, detector: Detector) -> Extraction:
    """Fill `folder` with the regions of every image of `corpus`; shards that are there already are kept.

    Raises:
        DataError: the corpus cannot be read, or another process is filling `folder`.
        OSError: `folder` cannot be written; whole shards stay.
    """
    kind = StoreKind.of(detector)
    paths = tuple(region_path(folder, shard) for shard in pair_shards(corpus))
    digests = {shard: shard_digests(shard) for shard in missing_shards(corpus, folder, kind)}
    if not digests:  # a finished folder may be read-only
        return Extraction(paths, 0, Counter())
    failures: Counter[str] = Counter()
    images = sum(map(len, digests.values()))
    folder.mkdir(parents=True, exist_ok=True)
    with sole_writer(folder), tqdm(total=images, desc="regions", unit="image") as progress:
        for shard, shard_images_ in digests.items():
            failures += _extract_shard(shard, region_path(folder, shard), shard_images_, detector, progress)
    return Extraction(paths, images, failures)


def _extract_shard(
    shard: Path, path: Path, digests: list[str], detector: Detector, progress: "tqdm[Never]"
) -> Counter[str]:
    failures: Counter[str] = Counter()
    with write_shard(path, digests, StoreKind.of(detector)) as writer:
        for files in shard_images(shard, BATCH_SIZE):
            decoded = [decode(file) for file in files]
            found = iter(detector.detect([image for image in decoded if isinstance(image, Image.Image)]))
            for image in decoded:
                writer.append(next(found) if isinstance(image, Image.Image) else None)
            failures.update(image for image in decoded if isinstance(image, str))
            progress.update(len(files))
    return failures


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status is 0, 2 after an error of the user's, 130 after an interruption."""
    parser = argparse.ArgumentParser(prog="python -m training.extract_regions", description=__doc__)
    parser.add_argument("--corpus", type=Path, default=Path("lait.parquet"), help="folder of shards, or one file")
    parser.add_argument("--out", type=Path, help="folder for the regions (default: beside the corpus, *.regions)")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, ... (default: auto)")
    settings = parser.parse_args(arguments)
    out: Path = settings.out or default_folder(settings.corpus)
    try:
        device = choose_device(settings.device)
        with terminate_as_interrupt():
            extraction = extract_regions(settings.corpus, out, GridDetector(str(device)))
    except DataError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except OSError as error:
        print(
            f"error: cannot write {error.filename or out}: {error.strerror}; free space or give another --out",
            file=sys.stderr,
        )
        return 2
    except KeyboardInterrupt:
        print(f"interrupted; finished shards stay in {out}, the same command goes on", file=sys.stderr)
        return 130
    failed = "".join(f", {count} without: {reason}" for reason, count in sorted(extraction.failures.items()))
    print(f"{out}: {len(extraction.paths)} shards, {extraction.images} images done now{failed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
