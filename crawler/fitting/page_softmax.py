"""A linear model of which contender wins a page: softmax over the page's contenders and the answer "none".

Each feature's direction is given beforehand and holds as a bound, so that few pages teach only how much a feature counts.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from crawler.fitting.labelled_pages import Table
from crawler.vocabulary import word_set

SPEAKS_FOR: Final = word_set(
    "picture hero_name alt_words eager shown_again early first lead near_start after_heading dated_like_page hero card "
    "in_card alone itemprop links_to_itself title_in_alt shared named og_image twitter_image "
    "json_ld_image image_src itemprop_image thumbnail_meta large"
)
SPEAKS_AGAINST: Final = word_set(
    "small png_file gif_file svg_file junk_url logo_url beacon junk_name aligned after_text navigation aside person "
    "links_home links_elsewhere"
)
FEATURES: Final = tuple(sorted(SPEAKS_FOR | SPEAKS_AGAINST))
SHRINKAGE: Final = 40.0  # of squared weights of standardised features
# What weights are drawn to in place of 0. Most labelled pages are of sites whose classes tell all, while on older ones
# little but the declared size does; and no drawing in SVG is ever of use to the corpus.
PRIOR: Final = {"large": 1.0, "svg_file": -3.0}
NONE_WEIGHT: Final = 3.0  # of pages without a main image, which are few
MIN_SPREAD: Final = 0.1  # of a feature; a rarer one is not blown up further


def fit(table: Table, chosen: NDArray[np.bool_], shrinkage: float = SHRINKAGE) -> NDArray[np.float64]:
    """Weights [F] that make the right contenders of the chosen pages likely, under the bounds and the shrinkage.

    Args:
        table: labelled pages with `FEATURES`.
        chosen: bool [P], the pages to learn from; those without any right row teach nothing.
        shrinkage: how strongly weights are drawn to `PRIOR`.
    """
    scale = np.maximum(table.values.std(axis=0), MIN_SPREAD)
    teaching = [
        page for page in np.flatnonzero(chosen) if table.right[table.starts[page] : table.starts[page + 1]].any()
    ]
    rows = np.concatenate([np.arange(table.starts[page], table.starts[page + 1]) for page in teaching])
    lengths = np.array([table.starts[page + 1] - table.starts[page] for page in teaching])
    begins = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    values, right = table.values[rows] / scale, table.right[rows]
    importance = np.array([1.0 if table.pages[page].has_main_image else NONE_WEIGHT for page in teaching])

    prior = np.array([PRIOR.get(name, 0.0) for name in table.names]) * scale

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        scores = values @ weights
        likely = np.exp(scores - np.repeat(np.maximum.reduceat(scores, begins), lengths))
        every = np.add.reduceat(likely, begins)
        hit = np.add.reduceat(likely * right, begins) + 1e-12
        pull = likely / np.repeat(every, lengths) - likely * right / np.repeat(hit, lengths)
        drawn = weights - prior
        value = importance @ (np.log(every) - np.log(hit)) + 0.5 * shrinkage * drawn @ drawn
        return value, values.T @ (np.repeat(importance, lengths) * pull) + shrinkage * drawn

    bounds = [bound_of(name) for name in table.names]
    found = minimize(loss, np.zeros(len(scale)), jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 500})
    return np.asarray(found.x / scale)


def bound_of(name: str) -> tuple[float | None, float | None]:
    """The range of a feature's weight."""
    if name in SPEAKS_FOR:
        return 0.0, None
    return (None, 0.0) if name in SPEAKS_AGAINST else (None, None)


def winners(table: Table, weights: NDArray[np.float64]) -> NDArray[np.int64]:
    """The row [P] that wins each page; the last one on a tie, which is "none"."""
    scores = table.values @ weights
    return np.array(
        [
            end - 1 - int(np.argmax(scores[begin:end][::-1]))
            for begin, end in zip(table.starts, table.starts[1:], strict=False)
        ]
    )


def folds_by_site(table: Table, folds: int, seed: int) -> NDArray[np.int64]:
    """The fold [P] of each page; all pages of a site are in one."""
    sites = sorted({page.site for page in table.pages})
    order = np.random.default_rng(seed).permutation(len(sites))
    fold_of_site = {sites[site]: number % folds for number, site in enumerate(order)}
    return np.array([fold_of_site[page.site] for page in table.pages])
