"""What was ever taken down of a corpus: a list beside it that every later build of that corpus applies, and what it names."""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from PIL.Image import Image as Picture

from filters.blocklist import Blocklist
from filters.blocklist_entries import Entry, read_entries
from filters.image import decode
from pipelines.run import UsageError
from pipelines.schema import DataError
from pipelines.shards import whole_file

# What each option takes, and the order in which a row's reason is looked for: what its owner said before what follows.
TAKES: Final[Mapping[str, tuple[str, ...]]] = {
    "urls": ("url",),
    "hosts": ("host",),
    "hashes": ("md5", "pdq", "sha256"),
}
ADDRESSED: Final = ("url", "host")
OF_BYTES: Final = ("md5", "pdq")


def takedown_folder(corpus: Path) -> Path:
    """Where a corpus's takedowns are kept; apart from its build folder, which may be deleted to build afresh."""
    corpus = corpus.resolve() if corpus.is_symlink() else corpus
    return corpus.with_name(f"{corpus.name}.takedown")


def kept_list(corpus: Path) -> Path:
    """The list of all that was ever taken down, in the form of `--blocklist`."""
    return takedown_folder(corpus) / "list.txt"


def pending_marker(corpus: Path) -> Path:
    """A file that is there while a takedown is under way, or was stopped."""
    return takedown_folder(corpus) / "unfinished.json"


def lists_to_apply(corpus: Path) -> tuple[Path, ...]:
    """The blocklists that a build of `corpus` applies besides its own: that of what was taken down, if anything was.

    Raises:
        DataError: a takedown was stopped half way.
    """
    if pending_marker(corpus).exists():
        raise DataError(
            f"a takedown of {corpus} was stopped; finish it first: python -m pipelines.takedown --corpus {corpus}"
        )
    return (kept_list(corpus),) if kept_list(corpus).exists() else ()


def given_entries(option: str, path: Path) -> list[Entry]:
    """The entries of a file that was given by `option`, one of `TAKES`.

    Raises:
        DataError: the file is missing, or a line of it is no entry.
        UsageError: it holds what another option takes.
    """
    try:
        entries = list(read_entries(path))
    except ValueError as error:
        raise DataError(str(error)) from error
    for kind, _ in entries:
        if kind not in TAKES[option]:
            [other] = [name for name, kinds in TAKES.items() if kind in kinds]
            raise UsageError(f"--{option} {path} holds a {kind}; move it to a file for --{other}")
    return entries


def kept_entries(corpus: Path) -> list[Entry]:
    """What was taken down before."""
    try:
        return list(read_entries(kept_list(corpus))) if kept_list(corpus).exists() else []
    except ValueError as error:
        raise DataError(str(error)) from error


def keep(corpus: Path, entries: Iterable[Entry]) -> None:
    """Write the list anew, by rename."""
    lines = [f"{kind}:{spelled(kind, value)}\n" for kind, value in sorted(set(entries))]
    with whole_file(kept_list(corpus)) as draft:
        draft.write_text("# Every build of this corpus applies this list.\n" + "".join(lines))


def spelled(kind: str, value: str) -> str:
    """An entry's value as a file has it."""
    if kind == "url":
        return f"http://{value}"
    return f"[{value}]" if kind == "host" and ":" in value else value  # an IPv6 address


class Named:
    """What entries name, asked of rows of pairs and rejects.

    Args:
        entries: as `filters.blocklist_entries` reads them.
    """

    def __init__(self, entries: Iterable[Entry]) -> None:
        by_kind: dict[str, list[Entry]] = {}
        for kind, value in entries:
            by_kind.setdefault(kind, []).append((kind, value))
        self._digests = frozenset(value for _, value in by_kind.pop("sha256", []))
        self._lists = {kind: Blocklist(named) for kind, named in by_kind.items()}
        self.asks_for_bytes = not self._lists.keys().isdisjoint(OF_BYTES)
        self.kind_of_address = lru_cache(1 << 16)(self._kind_of_address)

    def kind_of_row(self, row: Mapping[str, Any]) -> str | None:
        """The kind of entry that names a row, by its addresses, by its image where it has one, or by its digest."""
        if named := self.kind_of_address(row["page_url"]) or self.kind_of_address(row["image_url"]):
            return named
        by_bytes = self._kind_of_bytes(row["image"]["bytes"]) if row.get("image") else None
        return by_bytes or ("sha256" if row["image_sha256"] in self._digests else None)

    def _kind_of_address(self, address: str) -> str | None:
        kinds = (kind for kind in ADDRESSED if kind in self._lists)
        return next((kind for kind in kinds if self._lists[kind].reason_to_drop([address])), None)

    def _kind_of_bytes(self, image: bytes) -> str | None:
        for kind in (kind for kind in OF_BYTES if kind in self._lists):
            picture = decode(image) if kind == "pdq" else None
            seen = picture if isinstance(picture, Picture) else None
            if self._lists[kind].reason_to_drop(image=image, picture=seen):
                return kind
        return None
