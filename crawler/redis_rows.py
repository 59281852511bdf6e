"""Units of work and their ends, in the fields that `crawler/lua` takes and answers with."""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Final, TypeAlias

from crawler.balance import Counts
from crawler.frontier import KINDS, RECORD_KINDS, Ended, Work, host_of, key_of
from crawler.frontier_rows import DONE, FAILED, LEASED, QUEUED, REFUSED, STATE_OF
from crawler.items import Failure
from crawler.recorded import RecordedPage

WAITING: Final = 6  # a state beside those of `crawler.frontier_rows`: a dead process was writing the unit's record

Argument: TypeAlias = str | bytes | int | float
NEVER: Final = 0  # as the time at which a unit ended
AS_BEFORE: Final = -1  # as the state in which one did


def fields_of(work: Work) -> tuple[Argument, ...]:
    """A new unit as the script takes it."""
    return work.key, work.url, KINDS.index(work.kind), work.depth, work.home, work.note, work.host


def work_from(key: bytes, url: bytes, kind: bytes, depth: bytes, *texts: bytes) -> Work:
    """A unit as the script answers it."""
    return Work(key, url.decode(), KINDS[int(kind)], int(depth), *(text.decode() for text in texts))


def page_fields(page: RecordedPage) -> tuple[Argument, ...]:
    """A page that a shard has a record of, as the script takes it."""
    return key_of(page.url), page.url, host_of(page.url), STATE_OF[page.outcome], seconds_of(page.at)


def end_fields(ended: Ended) -> tuple[Argument, ...]:
    """How a unit ended, as the script takes it."""
    return ended.key, STATE_OF.get(ended.outcome, AS_BEFORE), seconds_of(ended.at), ended.etag, ended.modified


def failure_from(
    kind: str, attempts: int, url: str, note: str, reason: str, detail: str, image: str, first_at: str, last_at: str
) -> Failure:
    """A failure as the script answers it; the page of an image is in its note (`crawler.image_rows.work_of_row`)."""
    page = json.loads(note).get("page_url", url) if kind == "image" else url
    return Failure(page, image or None, reason, detail, attempts, first_at, last_at)


def seconds_of(at: str) -> int:
    """A time, ISO 8601 with its offset, in seconds since 1970, which take less room."""
    return int(datetime.fromisoformat(at).timestamp()) if at else NEVER


def counts_from(tally: Mapping[bytes, bytes]) -> Counts:
    """How many units are in which state, from the server's `KIND:STATE` to number."""
    number, other = dict.fromkeys(range(WAITING + 1), 0), 0
    for name, n in tally.items():
        kind, state = map(int, name.split(b":"))
        if KINDS[kind] in RECORD_KINDS:
            number[state] += int(n)
        elif state in (QUEUED, LEASED):
            other += int(n)
    return Counts(number[QUEUED], number[LEASED], number[DONE], number[REFUSED], number[FAILED], other, number[WAITING])
