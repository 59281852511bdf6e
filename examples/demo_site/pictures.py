"""Every picture file of the demo site by its URL path, made on first use from photographs and drawings.

The same path gives the same bytes in every run on one installation.
"""

import functools
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from PIL import Image

from examples.demo_site import drawings
from examples.demo_site.photographs import CROPS

TYPES: Final = {
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "gif": "image/gif",
    "svg": "image/svg+xml",
}
ENCODERS: Final = {"jpg": "JPEG", "png": "PNG", "webp": "WEBP", "gif": "GIF"}

DRAWINGS: Final[dict[str, Callable[[], Image.Image]]] = {
    "/static/lantern-logo.png": lambda: drawings.lettered("The Haverlow Lantern", (360, 80), (28, 58, 94)),
    "/static/lantern-share.png": lambda: drawings.lettered("The Haverlow\nLantern", (1200, 630), (28, 58, 94)),
    "/static/kitchen-logo.png": lambda: drawings.lettered("Crumb & Kettle", (300, 90), (176, 78, 52)),
    "/static/museum-logo.png": lambda: drawings.lettered("HAVERLOW MUSEUM", (420, 70), drawings.INK),
    "/static/riders-logo.png": lambda: drawings.lettered("SALTMARSH RIDERS", (468, 100), (120, 20, 30)),
    "/static/sky-logo.gif": lambda: drawings.lettered("Haverlow Astronomical Society", (500, 80), (8, 10, 40)),
    "/static/album-logo.png": lambda: drawings.lettered("Town Album", (200, 50), (90, 90, 90)),
    "/static/icon-mail.png": lambda: drawings.lettered("@", (32, 32), (80, 80, 80)),
    "/static/icon-feed.png": lambda: drawings.lettered("))", (32, 32), (230, 130, 30)),
    "/static/icon-share.png": lambda: drawings.lettered("<", (32, 32), (40, 90, 160)),
    "/static/icon-print.png": lambda: drawings.lettered("P", (32, 32), (60, 110, 60)),
    "/static/blank.gif": lambda: Image.new("RGB", (1, 1), (255, 255, 255)),
    "/ads/ferry-728.png": lambda: drawings.lettered(
        "Island ferry, every hour from the old quay", (728, 90), (0, 120, 130)
    ),
    "/ads/bakery-300.png": lambda: drawings.lettered("Fresh loaves\nfrom six o'clock", (300, 250), (150, 95, 40)),
    "/ads/tyres-300.png": lambda: drawings.lettered("TYRES\n2 for 1\nMay only", (300, 600), (210, 170, 20)),
    "/ads/eyepieces-468.gif": lambda: drawings.lettered("Eyepieces & mounts - autumn sale", (468, 60), (60, 0, 80)),
    **{f"/avatars/reader-{n}.png": functools.partial(drawings.avatar, n) for n in range(1, 7)},
    "/images/visitors-by-month.png": lambda: drawings.bar_chart(
        "Visitors by month", (120, 150, 310, 420, 640, 905), ("Jan", "Feb", "Mar", "Apr", "May", "Jun")
    ),
    "/images/import-error.png": lambda: drawings.dialog_screenshot(
        "Library catalogue 4.2 - Import",
        "The import stopped at line 1418 of readers.csv.\n\nField 7 (postcode) is empty.\n1417 lines were read.\n"
        "0 lines were written.\n\nOpen the file in a text editor, add the postcode, and start the\nimport again.",
    ),
    "/images/riders-patch.png": lambda: drawings.badge("SALTMARSH RIDERS"),
    "/images/monday-face.jpg": lambda: drawings.meme("MONDAY AGAIN?", "BUT I JUST SAT DOWN"),
    "/images/town-map.png": lambda: drawings.town_map(7),
    "/images/study-in-ochre.jpg": drawings.dunes,
}

FILES: Final[dict[str, Callable[[], bytes]]] = {
    "/images/survey-scan.png": lambda: drawings.png_that_declares(12_000, 12_000),
    "/images/members-sky.png": lambda: drawings.png_that_declares(60_000, 60_000),
    "/images/coat-of-arms.svg": drawings.coat_of_arms,
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture file as served."""

    body: bytes
    content_type: str


def paths() -> tuple[str, ...]:
    """The URL paths of all full-size pictures and furniture, sorted; thumbnails come on top."""
    return tuple(sorted({**CROPS, **DRAWINGS, **FILES}))


@functools.cache
def picture(path: str) -> Picture | None:
    """The file at a URL path; None where there is none.

    `/thumbs/NAME` is a 160 pixel wide version of the photograph whose path ends in `NAME`.
    """
    content_type = TYPES.get(path.rpartition(".")[2])
    if content_type is None:
        return None
    if path in FILES:
        return Picture(FILES[path](), content_type)
    if path in CROPS:
        crop = CROPS[path]
        body = encoded(crop.image(), path, crop.quality)
        return Picture(body[: int(len(body) * crop.share)], content_type)
    if path in DRAWINGS:
        return Picture(encoded(DRAWINGS[path](), path), content_type)
    return thumbnail(path, content_type)


def thumbnail(path: str, content_type: str) -> Picture | None:
    """The small version behind `/thumbs/NAME`; None for any other path."""
    name = path.removeprefix("/thumbs/")
    original = next((key for key in CROPS if key.endswith(f"/{name}")), None)
    if original is None or not path.startswith("/thumbs/"):
        return None
    image = CROPS[original].image()
    image.thumbnail((160, 160))
    return Picture(encoded(image, path), content_type)


def encoded(image: Image.Image, path: str, quality: int = 85) -> bytes:
    """The image as a file of the format that the path's ending names."""
    buffer = io.BytesIO()
    kind = ENCODERS[path.rpartition(".")[2]]
    image.save(buffer, kind, **({"quality": quality} if kind in ("JPEG", "WEBP") else {}))
    return buffer.getvalue()
