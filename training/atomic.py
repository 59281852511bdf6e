"""Folders that appear whole or not at all, and that one process at a time writes."""

import errno
import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipelines.schema import DataError


@contextmanager
def atomic_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside `path` that takes its place when the block ends well and vanishes when it does not.

    A folder that already stands at `path` is replaced. What a killed process left of it is cleared by the next one.
    Two processes must not do this at once: see `sole_writer`.

    Raises:
        OSError: the disk is full, or the like; it names `path` where the system named no file.
    """
    temporary, aside = _temporary(path), _aside(path)
    for leftover in (temporary, aside):
        shutil.rmtree(leftover, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        yield temporary
        if path.exists():
            path.replace(aside)  # rather than removed: a kill amid that would leave a part that looks whole
        temporary.replace(path)
        shutil.rmtree(aside, ignore_errors=True)
    except OSError as error:
        if error.filename is None:  # of a write, the system names no file; NumPy's own errors have a message only
            raise OSError(error.errno or errno.EIO, error.strerror or str(error), str(path)) from error
        raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def remove_folder(path: Path) -> None:
    """Remove the folder `path` so that a kill leaves all of it or nothing under that name."""
    aside = _aside(path)
    shutil.rmtree(aside, ignore_errors=True)
    path.replace(aside)
    shutil.rmtree(aside)


def clear_leftovers(folder: Path, pattern: str) -> None:
    """Remove what killed processes left in `folder` of folders whose name matches `pattern`."""
    for path in (*folder.glob(f".{pattern}.tmp"), *folder.glob(f".{pattern}.old")):
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def sole_writer(folder: Path) -> Iterator[None]:
    """Keep other processes that ask likewise from writing into `folder`, which exists, until the block ends.

    The system lets go of it when the process dies, in whatever way.

    Raises:
        DataError: another process is at it.
        OSError: the folder cannot be written.
    """
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise DataError(f"another process is writing {folder}; wait for its end, or give another folder") from None
        except OSError:  # a file system without locks, as some clusters mount theirs, is no reason to refuse work
            pass
        yield


def _temporary(path: Path) -> Path:
    return path.parent / f".{path.name}.tmp"


def _aside(path: Path) -> Path:
    return path.parent / f".{path.name}.old"


def write_text(path: Path, text: str) -> None:
    """Write `text` to the file `path` so that a reader sees the old content or the new, never a part."""
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_text(text)
    temporary.replace(path)
