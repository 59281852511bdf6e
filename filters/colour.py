"""Embedded colour profiles (ICC): pixels in sRGB, which screens show and the models were trained on."""

import io
from functools import lru_cache
from typing import Final

import numpy as np
from PIL import Image, ImageCms

MAX_PROFILE_BYTES: Final = 4 << 20  # printers' tables take 2 MB; a larger profile is garbage or an attack
SAME_LEVELS: Final = 2  # of 256: what rounding alone makes of sRGB
_MODES: Final = {"RGB ": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # of a profile's colour space
_SRGB: Final = ImageCms.createProfile("sRGB")
_STEPS: Final = (0, 64, 128, 192, 255)
# Colours from all over the cube, as one picture: a profile that leaves them as they are is sRGB, whatever its name.
_SWATCHES: Final = Image.fromarray(np.array([[(r, g, b) for r in _STEPS for g in _STEPS for b in _STEPS]], np.uint8))


def in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """The picture as RGB, its colours carried from those of its profile where it has one that says something else.

    A profile that is damaged, or for pixels of another kind, counts as none, as in browsers.

    Args:
        picture: of any mode without transparency.
        profile: the file's, if any; a few of those seen last are kept ready, since files share them.
    """
    mode, transform = _to_srgb(profile) if profile and len(profile) <= MAX_PROFILE_BYTES else ("", None)
    if transform is None or (mode != "RGB" and mode != picture.mode):
        return picture.convert("RGB")
    return transform.apply(picture.convert(mode))


@lru_cache(maxsize=16)
def _to_srgb(profile: bytes) -> tuple[str, ImageCms.ImageCmsTransform | None]:
    """The mode of the pixels that the profile is for and what carries them to sRGB; None for a profile of no use."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = _MODES[source.profile.xcolor_space]
        transform = ImageCms.buildTransform(source, _SRGB, mode, "RGB")
    # what is no profile (OSError), for other devices (KeyError), or lacks what a transform needs (PyCMSError)
    except (OSError, KeyError, ValueError, TypeError, ImageCms.PyCMSError):
        return "", None
    if mode == "RGB":
        moved = np.asarray(transform.apply(_SWATCHES)).astype(int) - np.asarray(_SWATCHES)
        if np.abs(moved).max() <= SAME_LEVELS:
            return mode, None
    return mode, transform
