"""`metrics.jsonl`, one line an optimiser step, and the table that sums a run up."""

import json
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TextIO

from training.atomic import write_text
from training.losses import Losses

METRICS_FILE: Final = "metrics.jsonl"


class MetricsLog:
    """Appends rows to `metrics.jsonl` in the folder `out`, after dropping those of steps after `last_step`.

    Those belong to a run that was killed after its last checkpoint, and are about to be trained again.
    """

    def __init__(self, out: Path, last_step: int) -> None:
        self._path = out / METRICS_FILE
        rows = [row for row in read_metrics(self._path) if row["step"] <= last_step]
        write_text(self._path, "".join(json.dumps(row) + "\n" for row in rows))
        self._file: TextIO | None = None

    def __enter__(self) -> Self:
        self._file = self._path.open("a")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def append(self, row: dict[str, Any]) -> None:
        """Write one row, at once."""
        if self._file is None:
            raise ValueError("the log is not open")
        self._file.write(json.dumps(row) + "\n")
        self._file.flush()


def metrics_row(step: int, epoch: float, losses: Losses, rate: float, samples_per_second: float) -> dict[str, Any]:
    """A row of `metrics.jsonl`; `step` counts finished steps, a task absent from the batch is absent here."""
    return {
        "step": step,
        "epoch": round(epoch, 4),
        "loss": losses.total.item(),
        **{f"{task}_loss": loss.item() for task, loss in losses.losses.items()},
        **{f"{task}_accuracy": accuracy.item() for task, accuracy in losses.accuracies.items()},
        "lr": rate,
        "samples_per_s": round(samples_per_second, 1),
    }


def read_metrics(path: Path) -> list[dict[str, Any]]:
    """The rows of a log, without a last line that a kill cut short; none if there is no file."""
    if not path.exists():
        return []
    rows = []
    for line in path.read_text().splitlines():
        try:
            rows.append(json.loads(line))
        except ValueError:
            break
    return rows


def summary(rows: Sequence[dict[str, Any]]) -> str:
    """A table of each task's loss and accuracy over the first and the last tenth of the steps."""
    tenth = max(1, len(rows) // 10)
    lines = [f"{'task':<6}{'loss first':>11}{'last':>9}{'accuracy first':>16}{'last':>7}"]
    for task in ("mlm", "moc", "mrfr", "itm"):
        loss = [_mean(part, f"{task}_loss") for part in (rows[:tenth], rows[-tenth:])]
        if None in loss:
            continue
        accuracy = [_mean(part, f"{task}_accuracy") for part in (rows[:tenth], rows[-tenth:])]
        first, last = ("-" if share is None else f"{share:.2f}" for share in accuracy)
        lines.append(f"{task.upper():<6}{loss[0]:>11.4f}{loss[1]:>9.4f}{first:>16}{last:>7}")
    return "\n".join(lines)


def _mean(rows: Sequence[dict[str, Any]], name: str) -> float | None:
    values = [row[name] for row in rows if name in row]
    return sum(values) / len(values) if values else None
