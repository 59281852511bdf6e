"""Learn the weights of the main-image model: `python -m crawler.fit_main_image --pages PAGES.jsonl.gz --out DIR`."""

import argparse
import json
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from crawler.fitting.labelled_pages import Table, read_pages, table_of
from crawler.fitting.page_softmax import FEATURES, fit, folds_by_site, winners

FOLDS: Final = 10
REPEATS: Final = 3
# Set by hand, for the reason in `labelled`: an image that stands nowhere on the page is taken where none on it is likely,
# even when one kind of metadata alone names it.
OFF_PAGE: Final = 0.5


def main(arguments: Sequence[str] | None = None) -> int:
    """Cross-validate by site, print the table, then fit on all pages and write the weights; the exit status."""
    parser = argparse.ArgumentParser("python -m crawler.fit_main_image", description=__doc__)
    parser.add_argument(
        "--pages", type=Path, nargs="+", required=True, help="labelled pages, JSON lines (see read_pages)"
    )
    parser.add_argument("--out", type=Path, required=True, help="folder for main_image.json")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    try:
        table = table_of([page for path in options.pages for page in read_pages(path)], FEATURES)
        print(
            f"{len(table.pages)} page variants of {site_count(table)} sites, {len(table.right) - len(table.pages)} contenders"
        )
        report(cross_validated(table, options.seed))
        weights = fit(table, np.ones(len(table.pages), np.bool_))
        options.out.mkdir(parents=True, exist_ok=True)
        model = {name: round(float(weight), 4) for name, weight in zip(table.names, weights, strict=True)}
        model["off_page"] = OFF_PAGE
        path = options.out / "main_image.json"
        path.write_text(json.dumps(model, indent=1) + "\n", encoding="utf-8")
    except (OSError, ValueError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"written: {path}")
    return 0


def site_count(table: Table) -> int:
    """How many sites the pages are of.

    Raises:
        ValueError: too few to cross-validate.
    """
    sites = {page.site for page in table.pages}
    if len(sites) < FOLDS:
        raise ValueError(f"pages of {len(sites)} sites are too few: give at least {FOLDS}")
    return len(sites)


def cross_validated(table: Table, seed: int) -> list[dict[tuple[str, bool], float]]:
    """Of each repetition: the share of pages answered right by (variant, has a main image), each by weights of other sites."""
    return [shares(table, held_out(table, seed + repeat)) for repeat in range(REPEATS)]


def held_out(table: Table, seed: int) -> NDArray[np.bool_]:
    """Whether each page [P] is answered right by weights learnt from the other folds."""
    folds = folds_by_site(table, FOLDS, seed)
    right = np.zeros(len(table.pages), np.bool_)
    for fold in range(FOLDS):
        answers = table.right[winners(table, fit(table, folds != fold))]
        right[folds == fold] = answers[folds == fold]
    return right


def shares(table: Table, right: NDArray[np.bool_]) -> dict[tuple[str, bool], float]:
    """The share of pages answered right, by variant and by whether they have a main image."""
    groups: defaultdict[tuple[str, bool], list[bool]] = defaultdict(list)
    for page, answer in zip(table.pages, right, strict=True):
        groups[(page.variant, page.has_main_image)].append(bool(answer))
    return {group: float(np.mean(answers)) for group, answers in groups.items()}


def report(repeats: Sequence[dict[tuple[str, bool], float]]) -> None:
    """Print the cross-validated shares, with their spread over the repetitions."""
    print(f"answered right, {FOLDS}-fold cross-validation by site, {REPEATS} repetitions:")
    for variant, has_main_image in sorted(repeats[0]):
        figures = 100 * np.array([shares[(variant, has_main_image)] for shares in repeats])
        kind = "with a main image" if has_main_image else "without one"
        print(f"  {variant:<12}{kind:<20}{figures.mean():6.1f} % ± {figures.std():.1f}")


if __name__ == "__main__":
    raise SystemExit(main())
