"""How much does the image chain add to the decode and the networks it needs? `python -m benchmarks.image_chain [PHOTOS]`.

One process on one core takes each image from its bytes through every stage of a build that looks at images, and beside
it does what no build can do without: Pillow's bare decode, and the forward passes of the two networks on pictures that
are prepared. All take turns, round by round; a figure is the median over the rounds of the processor's time.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before anything that reads it is imported

import argparse
import hashlib
import io
import random
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any, Final

import numpy as np
import pyarrow.parquet as pq
import torch
from PIL import Image

from examples.demo_site import pictures
from filters.backbone import CPU_BATCH, Backbone
from filters.blocklist import Blocklist
from filters.image import SHORTEST_SIDE, ImageFilter, decode, perceptual_hash, read_header
from filters.natural import NaturalModel
from filters.nsfw import NsfwModel
from filters.onnx_scorer import BATCH as NSFW_BATCH
from filters.size import SizeFilter

BATCH: Final = 32  # images at once, as in a build
ADDRESSES: Final = ("https://www.a.example/news/2026/story.html", "https://cdn.a.example/img/photo-1200x800.jpg")
WHOLE, SCALED, NETWORKS = (
    "decode alone, whole",
    "decode alone, scaled by 2, 4 or 8",
    ("open_nsfw alone", "backbone alone"),
)

Seen = dict[str, Any]  # the files, and what each stage made of them, by its name
Stage = Callable[[Seen], Any]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "photos",
        type=Path,
        nargs="?",
        help="a folder of image files, or Parquet with a column `image` (default: the demo site's)",
    )
    parser.add_argument(
        "--side", type=int, default=1200, help="pixels of the longest side they are scaled to (default: 1200)"
    )
    parser.add_argument("--images", type=int, default=96, help="how many to take (default: 96)")
    parser.add_argument("--entries", type=int, default=100_000, help="of each kind in the blocklist (default: 100000)")
    parser.add_argument("--rounds", type=int, default=5, help="times that each stage sees all images (default: 5)")
    options = parser.parse_args()
    files = list(at_web_size(photos(options.photos), options.side, options.images))
    if not files:
        raise SystemExit(f"error: no images in {options.photos}; give a folder of image files or Parquet")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    torch.set_num_threads(1)
    chain, bare = chain_of(options.entries), bare_work()
    times = timed({**chain, **bare}, files, options.rounds)
    size = sum(map(len, files)) / len(files) / 1e3
    print(f"{len(files)} JPEGs of {options.side} px, {size:.0f} KB each, {options.rounds} rounds, one core, CPU time")
    print_table(times, list(chain), list(bare))


def photos(source: Path | None) -> Iterator[bytes]:
    """The images to take."""
    if source is None:
        for path in pictures.paths():
            if (found := pictures.picture(path)) is not None:
                yield found.body
    elif source.is_dir():
        for file in sorted(path for path in source.rglob("*") if path.is_file()):
            yield file.read_bytes()
    else:
        for value in pq.read_table(source, columns=["image"])["image"].to_pylist():
            yield value["bytes"] if isinstance(value, dict) else value


def at_web_size(images: Iterator[bytes], side: int, count: int) -> Iterator[bytes]:
    """The first photographs of them as JPEGs of that size; what is none, or too small for a build, is left out."""
    for data in images:
        picture = decode(data, shortest_side=side)
        if count and isinstance(picture, Image.Image) and min(picture.size) > 200:
            count -= 1
            scale = side / max(picture.size)
            scaled = picture.resize(
                (round(picture.width * scale), round(picture.height * scale)), Image.Resampling.BICUBIC
            )
            file = io.BytesIO()
            scaled.save(file, "JPEG", quality=85)
            yield file.getvalue()


def chain_of(entries: int) -> dict[str, Stage]:
    """The stages of a build, in its order."""
    generator = random.Random(0)
    listed = [("sha256", generator.randbytes(32).hex()) for _ in range(entries)]
    listed += [("url", f"b.example/{index}.jpg") for index in range(entries)] + [("host", "c.example")]
    exact = Blocklist(listed)
    near = Blocklist([("pdq", generator.randbytes(32).hex()) for _ in range(entries)])
    backbone, nsfw, natural = Backbone(), NsfwModel(), NaturalModel()
    rules = (ImageFilter(), SizeFilter())
    return {
        "digest checked": lambda seen: [hashlib.sha256(data).hexdigest() for data in seen["files"]],
        "blocklist: file, addresses": lambda seen: [exact.reason_to_drop(ADDRESSES, data) for data in seen["files"]],
        "header": lambda seen: [read_header(data) for data in seen["files"]],
        "image and size rules": lambda seen: [
            (rules[0].reason_to_drop(header), rules[1].reason_to_drop(header.width, header.height, 1))
            for header in seen["header"]
        ],
        "decode": lambda seen: [decode(data) for data in seen["files"]],
        "blocklist: PDQ": lambda seen: [near.reason_to_drop(picture=picture) for picture in seen["decode"]],
        "open_nsfw": lambda seen: nsfw.scores(seen["decode"]),
        "backbone": lambda seen: backbone.embed(seen["decode"]),
        "natural": lambda seen: natural.scores(seen["decode"], seen["backbone"]),
        "perceptual hash": lambda seen: [perceptual_hash(picture) for picture in seen["decode"]],
    }


def bare_work() -> dict[str, Stage]:
    """What every build of this kind has to do: plain decodes, and the networks on pictures that are prepared."""
    numbers = np.random.default_rng(0)
    networks = {
        NETWORKS[0]: (NsfwModel()._session, numbers.uniform(-100, 100, (NSFW_BATCH, 224, 224, 3)).astype(np.float32)),
        NETWORKS[1]: (Backbone()._session, numbers.integers(0, 256, (CPU_BATCH, 224, 224, 3), np.uint8)),
    }

    def forward(name: str, seen: Seen) -> None:
        session, pixels = networks[name]
        for start in range(0, len(seen["files"]), len(pixels)):
            session.run(None, {session.get_inputs()[0].name: pixels[: len(seen["files"]) - start]})

    return {
        WHOLE: lambda seen: [Image.open(io.BytesIO(data)).load() for data in seen["files"]],
        SCALED: lambda seen: [scaled_decode(data) for data in seen["files"]],
        **{name: partial(forward, name) for name in NETWORKS},
    }


def scaled_decode(data: bytes) -> tuple[int, int]:
    """Decode no more of a JPEG than is needed; the size it comes out with."""
    image = Image.open(io.BytesIO(data))
    image.draft("RGB", (SHORTEST_SIDE, SHORTEST_SIDE))
    image.load()
    return image.size


def timed(stages: dict[str, Stage], files: Sequence[bytes], rounds: int) -> dict[str, float]:
    """Milliseconds an image of each stage, in turns; one round before the first does not count."""
    took: dict[str, list[float]] = {name: [] for name in stages}
    for _ in range(rounds + 1):
        spent = dict.fromkeys(stages, 0.0)
        for start in range(0, len(files), BATCH):
            seen: Seen = {"files": files[start : start + BATCH]}
            for name, stage in stages.items():
                began = time.process_time()
                seen[name] = stage(seen)
                spent[name] += time.process_time() - began
        for name, seconds in spent.items():
            took[name].append(1e3 * seconds / len(files))
    return {name: median(times[1:]) for name, times in took.items()}


def print_table(times: dict[str, float], chain: Sequence[str], bare: Sequence[str]) -> None:
    """Stages, their sum, what is needed anyway, and what the chain adds to it."""
    whole = sum(times[name] for name in chain)
    print(f"\n{'':<36}{'ms an image':>12}{'share':>8}{'images/s':>10}")
    for name in chain:
        print(f"{name:<36}{times[name]:>12.2f}{times[name] / whole:>8.1%}")
    print(f"{'chain':<36}{whole:>12.2f}{1:>8.0%}{1e3 / whole:>10.1f}")
    for name in bare:
        print(f"{name:<36}{times[name]:>12.2f}{'':>8}{1e3 / times[name]:>10.1f}")
    networks = sum(times[name] for name in NETWORKS)
    listed = sum(times[name] for name in chain if name.startswith("blocklist"))
    for name in (WHOLE, "decode", SCALED):
        base = times[name] + networks
        print(
            f"{'chain / (' + name + ' + networks)':<56}{whole / base:>6.3f}, without blocklists {(whole - listed) / base:.3f}"
        )


if __name__ == "__main__":
    main()
