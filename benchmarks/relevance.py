"""How many image-text pairs a second each stage of the relevance model takes: `python -m benchmarks.relevance`."""

import argparse
import os
import time
from collections.abc import Callable
from importlib.resources import files
from random import Random
from typing import Final

os.environ["OMP_NUM_THREADS"] = "1"  # before torch comes in: one core is what is measured

import torch
from PIL import Image

from crawler.items import TEXT_SOURCES, Text
from scoring.describe import Describer
from scoring.features import BLOCKS, PairBatch
from scoring.relevance import RelevanceModel
from scoring.text_encoder import TextEncoder

PHOTOS: Final = ("coffee.png", "chelsea.png", "motorcycle_left.png", "astronaut.png", "rocket.jpg")
THINGS: Final = (
    "dog",
    "cup of coffee",
    "cat",
    "rocket",
    "motorcycle",
    "street",
    "boat",
    "child",
    "newspaper",
    "harbour",
)
DOINGS: Final = ("stands near", "is seen beside", "moves past", "lies under", "waits in front of")
PLACES: Final = ("a wooden table", "the old town hall", "a crowd of people", "the sea at dusk", "a red brick wall")
REPEATS: Final = 3  # the fastest counts: what else the machine does only slows


def main() -> None:
    """Print one table; the stages are timed in the order in which a build runs them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.relevance")
    parser.add_argument(
        "--images", type=int, default=32, help="as many as a build decodes at once (default: %(default)s)"
    )
    parser.add_argument("--texts", type=int, default=6, help="rival texts of an image (default: %(default)s)")
    options = parser.parse_args()
    torch.set_num_threads(1)
    images, texts = _images(options.images), _texts(options.images, options.texts)
    pairs = options.images * options.texts
    describer, model, encoder = Describer(), RelevanceModel(), TextEncoder()
    rows: list[tuple[str, float]] = []

    rows.append(("image models: backbone, NSFW, natural", _seconds(lambda: describer.pictures(images))))
    pictures = describer.pictures(images, [image.size for image in images])
    pictures = pictures.with_addresses(
        [f"https://images.example/{row}/red-wall-dog.jpg" for row in range(len(images))],
        [f"https://example.org/{row}/a-crowd-of-people" for row in range(len(images))],
    )
    if model.joint is not None:
        joint = model.joint
        rows.append(("joint encoder: images", _seconds(lambda: joint.project_images(images))))
    pictures = model.with_joint(pictures, images)
    said = [text.text for rivals in texts for text in rivals]
    rows.append(("text model: MiniLM", _seconds(lambda: encoder.encode(said))))
    if model.joint is not None:
        sentences = encoder.encode(said)
        rows.append(("joint encoder: texts", _seconds(lambda: joint.project_texts(said, sentences))))
    batch = model.batch(pictures, texts)
    for name, block in BLOCKS.items():
        rows.append((f"features: {name} ({len(block.names)})", _block_seconds(block.columns, batch, model)))
    features_alone = sum(seconds for name, seconds in rows if name.startswith("features"))
    features = model.features_of(batch)
    rows.append(("trees and calibration", _seconds(lambda: model.parts.probabilities(features))))
    total = sum(seconds for _, seconds in rows)
    _print([*rows, ("all features but the model forwards", features_alone), ("everything", total)], pairs, total)


def _print(rows: list[tuple[str, float]], pairs: int, total: float) -> None:
    print(f"{pairs} pairs, one core\n\n| stage | pairs/s | ms a pair | share |\n| --- | --- | --- | --- |")
    for name, seconds in rows:
        print(f"| {name} | {pairs / seconds:.0f} | {1000 * seconds / pairs:.3f} | {seconds / total:.1%} |")


def _block_seconds(columns: Callable[..., object], batch: PairBatch, model: RelevanceModel) -> float:
    return _seconds(lambda: columns(batch, model.parts.matchers))


def _seconds(work: Callable[[], object]) -> float:
    """CPU seconds of the fastest of some runs, so that what else the machine does is left out."""
    taken = []
    for _ in range(REPEATS):
        start = time.process_time()
        work()
        taken.append(time.process_time() - start)
    return min(taken)


def _images(count: int) -> list[Image.Image]:
    """Real photographs, scaled as `filters.image.decode` would."""
    photos = [Image.open(str(files("skimage.data") / name)).convert("RGB") for name in PHOTOS]
    return [photos[row % len(photos)].resize((512, 384)) for row in range(count)]


def _texts(images: int, each: int) -> list[list[Text]]:
    random = Random(0)
    return [[_text(random, TEXT_SOURCES[row % len(TEXT_SOURCES)]) for row in range(each)] for _ in range(images)]


def _text(random: Random, source: str) -> Text:
    first, second = random.sample(THINGS, 2)
    said = f"A {first} {random.choice(DOINGS)} {random.choice(PLACES)} with a {second}, {random.randrange(10_000)} of them."
    return Text(source, said)


if __name__ == "__main__":
    main()
