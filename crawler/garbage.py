"""Garbage collection for processes that read page after page."""

import gc
from typing import Final

# A page makes some thousand objects, nearly all of which go by reference count; looking for cycles among them every 700
# objects, as Python does by default, takes five to ten percent of the time that a page takes.
THRESHOLDS: Final = (20_000, 20, 50)


def collect_seldom() -> None:
    """Look for cycles some thirty times as seldom, and never again among what is there now: modules and models."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
