"""What `make demo` ends with: funnel, sample pairs, falling losses and where everything lies.

python examples/demo_summary.py DEMO_FOLDER
"""

import json
import sys
from pathlib import Path
from statistics import fmean

from pipelines.funnel import Funnel
from pipelines.report import sample_lines
from pipelines.shards import read_json


def losses(metrics: Path) -> list[str]:
    """A line a task: its loss over the first and the last tenth of the run."""
    steps = [json.loads(line) for line in metrics.read_text().splitlines()]
    lines = []
    for task in ("mlm", "moc", "mrfr", "itm"):
        values = [step[f"{task}_loss"] for step in steps if f"{task}_loss" in step]
        tenth = max(1, len(values) // 10)
        lines.append(f"  {task:<6}{fmean(values[:tenth]):>9.3f} -> {fmean(values[-tenth:]):.3f}")
    return lines


def main(folder: Path) -> None:
    """Print the summary of the demo that ran in `folder`."""
    crawl = read_json(folder / "crawl" / "stats.json")
    refused = ", ".join(f"{reason} {count}" for reason, count in crawl["refusals"].items())
    print(f"\n{crawl['pages']} pages crawled, {crawl['candidates']} candidates; refused: {refused}\n")
    print(Funnel.from_json(read_json(folder / "lait.parquet.build" / "counters.json")).table())
    print("\nthree pairs (relevance, size, source, text)", *sample_lines(folder / "lait.parquet", 3), sep="\n")
    print("\nlosses, first to last tenth of the run", *losses(folder / "checkpoint" / "metrics.jsonl"), sep="\n")
    print(f"\ncorpus      {folder / 'lait.parquet'}")
    print(f"report      {folder / 'lait.parquet.build' / 'report.html'}")
    print(f"checkpoint  {folder / 'checkpoint'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
