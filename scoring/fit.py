"""Fits the relevance model on captioned photos: `python -m scoring.fit --pairs pairs.parquet [--out scoring/models]`."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from scoring.fitting.captioned_photos import PairsError, read_photos
from scoring.fitting.dual_encoder_training import DualEncoderRecipe
from scoring.fitting.embedding_cache import EmbeddingCache
from scoring.fitting.quality import write_card
from scoring.fitting.relevance_fit import fit
from scoring.relevance import MODELS


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0 when the artefact was written, 1 with one line on standard error when pairs or folder are unusable."""
    parser = argparse.ArgumentParser(prog="python -m scoring.fit", description="Fit the image-text relevance model.")
    parser.add_argument("--pairs", type=Path, required=True, help="Parquet with image, and captions or text")
    parser.add_argument("--out", type=Path, default=MODELS, help="folder of the artefact (default: %(default)s)")
    parser.add_argument("--data-name", default=None, help="what the card calls the data (default: the file's name)")
    parser.add_argument("--cache", type=Path, default=None, help="folder that keeps embeddings between fits")
    parser.add_argument("--seed", type=int, default=0, help="of splits, wrong texts and training")
    options = parser.parse_args(arguments)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        cache = EmbeddingCache(options.cache)
        photos = read_photos(options.pairs, cache, options.seed)
    except (PairsError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    parts, quality = fit(photos, cache, options.seed, DualEncoderRecipe(seed=options.seed))
    parts.save(options.out)
    write_card(options.out, options.data_name or options.pairs.name, photos, quality, options.seed)
    print(quality.table())
    print(f"\nmade {options.out}; use it in a recipe, with the threshold chosen on held-back photos:")
    print(
        f"Recipe(relevance_model=Path({str(options.out)!r}), relevance=RelevanceFilter(threshold={quality.threshold}))"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
