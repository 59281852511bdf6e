"""What a build reads, writes and depends on, settled before it starts."""

import fcntl
import hashlib
import importlib
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from pipelines.assembly import part_marker, shard_name
from pipelines.digests import digests
from pipelines.funnel import Funnel, total
from pipelines.recipe import Recipe
from pipelines.run import UsageError
from pipelines.schema import DataError
from pipelines.shards import Slice, candidate_shards, read_json, slices

SLICE_BYTES = 64 << 20  # of candidates in memory at once, a worker
SHARD_BYTES = 256 << 20  # of candidates behind one corpus shard, most of which fall out
PART = re.compile(r"part-\d{5}-of-\d{5}\.parquet")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a build will do.

    Attributes:
        pieces: the slices to analyse.
        shards: how many corpus shards to write.
        analysis: digest of all that judges a single candidate: rules, code, models.
        digest: of all that makes the corpus out of the same input: `analysis` and what aggregates.
        corpus: the folder that becomes the corpus.
        folder: the build folder: everything that explains the corpus, and what a rerun starts from.
    """

    pieces: list[Slice]
    shards: int
    analysis: str
    digest: str
    corpus: Path
    folder: Path

    @property
    def made_from(self) -> str:
        """Digest of all that decides the corpus's content."""
        inputs = [(piece.name, piece.fingerprint, piece.last) for piece in self.pieces]
        return hashlib.sha256(repr((inputs, self.shards, self.digest)).encode()).hexdigest()

    @property
    def parts(self) -> list[str]:
        """The corpus's file names."""
        return [shard_name(index, self.shards) for index in range(self.shards)]

    @property
    def reject_names(self) -> list[str]:
        """The names of all files of rejects."""
        return [*(f"{piece.name}.parquet" for piece in self.pieces), *self.parts]


def recipe_named(name: str) -> Recipe:
    """The recipe at MODULE:NAME.

    Raises:
        UsageError: there is none.
    """
    module, _, attribute = name.partition(":")
    try:
        recipe = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise UsageError(f"--recipe {name}: {error}; give MODULE:NAME of a Recipe that Python can import") from error
    if not isinstance(recipe, Recipe):
        raise UsageError(f"--recipe {name} is a {type(recipe).__name__}, not a pipelines.recipe.Recipe")
    return recipe


def planned(source: Path, corpus: Path, recipe: Recipe) -> Plan:
    """What to read and write, checked before anything is written.

    Raises:
        DataError: the input cannot be read, or the output is something else's or cannot be written.
    """
    corpus = corpus.resolve() if corpus.is_symlink() else corpus
    if not corpus.name:
        raise DataError(f"{corpus} is no name for a corpus; give another --output")
    folder = corpus.with_name(f"{corpus.name}.build")
    check_output(corpus, folder)
    pieces = slices(candidate_shards(source), SLICE_BYTES)
    size = sum(Path(path).stat().st_size for path in {piece.path for piece in pieces})
    analysis, digest = digests(recipe)
    return Plan(pieces, max(1, math.ceil(size / SHARD_BYTES)), analysis, digest, corpus, folder)


def check_output(corpus: Path, folder: Path) -> None:
    """Raise DataError unless `corpus` is free, or this command's own from an earlier build."""
    if not corpus.exists():
        return
    if not corpus.is_dir():
        raise DataError(f"{corpus} is a file; the corpus is a folder of shards: give another --output")
    foreign = sorted(path.name for path in corpus.iterdir() if not PART.fullmatch(path.name))
    if foreign:
        raise DataError(
            f"{corpus}/ holds {foreign[0]}, not made by this command; move it away or give another --output"
        )
    if any(corpus.iterdir()) and not folder.exists():
        raise DataError(f"{corpus}/ was not made by this command here; move it away or give another --output")


@contextmanager
def reserved(plan: Plan) -> Iterator[None]:
    """Hold the build folder for the time of the block.

    Raises:
        DataError: another build holds it, or it cannot be written.
    """
    try:
        plan.folder.mkdir(parents=True, exist_ok=True)
        lock = (plan.folder / "lock").open("a")
    except OSError as error:
        raise DataError(f"cannot write to {plan.folder}/ ({error.strerror}); give another --output") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(f"another build is writing {plan.corpus}; wait for it or give another --output") from None
        yield


def reconciled(plan: Plan) -> Funnel:
    """The funnel of the whole build, from the markers of all slices and corpus shards.

    Raises:
        RuntimeError: a candidate was lost or counted twice, or the files hold something else than the markers say.
    """
    markers = [plan.folder / "analysed" / f"{piece.name}.json" for piece in plan.pieces]
    markers += [part_marker(plan.folder, part) for part in plan.parts]
    funnel = total(Funnel.from_json(read_json(marker)["funnel"]) for marker in markers)
    funnel.check()
    dropped = funnel.rejects.total() + funnel.merged + funnel.errors
    for kind, names, count in (("corpus", plan.parts, funnel.pairs), ("rejects", plan.reject_names, dropped)):
        rows = sum(pq.read_metadata(plan.folder / kind / name).num_rows for name in names)
        if rows != count:
            raise RuntimeError(f"{plan.folder / kind}/ holds {rows} rows, not the {count} counted; please report this")
    return funnel


def sweep(plan: Plan) -> None:
    """Remove what earlier builds of other input left in the build folder."""
    analysed = {f"{piece.name}.parquet" for piece in plan.pieces}
    markers = {f"{piece.name}.json" for piece in plan.pieces}
    parts = set(plan.parts)
    keep = {
        "analysed": analysed | markers,
        "corpus": parts,
        "parts": {f"{part}.json" for part in parts},
        "rejects": set(plan.reject_names),
    }
    for name, kept in keep.items():
        for path in (plan.folder / name).glob("*"):
            if path.name not in kept:
                path.unlink()
