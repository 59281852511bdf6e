"""The demo site's photographs by URL path, read from installed packages: crops, reflections and scaled copies.

README.md has their authors and licences; none of them is stored here.
"""

import importlib.resources
from dataclasses import dataclass
from typing import Final

from PIL import Image

PHOTOS: Final = {
    "astronaut": ("skimage.data", "astronaut.png"),
    "brick": ("skimage.data", "brick.png"),
    "camera": ("skimage.data", "camera.png"),
    "cat": ("skimage.data", "chelsea.png"),
    "china": ("sklearn.datasets.images", "china.jpg"),
    "coffee": ("skimage.data", "coffee.png"),
    "coins": ("skimage.data", "coins.png"),
    "dahlia": ("sklearn.datasets.images", "flower.jpg"),
    "grass": ("skimage.data", "grass.png"),
    "gravel": ("skimage.data", "gravel.png"),
    "hubble": ("skimage.data", "hubble_deep_field.jpg"),
    "moon": ("skimage.data", "moon.png"),
    "motorcycle": ("skimage.data", "motorcycle_left.png"),
    "motorcycle_right": ("skimage.data", "motorcycle_right.png"),
    "rocket": ("skimage.data", "rocket.jpg"),
}


@dataclass(frozen=True, slots=True)
class Crop:
    """Part of a photograph, scaled.

    Attributes:
        photo: a key of `PHOTOS`.
        width: of the result, pixels; None leaves the scale as it is.
        box: left, upper, right, lower in pixels of the original; None takes all of it.
        mirrored: left and right exchanged.
        quality: of the JPEG or WebP file.
        share: of the file's bytes that are served; less than 1 is an upload that broke off.
    """

    photo: str
    width: int | None = None
    box: tuple[int, int, int, int] | None = None
    mirrored: bool = False
    quality: int = 85
    share: float = 1.0

    def image(self) -> Image.Image:
        """The picture's pixels, RGB."""
        package, name = PHOTOS[self.photo]
        with importlib.resources.files(package).joinpath(name).open("rb") as file:
            image = Image.open(file).convert("RGB").crop(self.box)
        if self.mirrored:
            image = image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
        if self.width:
            image = image.resize((self.width, round(image.height * self.width / image.width)), Image.Resampling.LANCZOS)
        return image


# Twelve views of one building, each its own picture (perceptual hashes far apart), for pages that share one description.
GALLERY: Final = (
    Crop("china", 900, (80, 110, 550, 420), mirrored=True),
    Crop("china", 900, (50, 10, 560, 410)),
    Crop("china", 540, (120, 80, 390, 330), mirrored=True),
    Crop("china", 880, (60, 60, 500, 310)),
    Crop("china", 500, (120, 20, 370, 300)),
    Crop("china", 540, (140, 20, 410, 260)),
    Crop("china", 900, (0, 30, 460, 310)),
    Crop("china", 720, (90, 50, 450, 320), mirrored=True),
    Crop("china", 480, (100, 40, 330, 360), mirrored=True),
    Crop("china", 900, (110, 40, 630, 360), mirrored=True),
    Crop("china", 900, (80, 0, 550, 380), mirrored=True),
    Crop("china", 600, (140, 0, 440, 320), mirrored=True),
)

CROPS: Final = {
    "/images/flat-white.jpg": Crop("coffee", 1200),
    "/images/dahlia.jpg": Crop("dahlia", 1280),
    "/images/pavilion-480.jpg": Crop("china", 480),
    "/images/pavilion-800.jpg": Crop("china", 800),
    "/images/pavilion-1200.jpg": Crop("china", 1200),
    "/images/red-motorcycle.jpg": Crop("motorcycle", 1110),
    "/images/red-motorcycle.webp": Crop("motorcycle", 1110, quality=80),
    "/images/cat-portrait.jpg": Crop("cat", 902),
    "/uploads/2023/07/colonel.jpg": Crop("astronaut", 1024),
    "/images/launch-night.jpg": Crop("rocket", 1280, quality=90),
    "/files/launch-night-small.jpg": Crop("rocket", 720, quality=62),
    "/museum/media/coins.jpg": Crop("coins", 1152),
    "/sky/img/towers.jpg": Crop("rocket", 1000, (0, 200, 330, 427)),
    "/images/cameraman.jpg": Crop("camera", 900),
    "/images/front-wheel.jpg": Crop("motorcycle", 900, (330, 170, 741, 470)),
    "/images/lake-and-trees.jpg": Crop("china", 1000, (300, 140, 640, 400)),
    "/images/dahlia-petals.jpg": Crop("dahlia", 900, (170, 80, 450, 360)),
    "/images/brick-path.jpg": Crop("brick", 800),
    "/images/kitten.jpg": Crop("cat"),
    "/images/lakeside-panorama.jpg": Crop("china", 1900, (0, 150, 640, 270)),
    "/images/auction-bike.jpg": Crop("motorcycle_right", 1100, share=0.35),
    "/images/rooftop.jpg": Crop("china", 900, (70, 20, 350, 240), mirrored=True),
    "/images/saddle.jpg": Crop("motorcycle_right", 900, (60, 90, 420, 330)),
    "/images/spoon.jpg": Crop("coffee", 900, (250, 150, 550, 370)),
    "/images/cup-rim.jpg": Crop("coffee", 900, (120, 10, 460, 250), mirrored=True),
    "/images/whiskers.jpg": Crop("cat", 800, (100, 60, 420, 290), mirrored=True),
    "/images/evening-cat.jpg": Crop("cat", 900, (0, 20, 330, 280)),
    "/images/launch-pad.jpg": Crop("rocket", 900, (180, 220, 560, 427)),
    "/images/helmet.jpg": Crop("astronaut", 900, (230, 230, 512, 512)),
    "/images/orange-suit.jpg": Crop("astronaut", 900, (0, 0, 330, 400)),
    "/images/meadow.jpg": Crop("grass", 900),
    "/images/tripod.jpg": Crop("camera", 900, (180, 40, 512, 420), mirrored=True),
    "/images/gravel-heap.jpg": Crop("gravel", 900, (0, 0, 400, 300)),
    "/images/moon-surface.jpg": Crop("moon", 900),
    "/images/gravel-drive.jpg": Crop("gravel", 900),
    "/images/engine-block.jpg": Crop("motorcycle_right", 900, (160, 170, 500, 400), mirrored=True),
    "/images/garden-corner.jpg": Crop("dahlia", 900, (0, 0, 330, 427), mirrored=True),
    "/images/garage-shelves.jpg": Crop("motorcycle", 900, (330, 0, 741, 290), mirrored=True),
    "/images/galaxies.jpg": Crop("hubble", 900, (100, 300, 600, 760)),
    "/images/coin-tray.jpg": Crop("coins", 900, (0, 120, 384, 303)),
    "/private/staff-party.jpg": Crop("coffee", 1000, (60, 0, 560, 400), mirrored=True),
    "/images/workshop.jpg": Crop("motorcycle_right", 1000, mirrored=True),
    "/images/pagoda-evening.jpg": Crop("china", 1000, mirrored=True),
    **{f"/gallery/frame-{number:02}.jpg": crop for number, crop in enumerate(GALLERY, start=1)},
}
