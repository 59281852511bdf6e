"""Photos as the web serves them, for training: mirrored, cropped, scaled down, compressed again, now and then grey."""

import io
from random import Random

from PIL import Image, ImageOps


def web_variant(photo: Image.Image, random: Random) -> Image.Image:
    """A changed copy of an RGB photo, RGB; every text that says left or right aside, its descriptions still hold."""
    if random.random() < 0.5:
        photo = ImageOps.mirror(photo)
    photo = _cropped(photo, random)
    if random.random() < 0.3:
        scale = random.uniform(0.5, 0.9)
        photo = photo.resize((round(photo.width * scale), round(photo.height * scale)), Image.Resampling.BILINEAR)
    if random.random() < 0.12:
        photo = ImageOps.grayscale(photo).convert("RGB")
    if random.random() < 0.4:
        photo = _compressed(photo, quality=random.randint(30, 80))
    return photo


def _cropped(photo: Image.Image, random: Random) -> Image.Image:
    width, height = (round(side * random.uniform(0.85, 1.0)) for side in photo.size)
    left, top = random.randint(0, photo.width - width), random.randint(0, photo.height - height)
    return photo.crop((left, top, left + width, top + height))


def _compressed(photo: Image.Image, quality: int) -> Image.Image:
    buffer = io.BytesIO()
    photo.save(buffer, "JPEG", quality=quality)
    with Image.open(buffer) as compressed:
        return compressed.convert("RGB")
