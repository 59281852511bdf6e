"""What the commands that work on a corpus share: its option, and how a run ends for the shell."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from pipelines.run import UsageError
from pipelines.schema import DataError


def add_corpus(options: argparse.ArgumentParser) -> None:
    """The option `--corpus`."""
    options.add_argument(
        "--corpus",
        type=Path,
        default=Path("lait.parquet"),
        metavar="PATH",
        help="the corpus, a folder of shards or one shard (default: %(default)s)",
    )


def exit_status(work: Callable[[], str], stopped: str) -> int:
    """Print what `work` says; 0, or 2 after one line that says what a user can mend, or 130 after an interrupt.

    Args:
        work: does all of it.
        stopped: what an interrupt leaves to do.
    """
    try:
        print(work())
    except (DataError, UsageError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print(stopped, file=sys.stderr)
        return 130
    return 0
