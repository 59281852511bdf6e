"""Build the corpus: `beam run pipelines/build_lait.py --input crawl --output lait.parquet`."""

import argparse
import logging
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from apache_beam.options.pipeline_options import PipelineOptions

from filters.nsfw import nsfw_choice
from pipelines import transforms
from pipelines.card import card_facts, write_card
from pipelines.funnel import Funnel
from pipelines.launch import beam_options, run_pipeline, stopped_at_once
from pipelines.plan import PART, Plan, planned, recipe_named, reconciled, reserved, sweep
from pipelines.progress import progress_bar
from pipelines.recipe import Recipe
from pipelines.report import sample_lines, write_report
from pipelines.run import UsageError
from pipelines.schema import DataError
from pipelines.shards import read_json, write_json
from pipelines.takedown_list import lists_to_apply
from scoring.joint_choice import JointChoice

RECIPE = Recipe()
STOPPED = "stopped; the same command goes on from the slices that are finished"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; the exit status."""
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)  # what fails is raised as well
    options, rest = command_line(arguments)
    try:
        recipe = with_options(recipe_named(options.recipe), options)
        # a takedown that was stopped has left drafts, which must not be taken for foreign
        lists_to_apply(options.output)
        plan = planned(options.input, options.output, recipe)
        runner = beam_options(rest, "pipelines/build_lait.py")
        with reserved(plan):
            # Apart from the recipe: a takedown has been through what is analysed, and need not make it analysed again.
            recipe = without_taken_down(recipe, plan.corpus)
            funnel = finished(plan) or built(plan, recipe, runner)
    except (DataError, UsageError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(STOPPED, file=sys.stderr)
        return 130
    print(funnel.table(), *sample_lines(plan.corpus, 3), f"corpus   {plan.corpus}", sep="\n")
    for name, path in (("report", "report.html"), ("card", "README.md"), ("rejects", "rejects")):
        print(f"{name:<8} {plan.folder / path}")
    return 0


def command_line(arguments: Sequence[str] | None) -> tuple[argparse.Namespace, list[str]]:
    """This command's options, and what is left for Beam."""
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
        help="the corpus, a folder of shards (default: %(default)s); DIR.build/ beside it explains it",
    )
    parser.add_argument(
        "--recipe",
        default="pipelines.build_lait:RECIPE",
        metavar="MODULE:NAME",
        help="the rules and thresholds (default: %(default)s)",
    )
    parser.add_argument(
        "--blocklist",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="images, addresses and hosts to leave out without a trace, one a line: sha256:, md5:, pdq:, url: or host: and "
        "the value; may be given more than once",
    )
    parser.add_argument(
        "--nsfw-model",
        metavar="MODEL",
        help="another NSFW model: FILE.onnx, with a FILE.json beside it that describes it, or ARCHITECTURE=FILE for "
        "weights of open_clip (default: the packaged open_nsfw)",
    )
    parser.add_argument(
        "--relevance-model",
        type=Path,
        metavar="DIR",
        help="another relevance model, as python -m scoring.fit writes it (default: the packaged one)",
    )
    parser.add_argument(
        "--clip",
        metavar="MODEL",
        help="the open_clip model that --relevance-model was fitted with (default: by the name it remembers); another one "
        "needs a relevance model of its own: python -m scoring.fit --clip MODEL",
    )
    parser.add_argument(
        "--clip-weights", metavar="FILE", help="the weights of --clip: a file, or one of open_clip's tags"
    )
    return parser.parse_known_args(arguments)


def with_options(recipe: Recipe, options: argparse.Namespace) -> Recipe:
    """The recipe with what the command line adds to it.

    Raises:
        UsageError: the NSFW model is none, or weights are given for no model.
    """
    listed = replace(recipe.blocklist, files=(*recipe.blocklist.files, *options.blocklist))
    try:
        nsfw = nsfw_choice(options.nsfw_model) if options.nsfw_model else recipe.nsfw_model
    except ValueError as error:
        raise UsageError(f"--nsfw-model: {error}") from error
    if options.clip_weights and not options.clip:
        raise UsageError(f"--clip-weights {options.clip_weights} is of no model; name it: --clip MODEL")
    return replace(
        recipe,
        blocklist=listed,
        nsfw_model=nsfw,
        relevance_model=options.relevance_model or recipe.relevance_model,
        joint_encoder=JointChoice(options.clip, options.clip_weights) if options.clip else recipe.joint_encoder,
    )


def without_taken_down(recipe: Recipe, corpus: Path) -> Recipe:
    """The recipe with all that was ever taken down of the corpus on its blocklist.

    Raises:
        DataError: a takedown was stopped half way.
    """
    files = (*recipe.blocklist.files, *lists_to_apply(corpus))
    return replace(recipe, blocklist=replace(recipe.blocklist, files=files))


def finished(plan: Plan) -> Funnel | None:
    """The funnel of a build that is there already, made from the same input by the same recipe; else None."""
    done = read_json(plan.folder / "build.json")
    files = [plan.folder / "report.html", plan.folder / "README.md", *(plan.corpus / part for part in plan.parts)]
    if done.get("made_from") != plan.made_from or not all(file.exists() for file in files):
        return None
    print(f"{plan.corpus} is up to date: same input, same recipe")
    return Funnel.from_json(done["funnel"])


def built(plan: Plan, recipe: Recipe, options: PipelineOptions) -> Funnel:
    """Run the pipeline, check that no candidate was lost, and put the corpus in its place.

    Raises:
        DataError: a shard is damaged or the disk is full.
    """
    (plan.folder / "build.json").unlink(missing_ok=True)  # it must not vouch for a corpus that is about to change
    with stopped_at_once(STOPPED), progress_bar(plan.pieces, plan.analysis, plan.folder):
        run_pipeline(lambda pipeline: transforms.build(pipeline, plan, recipe), options)
    sweep(plan)
    funnel = reconciled(plan)
    write_json(plan.folder / "counters.json", funnel.to_json())
    write_report(plan.folder / "report.html", plan.folder / "corpus", plan.folder / "rejects", funnel)
    write_json(plan.folder / "card.json", card_facts(recipe, sorted({Path(piece.path) for piece in plan.pieces})))
    write_card(plan.folder, plan.folder / "corpus", plan.corpus.name, funnel)
    put_in_place(plan.folder / "corpus", plan.corpus, plan.folder / "replaced")
    write_json(plan.folder / "build.json", {"made_from": plan.made_from, "funnel": funnel.to_json()})
    return funnel


def put_in_place(fresh: Path, corpus: Path, replaced: Path) -> None:
    """Swap the folder `fresh` in for `corpus`, whole; a run killed in between does it when it is started again."""
    remove_shards(replaced)
    if corpus.exists():
        corpus.rename(replaced)
    fresh.rename(corpus)
    remove_shards(replaced)


def remove_shards(folder: Path) -> None:
    """Remove a folder of shards, or just them where a user has put something beside them."""
    for path in [path for path in folder.glob("*") if PART.fullmatch(path.name)]:
        path.unlink()
    if folder.exists() and not any(folder.iterdir()):
        folder.rmdir()


if __name__ == "__main__":
    raise SystemExit(main())
