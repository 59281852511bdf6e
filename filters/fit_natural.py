"""Fits the naturalness model and prints how it does on each source of images when it was fitted without that source.

    python -m filters.fit_natural --photos train.parquet SOURCES/photos/* --graphics SOURCES/graphics/* --fonts FONTS

One folder of images, or one Parquet file with an `image` column, is one source; `filters.fitting.natural_sources` lays
out the folders. Pictures drawn by script join them, one source a kind: graphics (`filters.fitting.drawn_graphics`), memes
over photographs of the first source, and marks on such photographs, which stay photographs.
"""

import argparse
import os
import sys
from pathlib import Path
from typing import Final

from filters.fitting.natural_left_out import (
    calibrated,
    calibration,
    fit,
    left_out_logits,
    left_out_table,
    threshold_table,
)
from filters.fitting.natural_samples import load_sources, measure_all
from filters.natural import MODEL_PATH, NaturalFilter

THRESHOLDS: Final = (0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7)  # for a look at what others would do


def main(arguments: list[str] | None = None) -> int:
    """The command in the module's docstring; 0, or 1 after a line that says which input cannot be used."""
    parser = argparse.ArgumentParser(description="Fit the naturalness model; print how it does on left-out sources.")
    parser.add_argument("--photos", type=Path, nargs="+", required=True, help="folders or Parquet files, one a source")
    parser.add_argument("--graphics", type=Path, nargs="+", required=True, help="the same, of what is to be dropped")
    parser.add_argument("--limit", type=int, default=1500, help="images a source at most (default: %(default)s)")
    parser.add_argument("--fonts", type=Path, help="folder of fonts for what is drawn (default: the one of Pillow)")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    parser.add_argument("--drawn", type=int, default=100, help="drawn pictures of each kind (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of samples, views and drawings (default: %(default)s)")
    parser.add_argument("--out", type=Path, default=MODEL_PATH, help="the artefact (default: the packaged one)")
    options = parser.parse_args(arguments)
    try:
        options.out.parent.mkdir(parents=True, exist_ok=True)
        fonts = sorted(path for path in options.fonts.rglob("*.[ot]tf")) if options.fonts else []
        sources = load_sources(options.photos, options.graphics, options.limit, options.drawn, options.seed, fonts)
        measured = measure_all(sources, options.seed, options.workers)
        logits = left_out_logits(measured)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    final = fit(measured).stretched(*calibration(measured, logits))
    final.save(options.out)
    probable = calibrated(measured, logits)
    print(left_out_table(measured, probable, final, NaturalFilter().threshold))
    print(f"\n{threshold_table(measured, probable, THRESHOLDS)}")
    print(f"\nmade {options.out}; use it in a recipe: Recipe(natural_model=Path({str(options.out)!r}))")
    return 0


if __name__ == "__main__":
    sys.exit(main())
