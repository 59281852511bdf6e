"""Judge pairs of a crawl by hand: `python -m scoring.label candidates/ [--labels labels.parquet]`, for `scoring.fit --labels`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scoring.fitting.label_server import Labelling, LabelServer
from scoring.fitting.labels import LabelsError, read_candidates, read_labels, shuffled_pairs


def main(arguments: Sequence[str] | None = None) -> int:
    """The command: serves the page until Ctrl-C; 1 with one line on standard error when a file is unusable."""
    parser = argparse.ArgumentParser(
        prog="python -m scoring.label", description="Judge image-text pairs in the browser, with the keyboard."
    )
    parser.add_argument("candidates", type=Path, help="folder of candidate shards, as a crawl writes them")
    parser.add_argument("--labels", type=Path, default=Path("labels.parquet"), help="continued if it is there")
    parser.add_argument("--port", type=int, default=0, help="on 127.0.0.1 (default: a free one)")
    parser.add_argument("--seed", type=int, default=0, help="of the order in which pairs are asked")
    options = parser.parse_args(arguments)
    try:
        server = LabelServer(labelling(options.candidates, options.labels, options.seed), options.port)
    except (LabelsError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"open {server.address}\nlabels go to {options.labels}; stop with Ctrl-C, go on later with the same command")
    sys.stdout.flush()
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        print(f"\n{len(server.labelling.labels)} labels in {options.labels}")
        print(f"use them: python -m scoring.fit --pairs PAIRS --labels {options.labels}")
    finally:
        server.server_close()
    return 0


def labelling(candidates: Path, labels: Path, seed: int) -> Labelling:
    """The work to do, continued from the labels that there are.

    Raises:
        LabelsError: a file is unusable.
    """
    pairs = shuffled_pairs(read_candidates(candidates), seed)
    given = read_labels(labels)[0] if labels.exists() else []
    return Labelling(pairs, given, labels, candidates)


if __name__ == "__main__":
    sys.exit(main())
