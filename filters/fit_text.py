"""Fits the text model and prints how rules, model and both do on sites it was fitted without.

    python -m filters.fit_text LABELS.jsonl [MORE.jsonl ...]
    python -m filters.fit_text --report LABELS.jsonl

A line of a file is one text: {"text", "source", "label": "keep" or "drop", "reason", "clean", "site", "weight"}; the
last four may be missing. The second form fits nothing: it prints the packaged filter's table by source and reason.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from filters.fitting.text_regression import embeddings, fit, left_out, table
from filters.fitting.text_report import Score, report, score
from filters.fitting.text_samples import DEFAULT_WEIGHT, LabelledText, RuledText, read_labels, ruled
from filters.markup import repaired
from filters.text import TextFilter
from filters.text_model import MODEL_PATH
from filters.words import words

THRESHOLDS: Final = (0.3, 0.4, 0.5, 0.6, 0.7)


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """The texts that a way of deciding passes on to the model, each with the text it reads."""

    texts: list[LabelledText]
    read: list[str]

    def probabilities(self, seed: int) -> NDArray[np.float64]:
        """By models that saw no text of the same site: float64 [N]."""
        told = table(self.read, [text.source for text in self.texts])
        return left_out(told, self.texts, seed)


def main(arguments: list[str] | None = None) -> int:
    """The command in the module's docstring; 0, or 1 after a line that says which input cannot be used."""
    parser = argparse.ArgumentParser(description="Fit the text model; print how it does on left-out sites.")
    parser.add_argument("labels", type=Path, nargs="+", help="labelled texts, JSON lines")
    parser.add_argument("--report", action="store_true", help="only print the packaged filter's tables on them")
    parser.add_argument("--seeds", type=int, default=3, help="ways to deal sites to folds (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=MODEL_PATH, help="the artefact (default: the packaged one)")
    options = parser.parse_args(arguments)
    try:
        texts = read_labels(options.labels)
        if options.report:
            print(report(texts, TextFilter()))
            return 0
        passed = ruled(texts)
        kept = _kept_by_rules(passed)
        print(comparison(texts, passed, kept, range(options.seeds)))
        _fit_all(kept, options.out)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    print(f"\nmade {options.out}; use it in a recipe: TextFilter(model=Path({str(options.out)!r}))")
    return 0


def comparison(texts: list[LabelledText], passed: list[RuledText], kept: Candidates, seeds: Sequence[int]) -> str:
    """A Markdown table of rules alone, model alone and both, on texts that are a fair sample."""
    fair = [row for row in passed if row.labelled.weight == DEFAULT_WEIGHT]
    rules = score((row.labelled.keep for row in fair), (row.reason is None for row in fair))
    plain = [(text, repaired(text.text)) for text in texts]
    readable = [(text, read) for text, read in plain if words(read)]
    alone = Candidates([text for text, _ in readable], [read for _, read in readable])
    to_keep = sum(row.labelled.keep for row in fair)
    lines = [
        f"{len(fair)} texts of {len({row.labelled.site for row in fair})} sites; means over {len(seeds)} deals",
        "",
        "| | threshold | precision | recall | F1 |",
        "| --- | --- | --- | --- | --- |",
        f"| rules alone | - | {rules.precision:.3f} | {rules.recall:.3f} | {rules.f1:.3f} |",
        *_lines("model alone", alone, to_keep, seeds),
        *_lines("rules, then model", kept, to_keep, seeds),
    ]
    return "\n".join(lines)


def _lines(name: str, candidates: Candidates, to_keep: int, seeds: Sequence[int]) -> list[str]:
    fair = np.array([text.weight == DEFAULT_WEIGHT for text in candidates.texts])
    keep = np.array([text.keep for text in candidates.texts])[fair]
    found = [candidates.probabilities(seed)[fair] for seed in seeds]
    lines = []
    for limit in THRESHOLDS:
        scores = [_score(keep, part >= limit, to_keep) for part in found]
        precision, recall, f1 = (
            sum(values) / len(scores) for values in zip(*((s.precision, s.recall, s.f1) for s in scores), strict=True)
        )
        lines.append(f"| {name} | {limit} | {precision:.3f} | {recall:.3f} | {f1:.3f} |")
    return lines


def _score(keep: NDArray[np.bool_], kept: NDArray[np.bool_], to_keep: int) -> Score:
    """With texts in mind that are to be kept and did not come as far as here."""
    missing = [True] * (to_keep - int(keep.sum()))
    return score([*keep.tolist(), *missing], [*kept.tolist(), *(False for _ in missing)])


def _kept_by_rules(passed: Sequence[RuledText]) -> Candidates:
    kept = [row for row in passed if row.reason is None]
    return Candidates([row.labelled for row in kept], [row.cleaned for row in kept])


def _fit_all(kept: Candidates, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    told = table(kept.read, [text.source for text in kept.texts])
    keep = np.array([text.keep for text in kept.texts])
    weights = np.array([text.weight for text in kept.texts])
    fit(told, keep, weights, embeddings()).save(out)


if __name__ == "__main__":
    sys.exit(main())
