"""One crawl a folder: a lock that the system lets go of when the process ends, however that happens."""

import fcntl
from pathlib import Path
from typing import IO, Final

from crawler.frontier import FrontierError

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


def hold_folder(folder: Path) -> IO[bytes]:
    """The locked file of a folder that this process alone writes to.

    Raises:
        FrontierError: another crawl has the folder, or it cannot be written.
    """
    try:
        return lock_folder(folder)
    except BlockingIOError as error:
        raise FrontierError(
            f"another crawl is writing to {folder}/: wait for it, or give another folder with -a out=DIR"
        ) from error
    except OSError as error:
        raise FrontierError(f"cannot write to {folder}/ ({error.strerror}): give another with -a out=DIR") from error
