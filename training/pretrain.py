"""Pre-train ImageBERT on a corpus: `python -m training.pretrain --corpus lait.parquet`."""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from pipelines.schema import DataError
from training.atomic import sole_writer
from training.checkpoint import last_checkpoint, tidy
from training.interrupt import terminate_as_interrupt
from training.loop import Run, TrainingError, train
from training.metrics import METRICS_FILE, read_metrics, summary
from training.prepare import Settings, prepare
from training.recipes import RECIPES


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m training.pretrain",
        description="Pre-train ImageBERT on a corpus of image-text pairs. The same command goes on where it stopped.",
    )
    parser.add_argument(
        "--corpus", type=Path, default=Path("lait.parquet"), help="folder of shards, or one file (default: %(default)s)"
    )
    parser.add_argument(
        "--regions",
        type=Path,
        help="folder of the images' regions; found first if missing (default: beside the corpus, *.regions)",
    )
    parser.add_argument(
        "--out",
        type=Path,
        default=Path("checkpoints/imagebert"),
        help="folder for checkpoints and metrics.jsonl (default: %(default)s)",
    )
    parser.add_argument(
        "--recipe",
        default="small",
        choices=sorted(RECIPES),
        help="small starts from the packaged 6-layer BERT, base is the paper's, tiny is for tests (default: %(default)s)",
    )
    parser.add_argument(
        "--init", help="minilm (packaged), none (random), or a BERT checkpoint's folder (default: the recipe's)"
    )
    _add_training_options(parser)
    return parser


def _add_training_options(parser: argparse.ArgumentParser) -> None:
    length = parser.add_mutually_exclusive_group()
    length.add_argument("--steps", type=int, help="optimiser steps (default: the recipe's epochs)")
    length.add_argument("--epochs", type=int, help="passes over the corpus (default: the recipe's)")
    parser.add_argument("--batch-size", type=int, help="samples an optimiser step (default: the recipe's)")
    parser.add_argument("--lr", type=float, help="peak learning rate (default: the recipe's)")
    parser.add_argument(
        "--seed", type=int, default=0, help="of weights, order, masks and negatives (default: %(default)s)"
    )
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1 ... (default: %(default)s)")
    parser.add_argument("--fresh", action="store_true", help="delete the checkpoints in --out and begin again")


def chosen_settings(given: argparse.Namespace) -> Settings:
    """The recipe with what the command line changes; ValueError for a value out of range."""
    changes = {"init": given.init, "batch_size": given.batch_size, "learning_rate": given.lr, "epochs": given.epochs}
    if given.epochs is not None:
        changes["min_steps"] = 1
    return Settings(
        corpus=given.corpus,
        out=given.out,
        recipe=replace(
            RECIPES[given.recipe](), **{name: value for name, value in changes.items() if value is not None}
        ),
        fit_batch_size=given.batch_size is None,
        regions=given.regions,
        steps=given.steps,
        seed=given.seed,
        device=given.device,
    )


def pretrain(settings: Settings, fresh: bool = False) -> int:
    """Train, or go on; the exit status: 0, or 130 after an interruption, which loses nothing.

    Args:
        settings: what to train.
        fresh: delete the checkpoints that are there and begin again.
    """
    run = prepare(settings)
    with sole_writer(run.out):
        tidy(run.out, fresh)
        return _train_or_go_on(run)


def _train_or_go_on(run: Run) -> int:
    start, checkpoint = last_checkpoint(run.out, run.description)
    if start < run.steps:
        parameters = sum(parameter.numel() for parameter in run.model.parameters())
        print(
            f"pretraining{f' from step {start}' if start else ''} to step {run.steps}: {len(run.sampler.corpus)} pairs, "
            f"batch size {run.recipe.batch_size}, {parameters / 1e6:.1f} M parameters"
        )
        outcome = train(run, start, checkpoint)
        checkpoint = outcome.checkpoint
        if outcome.interrupted:
            print(f"interrupted after step {outcome.step}; saved {checkpoint}, the same command goes on from there")
            return 130
    else:
        print(f"all {run.steps} steps are done already; give another --out, or --fresh to begin again")
    print(summary(read_metrics(run.out / METRICS_FILE)))
    print(f"checkpoint: {checkpoint}")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status is 0, 2 after an error of the user's, 130 after an interruption."""
    given = build_parser().parse_args(arguments)
    try:
        settings = chosen_settings(given)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    try:
        with terminate_as_interrupt():
            return pretrain(settings, given.fresh)
    except (DataError, TrainingError) as error:
        message = str(error)
    except OSError as error:
        message = f"cannot write {error.filename or settings.out}: {error.strerror}; free space or give another folder"
    except KeyboardInterrupt:
        print("interrupted; the same command goes on with the regions and the checkpoint that are there")
        return 130
    print(f"error: {message}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
