"""Python's garbage collector, set for a process that reads pages for hours."""

import gc
from typing import Final

THRESHOLD: Final = 20_000  # new objects between two collections; a page makes some hundreds, and frees them by itself


def settle() -> None:
    """Leave what the program has loaded out of all further collections, and collect less often.

    Call it once, when everything is imported: each collection would otherwise look through modules and models again.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(THRESHOLD, 20, 20)
