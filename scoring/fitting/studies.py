"""What the model card tells beside the measures: what each group of features gives, and what more labels would."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import lightgbm
import numpy as np

from scoring.features import FEATURE_GROUPS, FEATURES
from scoring.fitting.quality import Quality

ABLATIONS: Final[dict[str, tuple[str, ...]]] = {
    "text only": ("text",),
    "image only": ("image",),
    "cross-modal only": ("cross",),
    "text and image": ("text", "image"),
    "all without the joint encoder": ("text", "image", "cross"),
    "joint encoder only": ("clip",),
    "all": ("text", "image", "cross", "clip"),
}


@dataclass(frozen=True, slots=True)
class Study:
    """A table of what the same fit does under other circumstances.

    Attributes:
        question: the first column's heading.
        rows: the circumstance and the quality under it.
    """

    question: str
    rows: tuple[tuple[str, Quality], ...]

    def table(self) -> str:
        """As Markdown: AUC by kind of wrong text, a row a circumstance."""
        kinds = list(self.rows[0][1].auc)
        lines = [f"| {self.question} | {' | '.join(kinds)} |", f"| --- |{' --- |' * len(kinds)}"]
        for name, quality in self.rows:
            measures = " | ".join(f"{quality.auc[kind]:.3f}" for kind in kinds)
            lines.append(f"| {name} | {measures} |")
        return "\n".join(lines)


def columns_of(groups: Iterable[str]) -> list[str]:
    """The features of some groups, in their fixed order."""
    return [name for group in groups for name in FEATURE_GROUPS[group]]


def importance_table(trees: lightgbm.Booster) -> str:
    """As Markdown: how much of the trees' gain each group has, and its strongest features."""
    gains = dict(zip(FEATURES, np.asarray(trees.feature_importance("gain"), np.float64), strict=True))
    total = sum(gains.values()) or 1.0
    lines = ["| group | features | used | share of gain | strongest |", "| --- | --- | --- | --- | --- |"]
    for group, names in FEATURE_GROUPS.items():
        strongest = sorted(names, key=lambda name: (-gains[name], name))[:5]
        said = ", ".join(f"{name} {gains[name] / total:.3f}" for name in strongest if gains[name])
        used = sum(gains[name] > 0 for name in names)
        lines.append(f"| {group} | {len(names)} | {used} | {sum(gains[name] for name in names) / total:.3f} | {said} |")
    return "\n".join(lines)
