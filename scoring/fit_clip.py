"""Trains our open_clip model: `python -m scoring.fit_clip --pairs pairs.parquet [--folds folds.npz] [--out DIR]`."""

import argparse
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np

from filters.backbone import Backbone
from scoring.clip import FOLDER, OURS, ClipEncoder, load_clip
from scoring.clip_weights import CONFIG_FILE, WEIGHTS_FILE, save_our_weights
from scoring.dual_encoder import Floats, Moments
from scoring.fitting.captioned_photos import PairsError
from scoring.fitting.clip_folds import train_folds
from scoring.fitting.clip_model import ClipRecipe
from scoring.fitting.clip_photos import Photos, read_clip_photos
from scoring.fitting.clip_quality import CARD_FILE, ClipQuality, measure_clip, write_clip_card
from scoring.fitting.clip_training import train_clip
from scoring.fitting.clip_views import make_views
from scoring.fitting.folds import FOLDS
from scoring.text_encoder import TextEncoder

CAPTIONS: Final = 5  # of each photo
FOLD_EPOCHS: Final = 8  # half of the model's: what it is worth changes little after that
USUAL: Final = 1000  # photos that say what is usual


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 0 when the model was written, 1 with one line on standard error when a file or folder is unusable."""
    options = _parser().parse_args(arguments)
    try:
        for folder in (options.out, *([options.folds.parent] if options.folds else [])):
            folder.mkdir(parents=True, exist_ok=True)
        recipe = ClipRecipe(seed=options.seed, epochs=options.epochs)
        photos = read_clip_photos(options.pairs)
        others = None if options.validation is None else read_clip_photos(options.validation)
    except (PairsError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    fitting, _, measuring = photos.split(options.seed)
    with TemporaryDirectory() as passing:
        cache = Path(passing) if options.cache is None else options.cache
        cache.mkdir(parents=True, exist_ok=True)
        _train(fitting, recipe, cache, options)
    encoder = load_clip(OURS, str(options.out))
    usual = Moments.of(encoder.project_images(fitting.images[:USUAL]))
    found = _measured(f"{len(measuring.images)} of {options.pairs.name}", measuring, encoder, usual)
    if others is not None:
        found += _measured(f"{len(others.images)} of {options.validation.name}", others, encoder, usual)
    _write_card(options, fitting, encoder, found)
    return 0


def _train(photos: Photos, recipe: ClipRecipe, cache: Path, options: argparse.Namespace) -> None:
    out: Path = options.out
    views = make_views(photos.images, recipe.views, cache, recipe.seed)
    sentences = _kept(cache / f"sentences-{views.digest}.npy", lambda: _sentences(photos))
    classes = cache / f"classes-{views.digest}.npy"
    probabilities = _kept(classes, lambda: Backbone().embed(photos.images).class_probabilities_BC)
    model = train_clip(views, sentences, probabilities, recipe, cache / f"clip-{views.digest}.checkpoint")
    if options.folds is not None:
        short = replace(recipe, epochs=options.fold_epochs)
        folds = train_folds(views, sentences, probabilities, photos.captions, short, cache, options.fold_count)
        folds.save(options.folds)
    if out.resolve() != FOLDER.resolve():
        shutil.copyfile(FOLDER / CONFIG_FILE, out / CONFIG_FILE)
    save_our_weights(out / WEIGHTS_FILE, model.trunk.changed_tensors(), model.projections())


def _kept(path: Path, make: Callable[[], Floats]) -> Floats:
    """What is made once a folder, because a run that goes on should not wait for it again."""
    if not path.exists():
        partial = path.with_suffix(".partial.npy")
        np.save(partial, make())
        partial.replace(path)
    kept: Floats = np.load(path)
    return kept


def _sentences(photos: Photos) -> Floats:
    """Sentence embeddings of `CAPTIONS` captions of each photo, some of them again where it has fewer, [I, K, S]."""
    texts = [own[number % len(own)] for own in photos.captions for number in range(CAPTIONS)]
    return TextEncoder().encode(texts).reshape(len(photos.captions), CAPTIONS, -1)


def _measured(name: str, photos: Photos, encoder: ClipEncoder, usual: Moments) -> list[ClipQuality]:
    captions = [caption for own in photos.captions for caption in own]
    photo_of = np.repeat(np.arange(len(photos.captions)), [len(own) for own in photos.captions])
    images, texts = encoder.project_images(photos.images), encoder.project_texts(captions)
    return measure_clip(name, images, texts, photo_of, Backbone().embed(photos.images).class_probabilities_BC, usual)


def _write_card(
    options: argparse.Namespace, fitting: Photos, encoder: ClipEncoder, found: Sequence[ClipQuality]
) -> None:
    words = ["python", "-m", "scoring.fit_clip", "--pairs", options.pairs.name, "--seed", str(options.seed)]
    words += ["--epochs", str(options.epochs)]
    words += [] if options.folds is None else ["--folds", options.folds.name]
    words += [] if options.validation is None else ["--validation", options.validation.name]
    counts = (len(fitting.images), sum(len(own) for own in fitting.captions))
    size = (options.out / WEIGHTS_FILE).stat().st_size
    name = options.data_name or options.pairs.name
    write_clip_card(options.out / CARD_FILE, shlex.join(words), name, counts, encoder.width, size, found)
    print("\n".join(quality.row() for quality in found))
    print(f"\nmade {options.out}; load it with scoring.clip.load_clip({OURS!r}, {str(options.out)!r})")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m scoring.fit_clip", description="Train the small dual encoder.")
    parser.add_argument("--pairs", type=Path, required=True, help="Parquet with image, and captions or text")
    parser.add_argument(
        "--validation", type=Path, default=None, help="such a file that is measured on and nothing else"
    )
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of the model (default: %(default)s)")
    parser.add_argument("--data-name", default=None, help="what the card calls the data (default: the file's name)")
    parser.add_argument(
        "--cache", type=Path, default=None, help="folder for views and checkpoint; a killed run goes on"
    )
    parser.add_argument("--epochs", type=int, default=ClipRecipe().epochs, help="passes over the photos (%(default)s)")
    parser.add_argument(
        "--folds",
        type=Path,
        default=None,
        metavar="FILE",
        help="also train encoders that each leave out a part of the photos, and write what they say of that part, from "
        "which scoring.fit --clip-folds FILE learns what the model is worth",
    )
    parser.add_argument(
        "--fold-count", type=int, choices=range(2, 13), metavar="2-12", default=FOLDS, help="encoders (%(default)s)"
    )
    parser.add_argument("--fold-epochs", type=int, default=FOLD_EPOCHS, help="of each of them (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of split, views and training")
    return parser


if __name__ == "__main__":
    sys.exit(main())
