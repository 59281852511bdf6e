"""Regions on disk: one folder of memory-mappable arrays for each corpus shard, found again by the image's digest.

Shapes: N images of a shard, R the detector's most regions, D feature size. Images with fewer regions leave the rest
of their R rows zero, so that every image stands at a fixed offset.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import numpy as np
from numpy.typing import NDArray

from pipelines.schema import DataError
from training.atomic import atomic_folder
from training.regions import Detector, Regions

SIDECAR: Final = "regions.json"
DIGESTS: Final = "image_sha256.npy"
VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class StoreKind:
    """What all shards of a store agree on.

    Attributes:
        detector: its name.
        max_regions: R.
        feature_size: D.
        classes: the number of the detector's classes.
        version: of the layout.
    """

    detector: str
    max_regions: int
    feature_size: int
    classes: int
    version: int = VERSION

    @classmethod
    def of(cls, detector: Detector) -> "StoreKind":
        """The kind of store that `detector` fills."""
        return cls(detector.name, detector.max_regions, detector.feature_size, len(detector.class_names))

    def arrays(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        """Element type and shape of one image's entry in each array file."""
        return {
            "features": ("<f2", (self.max_regions, self.feature_size)),
            "boxes": ("<f4", (self.max_regions, 4)),
            "labels": ("<i4", (self.max_regions,)),
            "confidences": ("<f4", (self.max_regions,)),
            "counts": ("<i4", ()),
        }


class ShardWriter:
    """Takes the images of one shard, in the order of their digests; `write_shard` makes it."""

    def __init__(self, files: dict[str, BinaryIO], kind: StoreKind) -> None:
        self._files = files
        self._arrays = kind.arrays()

    def append(self, regions: Regions | None) -> None:
        """Add the next image; None stands for one without regions, such as an undecodable one."""
        entry: dict[str, Any] = {"counts": 0}
        if regions is not None:
            entry = {
                "features": regions.features_RD,
                "boxes": regions.boxes_R4,
                "labels": regions.labels_R,
                "confidences": regions.confidences_R,
                "counts": len(regions),
            }
        for name, (dtype, shape) in self._arrays.items():
            padded = np.zeros(shape, dtype)
            if name == "counts":
                padded[...] = entry["counts"]
            elif name in entry:
                padded[: len(entry[name])] = entry[name]
            self._files[name].write(padded.tobytes())


@contextmanager
def write_shard(path: Path, digests: Sequence[str], kind: StoreKind) -> Iterator[ShardWriter]:
    """A writer that must be given one entry for each digest; the folder `path` appears when the block ends well.

    Rows are appended, not written through a memory map, as a full disk would end that with a bus error.
    """
    with atomic_folder(path) as folder:
        with ExitStack() as stack:
            files: dict[str, BinaryIO] = {}
            for name, (dtype, shape) in kind.arrays().items():
                files[name] = stack.enter_context((folder / f"{name}.npy").open("wb"))
                header = {"descr": dtype, "fortran_order": False, "shape": (len(digests), *shape)}
                np.lib.format.write_array_header_1_0(files[name], header)
            yield ShardWriter(files, kind)
        np.save(folder / DIGESTS, np.array(digests, "S64"))
        (folder / SIDECAR).write_text(json.dumps(asdict(kind)) + "\n")


def holds(path: Path, digests: Sequence[str], kind: StoreKind) -> bool:
    """Whether the folder `path` is a whole shard of this kind with just these images, in this order."""
    try:
        return _kind(path) == kind and np.array_equal(_digests(path), np.array(digests, "S64"))
    except (OSError, ValueError, TypeError, EOFError):
        return False


def _kind(path: Path) -> StoreKind:
    return StoreKind(**json.loads((path / SIDECAR).read_text()))


def _digests(path: Path) -> NDArray[np.bytes_]:
    digests: NDArray[np.bytes_] = np.load(path / DIGESTS)
    return digests


class RegionStore:
    """Reads the shards in `paths` (folders), through memory maps.

    Raises:
        DataError: they come from different detectors, or one of them is missing or damaged.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        try:
            kinds = {_kind(path) for path in paths}
            if len(kinds) != 1:
                raise DataError(f"the regions {', '.join(map(str, paths[:3]))} ... come from different detectors")
            self.kind = kinds.pop()
            self._shards = [self._open(path) for path in paths]
            digests = [_digests(path) for path in paths]
        except (OSError, ValueError, TypeError, EOFError) as error:
            raise DataError(
                f"the regions in {paths[0].parent} are missing or damaged ({error}); delete that folder and run "
                "python -m training.extract_regions"
            ) from error
        all_digests = np.concatenate(digests)
        self._order = np.argsort(all_digests, kind="stable")
        self._digests = all_digests[self._order]
        self._starts = np.cumsum([0, *(len(shard) for shard in digests)])

    def _open(self, path: Path) -> dict[str, NDArray[Any]]:
        return {name: np.load(path / f"{name}.npy", mmap_mode="r") for name in self.kind.arrays()}

    def __len__(self) -> int:
        return len(self._digests)

    def rows(self, digests: NDArray[np.bytes_]) -> NDArray[np.int64]:
        """The row of each image, -1 for one that has no regions here."""
        place = np.searchsorted(self._digests, digests).clip(max=len(self) - 1)
        row = np.where(self._digests[place] == digests, self._order[place], -1)
        counts = np.concatenate([shard["counts"] for shard in self._shards])
        return np.where(counts[row] > 0, row, -1)

    def sample_features(self, rows: NDArray[np.int64], images: int = 64) -> NDArray[np.float32]:
        """The features [N, D] of all regions of at most `images` of the images in `rows`, spread evenly over them."""
        chosen = rows[:: -(-len(rows) // images)]
        return np.concatenate([self.regions(int(row)).features_RD for row in chosen]).astype(np.float32)

    def regions(self, row: int) -> Regions:
        """The regions in a row that `rows` gave; views into the files."""
        index = int(np.searchsorted(self._starts, row, side="right")) - 1
        shard, entry = self._shards[index], row - int(self._starts[index])
        count = int(shard["counts"][entry])
        return Regions(
            shard["features"][entry, :count],
            shard["boxes"][entry, :count],
            shard["labels"][entry, :count],
            shard["confidences"][entry, :count],
        )
