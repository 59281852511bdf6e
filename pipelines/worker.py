"""A worker process of the local runner: `python -m pipelines.worker`, started by `pipelines.local_runner`."""

import logging
import os
import signal
import sys


def main() -> None:
    """Beam's own worker, but its notes and tracebacks go to the runner only, not to the terminal as well."""
    logging.getLogger().addHandler(logging.NullHandler())  # else Beam's import adds one that prints
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())  # the libraries' own last words included
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the runner's to handle; workers end with it
    from apache_beam.runners.worker import sdk_worker_main

    sdk_worker_main.main(sys.argv)


if __name__ == "__main__":
    main()
