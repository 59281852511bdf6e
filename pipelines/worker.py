"""A worker process of the local runner: `python -m pipelines.worker`, started by `pipelines.local_runner`."""

import logging
import os
import signal
import sys
from pathlib import Path


def main() -> None:
    """Beam's own worker, but its notes and tracebacks go to the runner only, not to the terminal as well."""
    logging.getLogger().addHandler(logging.NullHandler())  # else Beam's import adds one that prints
    sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 open until the process ends
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the runner's to handle, and it ends its workers
    from apache_beam.runners.worker import sdk_worker_main

    sdk_worker_main.main(sys.argv)


if __name__ == "__main__":
    main()
