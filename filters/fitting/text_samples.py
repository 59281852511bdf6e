"""Labelled texts, from the JSON lines that the text model is fitted to and measured on."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from filters.text import TextFilter

DEFAULT_WEIGHT: Final = 1.0
_FORMAT: Final = '{"text", "source", "label": "keep" or "drop", "reason", "clean", "site", "weight"}'


@dataclass(frozen=True, slots=True)
class LabelledText:
    """A text that somebody read.

    Attributes:
        text: as the page has it.
        source: where it stood.
        keep: whether it describes something.
        reason: why not; empty if kept.
        clean: what is to stay of it; empty if nobody wrote that down.
        site: texts of one site go into one fold.
        weight: in the fit; under 1 for texts that were picked because a model was unsure, which are no fair sample.
    """

    text: str
    source: str
    keep: bool
    reason: str = ""
    clean: str = ""
    site: str = ""
    weight: float = DEFAULT_WEIGHT


@dataclass(frozen=True, slots=True)
class RuledText:
    """A labelled text with what the rules make of it: the cleaned text, and the reason if they drop it."""

    labelled: LabelledText
    cleaned: str
    reason: str | None


def read_labels(paths: Iterable[Path]) -> list[LabelledText]:
    """The labelled texts of the files, in order.

    Raises:
        ValueError: a line is none, with the file, its number and what it should be.
    """
    return [
        _labelled(line, f"{path}, line {number}")
        for path in paths
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if line.strip()
    ]


def ruled(texts: Sequence[LabelledText]) -> list[RuledText]:
    """What the rules alone make of the texts."""
    rules = replace(TextFilter(), min_describing=0.0)
    made = [rules.clean(text.text, text.source) for text in texts]
    return [RuledText(text, clean.text, clean.reason) for text, clean in zip(texts, made, strict=True)]


def _labelled(line: str, place: str) -> LabelledText:
    try:
        row = json.loads(line)
        keep = {"keep": True, "drop": False}[row["label"]]
        return LabelledText(
            text=row["text"],
            source=row["source"],
            keep=keep,
            reason=row.get("reason") or "",
            clean=row.get("clean") or "",
            site=row.get("site") or row.get("page_id") or "",
            weight=float(row.get("weight", DEFAULT_WEIGHT)),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{place}: not of the form {_FORMAT}") from error
