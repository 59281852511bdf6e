"""One WARC file's candidates and refusals, kept in files that a rerun finds again."""

import json
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from crawler.address import is_web_address
from crawler.extraction import Extract, extract
from crawler.garbage import collect_seldom
from crawler.items import CANDIDATE_SCHEMA, REFUSAL_SCHEMA, Candidate, Refusal
from crawler.site_images import SiteImages
from pipelines.row_shards import RowShards
from pipelines.schema import DataError
from pipelines.shards import OUT_OF_SPACE, read_json, write_json
from pipelines.tally import Tally
from pipelines.warc import Fault, Response, Skipped, records

NOTE_SECONDS: Final = 1.0  # between a worker's notes on how far it is
FAULTS_SHOWN: Final = 100  # in a marker; the counts have them all


@dataclass(frozen=True, slots=True)
class Source:
    """A WARC file to extract.

    Attributes:
        path: the file.
        key: what its results are named by.
        size: in bytes.
        made_from: what its marker must say for its results to stand.
    """

    path: str
    key: str
    size: int
    made_from: dict[str, str | int]

    def marker(self, build: Path) -> Path:
        """The file that vouches for its results."""
        return build / "done" / f"{self.key}.json"

    def note(self, build: Path) -> Path:
        """Where a worker notes how far it is."""
        return build / "working" / f"{self.key}.json"


def extract_archive(source: Source, output: str, build: str) -> None:
    """Extract one WARC file: candidates to `output`, refusals to `build`/refused and, last, the marker.

    Raises:
        DataError: the file is gone, or the disk is full.
        RuntimeError: a record was lost or counted twice.
    """
    collect_seldom()
    place, marker = Path(build), source.marker(Path(build))
    marker.unlink(missing_ok=True)  # it must not vouch for files that are about to be replaced
    drafts = place / "drafts"
    try:
        with (
            RowShards(drafts, Path(output), source.key, CANDIDATE_SCHEMA) as kept,
            RowShards(drafts, place / "refused", source.key, REFUSAL_SCHEMA) as refused,
        ):
            tally, faults = extracted(source, kept, refused, noting(source.note(place)))
            shards = {"candidates": kept.finish(), "refused": refused.finish()}
        value = {"made_from": source.made_from, "input": source.path, "tally": tally.to_json()}
        write_json(marker, {**value, "shards": shards, "faults": faults})
        source.note(place).unlink(missing_ok=True)
    except OSError as error:
        if error.errno in OUT_OF_SPACE:
            raise DataError(
                f"no space left for {output}/; free some and run the same command again: what is finished is kept"
            ) from error
        raise DataError(
            f"cannot extract {source.path} ({error.strerror or error}); check the file and the disk"
        ) from error


def extracted(
    source: Source, kept: RowShards, refused: RowShards, note: Callable[[int, int], None]
) -> tuple[Tally, list[dict[str, Any]]]:
    """Read every record, write what it becomes, and count; the tally and the first faults."""
    read = truncated = 0
    skipped: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    faults: Counter[str] = Counter()
    shown: list[dict[str, Any]] = []
    seen: set[str] = set()
    site_images = SiteImages()
    for read, entry in enumerate(records(Path(source.path)), 1):
        note(read, entry.offset)
        if isinstance(entry, Skipped):
            skipped[entry.kind] += 1
        elif isinstance(entry, Fault):
            faults[entry.reason] += 1
            if len(shown) < FAULTS_SHOWN:
                shown.append({"offset": entry.offset, "reason": entry.reason, "detail": entry.detail})
        elif isinstance(outcome := outcome_of(entry, seen, site_images), Candidate):
            kept.add(outcome.to_row())
            truncated += entry.truncated
        else:
            reasons[outcome.reason] += 1
            refused.add(outcome.to_row())
    tally = Tally(read, kept.rows, truncated, skipped, reasons, faults)
    tally.check()
    return tally, shown


def outcome_of(response: Response, seen: set[str], site_images: SiteImages) -> Candidate | Refusal:
    """What a response becomes. Of several with one address, the first that holds a page counts.

    Args:
        response: the record.
        seen: addresses of pages met before in the same file; gets this one.
        site_images: what those had as main images.
    """

    def refusal(reason: str, detail: str = "") -> Refusal:
        return Refusal(response.url, None, reason, detail, response.date)

    if response.status != 200:
        return refusal("http_error", str(response.status))
    if not is_web_address(response.url):
        return refusal("not_crawlable")
    if response.body is None:
        return refusal("too_large")
    if response.url in seen:
        return refusal("duplicate_page", "earlier in the same file")
    seen.add(response.url)
    try:
        result = extract(response.body, response.url, response.headers, response.date, site_images)
    except Exception as error:  # noqa: BLE001 one page that trips our code must not cost the other forty thousand
        return refusal("internal_error", f"{type(error).__name__}: {error}"[:200])
    return result.candidate if isinstance(result, Extract) else refusal(result.reason, result.detail)


def noting(path: Path) -> Callable[[int, int], None]:
    """A function that notes records read and the place in the file, for the progress line, about once a second."""
    path.parent.mkdir(parents=True, exist_ok=True)
    last = time.monotonic()

    def note(read: int, offset: int) -> None:
        nonlocal last
        if time.monotonic() - last >= NOTE_SECONDS:
            last = time.monotonic()
            with suppress(OSError):  # it is only a note
                path.write_text(json.dumps({"records": read, "bytes": offset}))

    return note


def finished_tally(source: Source, output: Path, build: Path) -> Tally | None:
    """The tally of a file whose results are there and stand; else None."""
    marker = read_json(source.marker(build))
    if marker.get("made_from") != source.made_from:
        return None
    shards = marker["shards"]
    files = [
        *(output / name for name in shards["candidates"]),
        *(build / "refused" / name for name in shards["refused"]),
    ]
    return Tally.from_json(marker["tally"]) if all(file.exists() for file in files) else None
