"""The tally of an extraction: how many records were read, where each of them ended, and a check that none was lost."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Tally:
    """Counts of one WARC file or of many.

    Attributes:
        records: what was read: records, and stretches between records that are none.
        candidates: records that became a candidate.
        truncated: candidates of which the archive holds only a part of the page; they count above as well.
        skipped: records that hold no HTTP response, by WARC-Type.
        refused: responses that became no candidate, by reason.
        faults: what is damaged, by reason.
    """

    records: int = 0
    candidates: int = 0
    truncated: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.records + other.records,
            self.candidates + other.candidates,
            self.truncated + other.truncated,
            self.skipped + other.skipped,
            self.refused + other.refused,
            self.faults + other.faults,
        )

    def check(self) -> None:
        """Raise RuntimeError, with the numbers, unless every record ended in exactly one place."""
        ended = self.candidates + self.skipped.total() + self.refused.total() + self.faults.total()
        if ended != self.records:
            raise RuntimeError(
                f"{self.records} records, but {self.candidates} candidates + {self.skipped.total()} skipped"
                f" + {self.refused.total()} refused + {self.faults.total()} faults = {ended}; please report this"
            )

    def to_json(self) -> dict[str, Any]:
        """A JSON object, reasons in alphabetical order."""
        return {
            "records": self.records,
            "candidates": self.candidates,
            "truncated": self.truncated,
            "skipped": dict(sorted(self.skipped.items())),
            "refused": dict(sorted(self.refused.items())),
            "faults": dict(sorted(self.faults.items())),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Tally":
        """The tally that `to_json` wrote."""
        counters = {name: Counter(value[name]) for name in ("skipped", "refused", "faults")}
        return cls(value["records"], value["candidates"], value["truncated"], **counters)

    def table(self) -> str:
        """The tally as lines of text, most frequent reason first."""
        lines = [f"{'records':<32}{self.records:>11,}"]
        for stage, reasons in (("skipped", self.skipped), ("refused", self.refused), ("fault", self.faults)):
            for reason, count in sorted(reasons.items(), key=lambda entry: (-entry[1], entry[0])):
                lines.append(f"  - {stage:<10}{reason:<18}{count:>11,}")
        lines.append(f"{'candidates':<32}{self.candidates:>11,}")
        if self.truncated:
            lines.append(f"{'  of truncated pages':<32}{self.truncated:>11,}")
        return "\n".join(lines)


def total(parts: Iterable[Tally]) -> Tally:
    """The sum of the parts."""
    return sum(parts, start=Tally())
