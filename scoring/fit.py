"""Fits the relevance model: `python -m scoring.fit --pairs pairs.parquet [--negatives DIR] [--clip-folds folds.npz]`."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from scoring.clip import OURS, load_clip
from scoring.fitting.captioned_photos import PairsError, read_photos
from scoring.fitting.clip_folds import ClipFolds
from scoring.fitting.dual_encoder_training import DualEncoderRecipe
from scoring.fitting.embedding_cache import EmbeddingCache
from scoring.fitting.judged import read_judged
from scoring.fitting.labels import LabelsError
from scoring.fitting.model_card import write_card
from scoring.fitting.page_texts import read_pages
from scoring.fitting.whole_fit import Fit
from scoring.relevance import MODELS

NO_CLIP: Final = "none"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0 when the artefact was written, 1 with one line on standard error when a file or folder is unusable."""
    options = _parser().parse_args(arguments)
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        joint = None if options.clip == NO_CLIP else load_clip(options.clip, options.clip_weights)
        folds = _folds(options)
        cache = EmbeddingCache(options.cache, joint, options.clip_weights or "")
        pages = () if options.negatives is None else read_pages(options.negatives)
        judged = None if options.labels is None else read_judged(options.labels, options.candidates)
        photos = read_photos(options.pairs, cache, options.seed)
        fit = Fit(cache, options.seed, DualEncoderRecipe(seed=options.seed), folds)
        fit.check(photos)
    except (PairsError, LabelsError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    fitted = fit.whole(photos, pages, judged)
    fitted.parts.save(options.out)
    write_card(options.out, _command(options), options.data_name or options.pairs.name, photos, pages, fitted)
    print(fitted.quality.table())
    print(f"\nmade {options.out}; use it in a recipe, with the threshold chosen on held-back photos:")
    threshold = fitted.quality.threshold
    print(f"Recipe(relevance_model=Path({str(options.out)!r}), relevance=RelevanceFilter(threshold={threshold}))")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scoring.fit", description="Fit the image-text relevance model.")
    parser.add_argument("--pairs", type=Path, required=True, help="Parquet with image, and captions or text")
    parser.add_argument(
        "--negatives",
        type=Path,
        default=None,
        help="a crawl's candidate shards, whose texts describe none of the pairs",
    )
    parser.add_argument("--labels", type=Path, default=None, help="your own judgements (python -m scoring.label)")
    parser.add_argument("--candidates", type=Path, default=None, help="the labelled crawl, if it has moved since")
    parser.add_argument(
        "--clip", default=OURS, help="open_clip model whose cosines are features, or none (default: ours)"
    )
    parser.add_argument("--clip-weights", default=None, help="its weights: one of open_clip's tags, or a file")
    parser.add_argument(
        "--clip-folds",
        type=Path,
        default=None,
        help="what our model says of these photos where it was not trained on them (python -m scoring.fit_clip --folds); "
        "without it the trees learn what its cosines are worth on a twenty-fourth of the photos",
    )
    parser.add_argument("--out", type=Path, default=MODELS, help="folder of the artefact (default: %(default)s)")
    parser.add_argument("--data-name", default=None, help="what the card calls the data (default: the file's name)")
    parser.add_argument("--cache", type=Path, default=None, help="folder that keeps embeddings between fits")
    parser.add_argument("--seed", type=int, default=0, help="of splits, wrong texts and training")
    return parser


def _folds(options: argparse.Namespace) -> ClipFolds | None:
    if options.clip_folds is None:
        return None
    if options.clip != OURS:
        raise ValueError(f"--clip-folds is for {OURS}; {options.clip} was trained elsewhere, leave it out")
    return ClipFolds.load(options.clip_folds)


def _command(options: argparse.Namespace) -> str:
    """What another would type to make the same: the files by their names, their folders left out."""
    words = ["python", "-m", "scoring.fit", "--pairs", options.pairs.name]
    for name in ("negatives", "labels"):
        if (path := getattr(options, name)) is not None:
            words += [f"--{name}", path.name]
    if options.clip != OURS:
        words += ["--clip", options.clip, *(["--clip-weights", options.clip_weights] if options.clip_weights else [])]
    if options.clip_folds is not None:
        words += ["--clip-folds", options.clip_folds.name]
    return shlex.join([*words, "--seed", str(options.seed)])


if __name__ == "__main__":
    sys.exit(main())
