"""How a process that runs networks holds on to memory that it has freed."""

import ctypes
import sys
from typing import Final

_TRIM_THRESHOLD: Final = -1  # of glibc's malloc.h
_MMAP_THRESHOLD: Final = -3
KEPT_BYTES: Final = 256 << 20  # freed at the end of the heap and not given back
LARGEST_KEPT: Final = 32 << 20  # bytes at once, the highest that glibc takes; a network's layers are below it


def keep_freed_memory() -> bool:
    """Have this process keep what it frees, as far as its C library can be told to; whether it could.

    Otherwise the buffers of each layer go back to the system and come anew, page by page, which takes a third of the
    time of a forward pass. Call it once a process that does little else.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_MMAP_THRESHOLD, LARGEST_KEPT)) and bool(mallopt(_TRIM_THRESHOLD, KEPT_BYTES))
