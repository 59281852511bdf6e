"""What spider `images` was asked to do: the `-a` arguments, and the files whose rows name images."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from hashlib import blake2b
from pathlib import Path
from typing import Final

from crawler.frontier import KEY_BYTES, Work
from crawler.image_rows import Columns, RowsError, columns_to_read
from crawler.plan import CrawlError, Plan, make_writable
from crawler.tabular import SUFFIXES, TableError, is_table

ARGUMENTS: Final = ("input", "out", "url_column", "text_column", "page_column")


def read_image_plan(arguments: Mapping[str, str]) -> tuple[Plan, list[Work]]:
    """The plan behind the `-a` arguments, and one unit of work for each file of rows.

    Raises:
        CrawlError: an argument is unknown, a file cannot be used, or `out` cannot be written.
    """
    for name in arguments:
        if name not in ARGUMENTS:
            raise CrawlError(f"-a {name}=... is not known: use {', '.join(ARGUMENTS)}")
    where = arguments.get("input", "").strip()
    if not where:
        raise CrawlError("input= is missing: give a file or folder with rows that name images, -a input=PATH")
    asked = Columns(*(arguments.get(f"{what}_column", "") for what in ("url", "text", "page")))
    files = [rows_work(path, asked) for path in tables_at(Path(where))]
    plan = Plan(None, Path(arguments.get("out") or "crawl"), "none", 0)
    make_writable(plan.out)
    return plan, files


def tables_at(where: Path) -> list[Path]:
    """The tables at a path: itself, those in the folder, or those in its `candidates`, in the order of their names.

    Raises:
        CrawlError: there are none.
    """
    if where.is_file():
        if not is_table(where):
            raise CrawlError(f"{where} is no table that can be read: give one of {', '.join(SUFFIXES)}")
        return [where]
    if not where.is_dir():
        raise CrawlError(f"no such file or folder: {where}; give one with rows that name images, -a input=PATH")
    for folder in (where, where / "candidates"):
        if found := sorted(path for path in folder.glob("*") if is_table(path)):
            return found
    raise CrawlError(f"{where} holds no table: give a folder with files of {', '.join(SUFFIXES)}")


def rows_work(path: Path, asked: Columns) -> Work:
    """The unit of work that reads a file; another one once the file has changed.

    Raises:
        CrawlError: it cannot be used.
    """
    try:
        columns = columns_to_read(path, asked)
        state = path.stat()
    except OSError as error:
        raise CrawlError(f"cannot read {path} ({error.strerror})") from error
    except TableError as error:
        raise CrawlError(f"cannot read {path} ({error}): give another with -a input=PATH, or take it out") from error
    except RowsError as error:
        raise CrawlError(f"{path} {error}") from error
    name = str(path.resolve())
    identity = json.dumps((name, state.st_size, state.st_mtime_ns, asdict(columns)))
    key = blake2b(identity.encode("utf-8", "surrogateescape"), digest_size=KEY_BYTES, person=b"rows").digest()
    return Work(key, name, "rows", note=note_of(columns, 0))


def note_of(columns: Columns, rows: int) -> str:
    """What a unit that reads a file keeps: its columns, and how many rows were read."""
    return json.dumps({"columns": asdict(columns), "rows": rows})


def columns_and_position(work: Work) -> tuple[Columns, int]:
    """What `note_of` noted."""
    noted = json.loads(work.note)
    return Columns(**noted["columns"]), noted["rows"]
