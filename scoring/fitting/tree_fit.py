"""LightGBM's trees fitted on a table of features, with and without the joint encoder's."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import lightgbm
import numpy as np

from scoring.dual_encoder import Floats
from scoring.features import FEATURE_GROUPS, FEATURES
from scoring.fitting.relevance_fit import TrainingTable
from scoring.fitting.tree_rules import FALLING, RISING, TOPICAL, TOPICAL_WORTH
from scoring.trees import Trees

FAR_SHARE: Final = 0.25  # of photos, those least like the fitted ones, which count as far
HOME_SHARE: Final = 0.5  # from which on a photo is at home
ROUNDS: Final = 400
TREES: Final = {
    "objective": "binary",
    "learning_rate": 0.04,
    "num_leaves": 15,
    "min_data_in_leaf": 40,
    "feature_fraction": 0.4,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5,
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
}


def fit_trees(table: TrainingTable, seed: int, columns: Sequence[str] = FEATURES) -> lightgbm.Booster:
    """Trees over some of the features."""
    chosen = [FEATURES.index(name) for name in columns]
    constraints = [(name in RISING) - (name in FALLING) for name in columns]
    worths = [TOPICAL_WORTH if name in TOPICAL else 1.0 for name in columns]
    data = lightgbm.Dataset(table.features[:, chosen], table.labels, weight=table.weights, feature_name=list(columns))
    rules = {"monotone_constraints": constraints, "feature_contri": worths}
    return lightgbm.train({**TREES, **rules, "seed": seed}, data, ROUNDS)


def fit_all_trees(table: TrainingTable, strange: TrainingTable, coverage: Floats, seed: int) -> Trees:
    """Trees with and without the joint encoder's features, where the table has these.

    Its cosines are worth most on images like those that it was trained on, and trees fitted on such images alone cannot
    know what they are worth on others: there the trees that do not read it have more to say.

    Args:
        table: to fit on.
        strange: by encoders that have met no photo's kind of scene, for the trees without the joint encoder.
        coverage: of photos like those fitted on, which were not; they set what is far and what is at home.
        seed: of both.
    """
    whole = fit_trees(table, seed)
    joint = [FEATURES.index(name) for name in FEATURE_GROUPS["clip"]]
    if np.isnan(table.features[:, joint]).all():
        return Trees(whole)
    features = strange.features.copy()
    features[:, joint] = np.nan
    far, home = np.quantile(coverage, (FAR_SHARE, HOME_SHARE)).tolist()
    return Trees(whole, fit_trees(replace(strange, features=features), seed), (far, home))
