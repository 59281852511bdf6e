"""How well texts are kept and cleaned, counted on labelled ones."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from filters.fitting.text_samples import LabelledText
from filters.text import CleanedText, TextFilter

_END_MARKS: Final = re.compile(r"[\s.,;:!?…\-\u2013—|]+$")


@dataclass(frozen=True, slots=True)
class Score:
    """Precision, recall and F1 of keeping, each in [0, 1]; 0 where nothing is kept or to be kept."""

    precision: float
    recall: float
    f1: float


def score(keep: Iterable[bool], kept: Iterable[bool]) -> Score:
    """Of texts that are to be kept and texts that are.

    >>> score([True, True, False], [True, False, True])
    Score(precision=0.5, recall=0.5, f1=0.5)
    """
    pairs = Counter(zip(keep, kept, strict=True))
    right, wrong, lost = pairs[True, True], pairs[False, True], pairs[True, False]
    return Score(
        precision=right / max(1, right + wrong),
        recall=right / max(1, right + lost),
        f1=2 * right / max(1, 2 * right + wrong + lost),
    )


def same_text(one: str, other: str) -> bool:
    """Whether two texts are the same but for case, white space and marks at the end."""
    plain = (_END_MARKS.sub("", " ".join(text.split())).lower() for text in (one, other))
    return next(plain) == next(plain)


def report(texts: Sequence[LabelledText], cleaner: TextFilter) -> str:
    """Two Markdown tables: by source how well texts are kept, by labelled reason what became of them."""
    made = [cleaner.clean(text.text, text.source) for text in texts]
    lines = [
        "| source | texts | to be kept | precision | recall | F1 | cleaned right |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for source in (*sorted({text.source for text in texts}), None):
        rows = [(text, clean) for text, clean in zip(texts, made, strict=True) if source in (None, text.source)]
        lines.append(_source_line(source or "all", rows))
    lines += ["", "| labelled | texts | dropped | as |", "| --- | --- | --- | --- |"]
    by_reason: dict[str, list[str | None]] = {}
    for text, clean in zip(texts, made, strict=True):
        by_reason.setdefault("(keep)" if text.keep else text.reason, []).append(clean.reason)
    for labelled, reasons in sorted(by_reason.items()):
        dropped = Counter(reason for reason in reasons if reason is not None)
        told = ", ".join(f"{reason} {count}" for reason, count in dropped.most_common())
        lines.append(f"| {labelled} | {len(reasons)} | {dropped.total()} | {told} |")
    return "\n".join(lines)


def _source_line(name: str, rows: Sequence[tuple[LabelledText, CleanedText]]) -> str:
    found = score((text.keep for text, _ in rows), (clean.reason is None for _, clean in rows))
    known = [(text, clean) for text, clean in rows if text.keep and text.clean and clean.reason is None]
    right = sum(same_text(text.clean, clean.text) for text, clean in known)
    exact = f"{right / len(known):.2f}" if known else "-"
    to_keep = sum(text.keep for text, _ in rows)
    return (
        f"| {name} | {len(rows)} | {to_keep} | {found.precision:.2f} | {found.recall:.2f} | {found.f1:.3f} | {exact} |"
    )
