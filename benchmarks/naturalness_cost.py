"""What the naturalness filter costs an image beyond the decode, by part, on one core.

OMP_NUM_THREADS=1 python -m benchmarks.naturalness_cost
"""

import io
import time
from collections.abc import Callable

import numpy as np
import torch
from PIL import Image

from filters.backbone import Backbone
from filters.image import decode
from filters.image_statistics import image_statistics
from filters.natural import NaturalModel, natural_features

ROUNDS = 9
BATCH = 32  # pictures at once, as in a build


def milliseconds(call: Callable[[], object]) -> float:
    """Processor time a picture, the lower quartile of so many calls, so that what else the machine does counts little."""
    call()
    taken = []
    for _ in range(ROUNDS):
        start = time.process_time()
        call()
        taken.append(time.process_time() - start)
    return sorted(taken)[ROUNDS // 4] * 1e3 / BATCH


def jpeg(rng: np.random.Generator) -> bytes:
    """A file of waves and noise."""
    waves = np.add.outer(np.sin(np.arange(800) / 40), np.cos(np.arange(1200) / 25)) * 60 + 127
    noisy = waves[..., None] + rng.normal(0, 12, (800, 1200, 3))
    buffer = io.BytesIO()
    Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(buffer, "JPEG", quality=80)
    return buffer.getvalue()


def main() -> None:
    """Prints the table of JPEGs of 1200 x 800 pixels."""
    torch.set_num_threads(1)
    files = [jpeg(np.random.default_rng(seed)) for seed in range(BATCH)]
    pictures = [shown for file in files if isinstance(shown := decode(file), Image.Image)]
    backbone, model = Backbone(), NaturalModel()
    embedding = backbone.embed(pictures)
    features = natural_features(pictures, embedding)
    parts = {
        "decode": lambda: [decode(file) for file in files],
        "backbone, shared with relevance": lambda: backbone.embed(pictures),
        "pixel statistics": lambda: [image_statistics(picture) for picture in pictures],
        "classifier": lambda: model.score_features(features),
        "naturalness beyond decode, backbone shared": lambda: model.scores(pictures, embedding),
        "naturalness beyond decode, backbone included": lambda: model.scores(pictures, backbone.embed(pictures)),
    }
    print("| part | ms an image |\n| --- | --- |")
    for name, call in parts.items():
        print(f"| {name} | {milliseconds(call):.2f} |")


if __name__ == "__main__":
    main()
