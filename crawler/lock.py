"""One crawl a folder: a lock that the system lets go of when the process ends, however that happens."""

import fcntl
from pathlib import Path
from typing import IO, Final

LOCK: Final = ".crawl.lock"  # in the output folder


def lock_folder(folder: Path, shared: bool = False) -> IO[bytes]:
    """The locked file; closing it lets go of the folder.

    Args:
        folder: the crawl's output.
        shared: let others that ask likewise have it too.

    Raises:
        BlockingIOError: a crawl has it that does not go with this one.
        OSError: the folder cannot be written.
    """
    file = (folder / LOCK).open("ab")
    try:
        fcntl.flock(file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BaseException:
        file.close()
        raise
    return file
