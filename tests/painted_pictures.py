"""Pictures of two colours with captions that say so, and how the open_clip model is trained on a dozen of them."""

import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

from scoring.fitting.clip_model import ClipRecipe

COLOURS = {"red": (200, 30, 30), "green": (30, 160, 40), "blue": (30, 60, 200), "yellow": (220, 210, 40)}
SMALL = ClipRecipe(epochs=2, batch_size=6, views=2, other_captions=8, other_photos=6, groups=3, warm_up=2)


def painted(number: int) -> tuple[Image.Image, str]:
    """A picture of one colour over another, and what it shows."""
    names = [*COLOURS]
    top, bottom = names[number % 4], names[(number // 4) % 4]
    image = Image.new("RGB", (80 + number, 64), COLOURS[top])
    image.paste(COLOURS[bottom], (0, 32, 80 + number, 64))
    return image, f"A field of {top} above a field of {bottom}"


def pairs(path: Path, count: int = 24) -> Path:
    """The path, to which so many of them were written."""
    rows = []
    for number in range(count):
        image, caption = painted(number)
        buffer = io.BytesIO()
        image.save(buffer, "PNG")
        rows.append({"image": buffer.getvalue(), "captions": [caption, f"{caption} ."]})
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path
