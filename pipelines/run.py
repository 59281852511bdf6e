"""The `beam` command: `beam run FILE [arguments]` runs a Beam script with a runner that works where it stands.

Apache Beam installs no command of its own. Its default runner downloads a program from the network at run time, and one
of its local modes loses records, so the runner is always named here.
"""

import argparse
import importlib.metadata
import importlib.util
import os
import runpy
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

RUNNERS: Final = {
    "direct": "FnApiRunner",
    "flink": "FlinkRunner",
    "spark": "SparkRunner",
    "dataflow": "DataflowRunner",
    "dask": "DaskRunner",
}
NEEDS: Final = {
    "DataflowRunner": ("google.cloud.dataflow_v1beta3", "apache-beam[gcp]"),
    "DaskRunner": ("dask", "apache-beam[dask]"),
}
EPILOG: Final = """\
Arguments after FILE go to the script. Two of them are read here as well:
  --runner NAME             direct (default), flink, spark, dataflow or dask, or Beam's own name for one
  --direct_num_workers N    processes of the direct runner (default: one a core)

example: beam run pipelines/build_lait.py --input crawl --output lait.parquet
"""


class UsageError(Exception):
    """The command line cannot be carried out; the message is one line that says what to do."""


def main(arguments: Sequence[str] | None = None) -> int:
    """The console script's entry point; the exit status."""
    parser = argparse.ArgumentParser(
        "beam",
        "beam run FILE [arguments]",
        __doc__.splitlines()[0],
        EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=["run"], help="run a Beam script")
    parser.add_argument("file", type=Path, help="the script, such as pipelines/build_lait.py")
    given = list(sys.argv[1:] if arguments is None else arguments)
    options = parser.parse_args(given[:2])
    try:
        rest = with_runner(given[2:])
        warn_of_namesake()
        return run(options.file, rest)
    except UsageError as error:
        print(f"beam: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


def run(file: Path, arguments: Sequence[str]) -> int:
    """Run the script with these arguments; its exit status.

    It may import what lies beside it or in the working directory, and so may the workers.

    Raises:
        UsageError: there is no such script.
    """
    if not file.is_file():
        what = "is a folder" if file.is_dir() else "does not exist"
        raise UsageError(f"{file} {what}; give a Beam script, such as pipelines/build_lait.py")
    sys.argv = [str(file), *arguments]
    beside = [str(file.resolve().parent), str(Path.cwd())]
    sys.path.extend(beside)  # at the end: a module of ours must not hide one that is installed
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), *beside]))
    try:
        runpy.run_path(str(file), run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    return 0


def with_runner(arguments: Sequence[str]) -> list[str]:
    """The arguments with the runner under Beam's name for it and, for the direct runner, its safe mode spelled out.

    Raises:
        UsageError: the runner is unknown, cannot be used as installed, or would lose records.
    """
    parser = argparse.ArgumentParser("beam run", "beam run FILE [arguments]", add_help=False, allow_abbrev=False)
    parser.add_argument("--runner", default="direct")
    parser.add_argument("--direct_running_mode")
    parser.add_argument("--direct_num_workers", type=int)
    options, rest = parser.parse_known_args(arguments)
    runner = RUNNERS.get(options.runner.lower(), options.runner)
    if runner == "DirectRunner":
        runner = RUNNERS["direct"]
    if runner not in RUNNERS.values():
        raise UsageError(f"unknown runner {options.runner!r}; choose one of {', '.join(RUNNERS)}")
    if runner in NEEDS and not is_importable(NEEDS[runner][0]):
        raise UsageError(f"the {options.runner} runner needs more: pip install '{NEEDS[runner][1]}'")
    if options.direct_running_mode == "multi_threading":
        raise UsageError("--direct_running_mode=multi_threading loses records without a word; use multi_processing")
    if runner != RUNNERS["direct"]:
        return [f"--runner={runner}", *rest]
    if (options.direct_num_workers or 0) < 0:
        raise UsageError(f"--direct_num_workers {options.direct_num_workers} must be at least 1, or 0 for one a core")
    workers = options.direct_num_workers or os.cpu_count() or 1
    mode = options.direct_running_mode or ("multi_processing" if workers > 1 else "in_memory")
    return [f"--runner={runner}", f"--direct_running_mode={mode}", f"--direct_num_workers={workers}", *rest]


def is_importable(module: str) -> bool:
    """Whether the module is installed, without importing it."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError:
        return False


def warn_of_namesake() -> None:
    """Say so when beam-client, another product with a `beam` command, is installed too: the later install wins the name."""
    try:
        importlib.metadata.distribution("beam-client")
    except importlib.metadata.PackageNotFoundError:
        return
    print(
        "beam: beam-client is installed too and has a command of this name; `python -m pipelines.run` is always this one",
        file=sys.stderr,
    )


if __name__ == "__main__":
    raise SystemExit(main())
