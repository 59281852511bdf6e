"""The WARC files that an extraction was asked for, and what vouches for their results."""

import glob
import hashlib
import importlib.metadata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Final

from pipelines.extraction import Source
from pipelines.schema import DataError
from pipelines.shards import read_json
from pipelines.warc import is_warc

SUFFIXES: Final = (".warc", ".warc.gz", ".warc.zst")  # of what a folder is searched for
# Whatever decides which image or text a page gives, or how it is written.
PACKAGES: Final = ("lait", "beautifulsoup4", "FastWARC", "langdetect", "lxml", "pyarrow", "pycld2", "selectolax")
EXTRACTING: Final = ("extraction.py", "http_message.py", "row_shards.py", "warc.py", "warc_starts.py")


def matched(inputs: Sequence[str]) -> list[Path]:
    """The files behind paths, folders and globs, sorted, each once.

    Raises:
        DataError: there are none behind one of them.
    """
    found: set[Path] = set()
    for given in inputs:
        if "://" in given:
            raise DataError(f"{given} is no local path; download it, or mount the bucket, and give the path")
        path = Path(given)
        if path.is_dir():
            paths = [inside for inside in path.iterdir() if inside.name.endswith(SUFFIXES)]
        else:
            paths = [path] if path.exists() else [Path(name) for name in glob.glob(given, recursive=True)]  # noqa: PTH207
        paths = [path for path in paths if not path.is_dir()]
        if not paths:
            raise DataError(f"no WARC file matches {given}; check --input")
        found.update(path.resolve() for path in paths)
    return sorted(found)


def sources(paths: Iterable[Path], build: Path) -> list[Source]:
    """The files as they are now. A file that was moved keeps its results, and a copy of it is the same file.

    Raises:
        DataError: one cannot be looked at.
    """
    digest, known = code_digest(), known_keys(build)
    found: dict[tuple[str | int, ...], Source] = {}
    for path in paths:
        source = source_of(path, digest)
        same = fingerprint(source.made_from)
        found.setdefault(same, replace(source, key=known.get(same, source.key)))
    return list(found.values())


def source_of(path: Path, digest: str) -> Source:
    """A WARC file as it is now; its folder is part of the key, since names repeat across crawls.

    Raises:
        DataError: it cannot be looked at.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise DataError(f"cannot read {path} ({error.strerror}); check the file") from error
    place = hashlib.sha256(str(path.parent).encode()).hexdigest()[:6]
    made_from: dict[str, str | int] = {
        "file": path.name,
        "bytes": status.st_size,
        "mtime_ns": status.st_mtime_ns,
        "by": digest,
    }
    return Source(str(path), f"{path.name.partition('.warc')[0]}-{place}", status.st_size, made_from)


def fingerprint(made_from: Mapping[str, str | int]) -> tuple[str | int, ...]:
    """What tells one WARC file from another: name, size and time of change, as `make` would look at it."""
    return made_from["file"], made_from["bytes"], made_from["mtime_ns"]


def known_keys(build: Path) -> dict[tuple[str | int, ...], str]:
    """The keys of the files that were extracted before, by fingerprint."""
    markers = {path.stem: read_json(path) for path in sorted((build / "done").glob("*.json"))}
    return {fingerprint(marker["made_from"]): key for key, marker in markers.items() if marker}


def check_input(source: Source) -> None:
    """Raise DataError unless the file can be opened and a WARC record starts in it."""
    try:
        if is_warc(Path(source.path)):
            return
    except OSError as error:
        raise DataError(f"cannot read {source.path} ({error.strerror or error}); check the file") from error
    raise DataError(f"{source.path} holds no WARC record that can be read (plain, gzip or Zstandard); check --input")


def code_digest() -> str:
    """Digest of all that makes candidates out of the same file: code, artefacts, versions."""
    digest = hashlib.sha256()
    crawler, pipelines = Path(str(files("crawler"))), Path(str(files("pipelines")))
    artefacts = [path for path in crawler.rglob("*") if path.suffix in {".npz", ".txt", ".json"}]
    for path in [*sorted(crawler.glob("*.py")), *sorted(artefacts), *(pipelines / name for name in EXTRACTING)]:
        digest.update(path.name.encode() + path.read_bytes())
    for name in PACKAGES:
        digest.update(importlib.metadata.version(name).encode())
    return digest.hexdigest()
