"""The funnel: how many candidates went in, where each of them ended, and a check that none was lost."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

STAGES = ("blocklist", "image", "size", "text", "nsfw", "natural", "relevance", "aggregation")


@dataclass(frozen=True, slots=True)
class Funnel:
    """Counts of a whole build or of a part of it.

    Attributes:
        candidates: rows read.
        pairs: rows of the corpus.
        merged: candidates whose image lives on in another page's pair.
        errors: rows that contradict themselves, such as bytes that do not hash to their digest.
        rejects: every other candidate, by "stage/reason".
    """

    candidates: int = 0
    pairs: int = 0
    merged: int = 0
    errors: int = 0
    rejects: Counter[str] = field(default_factory=Counter)

    def __add__(self, other: "Funnel") -> "Funnel":
        return Funnel(
            self.candidates + other.candidates,
            self.pairs + other.pairs,
            self.merged + other.merged,
            self.errors + other.errors,
            self.rejects + other.rejects,
        )

    def check(self) -> None:
        """Raise RuntimeError, with the numbers, unless every candidate ended in exactly one place."""
        ended = self.pairs + self.rejects.total() + self.merged + self.errors
        if ended != self.candidates:
            raise RuntimeError(
                f"{self.candidates} candidates, but {self.pairs} pairs + {self.rejects.total()} rejects"
                f" + {self.merged} merged + {self.errors} errors = {ended}; please report this"
            )

    def to_json(self) -> dict[str, Any]:
        """A JSON object with the rejects sorted as the pipeline meets them."""
        return {
            "candidates": self.candidates,
            "pairs": self.pairs,
            "merged": self.merged,
            "errors": self.errors,
            "rejects": dict(self.rejects),
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> "Funnel":
        """The funnel that `to_json` wrote."""
        return cls(**{**value, "rejects": Counter(value["rejects"])})

    def drops(self) -> list[tuple[str, str, int]]:
        """(stage, reason, count) in the order of the stages, most frequent first within a stage."""
        rows = []
        for name, count in self.rejects.items():
            stage, _, reason = name.partition("/")
            rows.append((stage, reason, count))
        return sorted(rows, key=lambda row: (STAGES.index(row[0]), -row[2], row[1]))

    def table(self) -> str:
        """The funnel as lines of text."""
        lines = [f"{'candidates':<32}{self.candidates:>9,}"]
        lines += [f"  - {stage:<12}{reason:<16}{count:>9,}" for stage, reason, count in self.drops()]
        if self.errors:
            lines.append(f"  - {'error':<12}{'corrupt':<16}{self.errors:>9,}")
        if self.merged:
            lines.append(f"  - {'aggregation':<12}{'duplicate_image':<16}{self.merged:>9,}")
        lines.append(f"{'pairs':<32}{self.pairs:>9,}")
        return "\n".join(lines)


def total(parts: Iterable[Funnel]) -> Funnel:
    """The sum of the parts."""
    return sum(parts, start=Funnel())
