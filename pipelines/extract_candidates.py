"""Extract candidates from WARC files: `beam run pipelines/extract_candidates.py --input 'x.warc.gz' --output candidates/`."""

import argparse
import logging
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines.extraction import extract_archive
from pipelines.extraction_plan import ExtractionPlan, planned, reconciled, reserved, sweep
from pipelines.extraction_progress import progress_bar
from pipelines.launch import beam_options, run_pipeline, stopped_at_once
from pipelines.run import UsageError
from pipelines.schema import DataError
from pipelines.shards import write_json
from pipelines.tally import Tally

STOPPED = "stopped; the same command goes on from the files that are finished"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; the exit status."""
    logging.getLogger("apache_beam").setLevel(logging.CRITICAL)  # what fails is raised as well
    options, rest = parser().parse_known_args(arguments)
    try:
        runner = beam_options(rest, "pipelines/extract_candidates.py")
        plan = planned(options.input, options.output)
        with reserved(plan):
            tally = extracted(plan, runner)
    except (DataError, UsageError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(STOPPED, file=sys.stderr)
        return 130
    print(tally.table())
    if tally.records == tally.skipped.total():
        print("warning: no HTTP response in these files; WAT and WET files hold none, give WARC files", file=sys.stderr)
    print(f"shards   {plan.output}\nrefusals {plan.build / 'refused'}\ncounters {plan.build / 'counters.json'}")
    return 0


def parser() -> argparse.ArgumentParser:
    """What the command line takes."""
    options = argparse.ArgumentParser(
        "beam run pipelines/extract_candidates.py",
        description=__doc__.partition(":")[0] + ".",
        epilog="Beam's own options, such as --runner, may follow; see `beam --help`.",
    )
    options.add_argument(
        "--input",
        nargs="+",
        action="extend",
        required=True,
        metavar="PATH",
        help="WARC files (plain, gzip, Zstandard), globs of such, or folders that hold them",
    )
    options.add_argument(
        "--output",
        type=Path,
        default=Path("candidates"),
        metavar="DIR",
        help="a folder of candidate shards (default: %(default)s); DIR.build/ beside it explains it",
    )
    return options


def extracted(plan: ExtractionPlan, options: PipelineOptions) -> Tally:
    """Extract the files that are not done yet, and check that no record of any was lost.

    Raises:
        DataError: a file is gone, or the disk is full.
    """
    sweep(plan)
    shutil.rmtree(plan.build / "working", ignore_errors=True)  # a killed run's notes
    if waiting := plan.waiting():
        with stopped_at_once(STOPPED), progress_bar(waiting, plan.output, plan.build):
            run_pipeline(lambda pipeline: build(pipeline, plan), options)
        for name in ("drafts", "working"):
            shutil.rmtree(plan.build / name, ignore_errors=True)
    else:
        print(f"{plan.output} is up to date: same files, same rules")
    tally = reconciled(plan)
    write_json(plan.build / "counters.json", tally.to_json())
    return tally


def build(pipeline: beam.Pipeline, plan: ExtractionPlan) -> None:
    """Put the extraction on `pipeline`: one element is one WARC file, its results are files."""
    (
        pipeline
        | "Files" >> beam.Create(plan.waiting())
        | "Spread" >> beam.Reshuffle()  # else the first worker would get them all
        | "Extract" >> beam.Map(extract_archive, str(plan.output), str(plan.build))
    )


if __name__ == "__main__":
    raise SystemExit(main())
