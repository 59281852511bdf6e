"""Rows that name images: candidates without bytes, a list of addresses with texts, or what img2dataset left behind."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

from crawler.address import MAX_ADDRESS
from crawler.frontier import KEY_BYTES, Work
from crawler.items import CANDIDATE_SCHEMA, Candidate, Text
from crawler.tabular import Row, columns_of, metadata_of

# By the names that data sets use, in any case (LAION has URL and TEXT): the first one there is.
URL_COLUMNS: Final = ("url", "image_url")
TEXT_COLUMNS: Final = ("caption", "text", "alt")
PAGE_COLUMNS: Final = ("page_url",)
UNTOLD_LANGUAGE: Final = "und"  # ISO 639-2's code for what nobody has determined
FETCHED: Final = (
    "image",
    "mime",
    "width",
    "height",
    "http_status",
)  # what the fetch fills in; the hash tells if it did
CANDIDATE_COLUMNS: Final = tuple(name for name in CANDIDATE_SCHEMA.names if name not in FETCHED)
BLANK: Final = Candidate(
    page_url="",
    image_url="",
    image=None,
    image_sha256=None,
    mime=None,
    width=None,
    height=None,
    texts=(),
    main_image_score=0.0,
    main_image_signals=(),
    language=UNTOLD_LANGUAGE,
    language_confidence=0.0,
    license_url=None,
    opt_outs=(),
    http_status=None,
    fetched_at="",
)
BLANK_ROW: Final = BLANK.to_row()


class RowsError(ValueError):
    """Rows that cannot be used; the message says why, and what to do, without the file's name."""


@dataclass(frozen=True, slots=True)
class Columns:
    """Where in a table the image's address and the rest stand.

    Attributes:
        url: the column of image addresses; "" when the rows are candidates.
        text: of texts.
        page: of page addresses; "" without one.
        status: of img2dataset's statuses; "" in another table.
    """

    url: str = ""
    text: str = ""
    page: str = ""
    status: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """The columns to read."""
        return tuple(filter(None, (self.url, self.text, self.page, self.status))) or CANDIDATE_COLUMNS

    def candidate(self, row: Row) -> Candidate | None:
        """The candidate without bytes behind a row; None when the row's image is there already."""
        if not self.url:
            whole = {**row, **dict.fromkeys(FETCHED)}
            return Candidate.from_row(whole) if row["image_sha256"] is None else None
        if self.status and row[self.status] == "success":
            return None
        url = as_text(row[self.url])
        page = as_text(row[self.page]) if self.page else ""
        text = " ".join(as_text(row[self.text]).split())
        texts = (Text("alt", text),) if text else ()
        return replace(BLANK, page_url=(page or url)[:MAX_ADDRESS], image_url=url[: MAX_ADDRESS + 1], texts=texts)


def columns_to_read(path: Path, asked: Columns) -> Columns:
    """Which columns of a table hold what.

    Args:
        path: the table.
        asked: column names that the user gave, "" where to look for the usual ones.

    Raises:
        RowsError: a column is missing, or the table is of another schema or version.
        TableError: it cannot be read.
    """
    about, there = metadata_of(path), columns_of(path)
    if b"lait.schema" in about and not asked.url:
        check_schema(about, there)
        return Columns()
    page = chosen(asked.page, PAGE_COLUMNS, there)
    if asked.page and not page:
        raise no_such("page", asked.page, there)
    found = {what: chosen(name, usual, there) for what, name, usual in (
        ("url", asked.url, URL_COLUMNS), ("text", asked.text, TEXT_COLUMNS))}  # fmt: skip
    for what, name in found.items():
        if not name:
            raise no_such(what, getattr(asked, what), there)
    status = chosen("", ("status",), there) if "key" in there else ""
    return Columns(found["url"], found["text"], page, status)


def check_schema(about: Mapping[bytes, bytes], there: Sequence[str]) -> None:
    """Make sure that a table of ours holds candidates of this version.

    Raises:
        RowsError: it does not.
    """
    ours = CANDIDATE_SCHEMA.metadata
    kind, version = (about.get(name, b"").decode() for name in (b"lait.schema", b"lait.version"))
    expected_kind, expected = (ours[name].decode() for name in (b"lait.schema", b"lait.version"))
    if kind != expected_kind:
        raise RowsError(f"holds rows of kind {kind}, not {expected_kind}: give the folder of candidates")
    if version != expected:
        raise RowsError(
            f"has version {version} of the candidate schema, this program reads {expected}: use the program that made it"
        )
    if missing := [name for name in CANDIDATE_COLUMNS if name not in there]:
        raise RowsError(f"lacks the columns {', '.join(missing)} of its schema: make it again")


def chosen(name: str, usual: Sequence[str], there: Sequence[str]) -> str:
    """The column of that name, or of the first of the usual names, in any case; "" without one."""
    exact = {name} & set(there)
    folded = {column.lower(): column for column in reversed(there)}
    names = [name.lower()] if name else usual
    return next(iter(exact), "") or next((folded[each] for each in names if each in folded), "")


def no_such(what: str, name: str, there: Sequence[str]) -> RowsError:
    """There is no column of that kind."""
    usual = {"url": URL_COLUMNS, "text": TEXT_COLUMNS, "page": PAGE_COLUMNS}[what]
    asked = f"no column {name}" if name else f"no column {', '.join(usual[:-1])} or {usual[-1]}"
    columns = ", ".join(there)[:300]
    return RowsError(f"has {asked}; its columns are {columns}: name one with -a {what}_column=NAME")


def work_of_row(candidate: Candidate) -> Work:
    """The unit of work that fetches a candidate's image; rows that are alike in address, page and texts are one unit."""
    row = candidate.to_row()
    note = json.dumps({name: row[name] for name in row if row[name] != BLANK_ROW[name] and name != "image_url"})
    identity = json.dumps((candidate.image_url, candidate.page_url, row["texts"]))
    key = blake2b(identity.encode(), digest_size=KEY_BYTES, person=b"image row").digest()
    return Work(key, candidate.image_url, "image", note=note)


def candidate_of_work(work: Work) -> Candidate:
    """The candidate behind a unit that `work_of_row` made."""
    return Candidate.from_row({**BLANK_ROW, **json.loads(work.note), "image_url": work.url})


def as_text(cell: Any) -> str:
    """A cell as text; "" for an empty one."""
    return "" if cell is None else str(cell).strip()
