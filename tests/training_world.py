"""A small world of coloured shapes, drawn by rule and described by sentences: corpora for the training tests."""

import hashlib
import io
import itertools
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageDraw

from pipelines.schema import PAIR_SCHEMA, Pair

COLOURS = ("red", "green", "blue", "yellow", "white", "black", "purple", "orange")
SHAPES = ("circle", "square", "triangle")


def drawn_shape(colour: str, shape: str, background: str, shift: int = 0) -> bytes:
    """A PNG of 96 x 96 with one shape on a plain background, `shift` pixels off the centre."""
    image = Image.new("RGB", (96, 96), background)
    draw = ImageDraw.Draw(image)
    box = (20 + shift, 20, 76 + shift, 76)
    if shape == "circle":
        draw.ellipse(box, fill=colour)
    elif shape == "square":
        draw.rectangle(box, fill=colour)
    else:
        draw.polygon([(box[0], box[3]), (box[2], box[3]), ((box[0] + box[2]) // 2, box[1])], fill=colour)
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


def world(shifts: Sequence[int] = (0,)) -> list[tuple[bytes, str]]:
    """Every shape in every colour on every other one, at every shift, each with its sentence."""
    return [
        (drawn_shape(colour, shape, background, shift), f"a {colour} {shape} on a {background} background")
        for shift in shifts
        for colour, shape, background in itertools.product(COLOURS, SHAPES, COLOURS)
        if colour != background
    ]


def pair(image: bytes, text: str) -> Pair:
    """A row of the corpus around an image and a text."""
    return Pair(
        image_sha256=hashlib.sha256(image).hexdigest(),
        image=image,
        image_phash="0" * 16,
        width=96,
        height=96,
        animated=False,
        text=text,
        text_source="alt",
        relevance=0.9,
        nsfw=0.0,
        natural=0.9,
        rivals=(),
        page_url="https://example.org/page",
        image_url="https://example.org/image.png",
        license_url=None,
        fetched_at="2026-01-01T00:00:00Z",
    )


def write_corpus(folder: Path, pairs: Sequence[tuple[bytes, str]], per_shard: int = 1000) -> Path:
    """`folder` with the pairs in shards of `per_shard`."""
    folder.mkdir()
    for start in range(0, len(pairs), per_shard):
        rows = [pair(image, text).to_row() for image, text in pairs[start : start + per_shard]]
        pq.write_table(pa.Table.from_pylist(rows, PAIR_SCHEMA), folder / f"part-{start // per_shard:05d}.parquet")
    return folder
