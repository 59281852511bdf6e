"""How our pipelines are started: Beam's options checked, its noise kept away, and Ctrl-C that works."""

import contextlib
import io
import os
import re
import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions

from pipelines.local_runner import LocalRunner
from pipelines.run import UsageError, with_runner
from pipelines.schema import DataError


def beam_options(arguments: Sequence[str], script: str) -> PipelineOptions:
    """Beam's options, with a runner that gives our graphs' right result.

    Raises:
        UsageError: there is no such runner or option, or the runner would lose records.
    """
    flags = with_runner(arguments)
    for before, word in pairwise(["--first=", *flags]):
        if not word.startswith("-") and ("=" in before or not before.startswith("-")):
            raise UsageError(f"what is {word!r} for? every value has its option, such as --input {word}")
    if "--runner=DaskRunner" in flags:
        raise UsageError("the dask runner loses records on graphs that branch; use another runner")
    options = PipelineOptions(flags)
    # A cluster's job server has options of its own; here, one that Beam does not know is a slip of the fingers.
    unknown = options.get_all_options(retain_unknown_options=True).keys() - options.get_all_options().keys()
    if unknown and "--runner=FnApiRunner" in flags:
        raise UsageError(f"unknown option --{min(unknown)}; see `beam run {script} --help`")
    return options


@contextmanager
def stopped_at_once(message: str) -> Iterator[None]:
    """Ctrl-C ends the process on the spot: Beam's threads would now and then swallow it, and a kill costs nothing here."""

    def stop(_signal: int, _frame: object) -> None:
        os.write(2, f"\n{message}\n".encode())
        os._exit(130)

    before = signal.signal(signal.SIGINT, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def run_pipeline(build: Callable[[beam.Pipeline], None], options: PipelineOptions) -> None:
    """Run the pipeline that `build` makes to its end.

    Raises:
        DataError: as a worker raised it.
    """
    try:
        # The runner of the options unless that is the local one, which is quieter as ours.
        runner = LocalRunner() if options.view_as(StandardOptions).runner == "FnApiRunner" else None
        # Beam prints the traceback of what it raises.
        with contextlib.redirect_stderr(io.StringIO()), beam.Pipeline(runner, options) as pipeline:
            build(pipeline)
    except Exception as error:
        # A worker's exception arrives with Beam's words around it, from another process as text inside another one.
        if message := re.search(r"DataError: (.+?)(?: \[while running|\n|\\n|$)", f"{type(error).__name__}: {error}"):
            raise DataError(message[1]) from error
        raise
