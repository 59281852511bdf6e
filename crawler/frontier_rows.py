"""The rows of the SQLite frontier: the states they go through, and the statements that take them there."""

from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final

from crawler.frontier import KINDS, RECORD_KINDS, Work, host_of, key_of
from crawler.recorded import RecordedPage

QUEUED, LEASED, DONE, REFUSED, FAILED, ALIAS = range(6)  # the states; an alias is where a unit was redirected to
STATE_OF: Final = {"done": DONE, "refused": REFUSED}
# The page of a unit: an image's is in its note (`crawler.image_rows.work_of_row`), and its address is the image's own.
PAGE: Final = f"CASE kind WHEN {KINDS.index('image')} THEN coalesce(json_extract(note, '$.page_url'), url) ELSE url END"
ADD: Final = "INSERT OR IGNORE INTO work(key, url, kind, state, host, depth, home, note, holder) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
TAKEN: Final = "SELECT id, key, url, kind, depth, home, note, etag, modified FROM work"
END: Final = (
    "UPDATE work SET state = ?1, outcome = ?1, ended = ?2, etag = ?3, modified = ?4, attempts = 0, reason = NULL, "
    f"detail = NULL, image_url = NULL, first_at = NULL, last_at = NULL WHERE key = ?5 AND state = {LEASED}"
)
FAIL: Final = (
    f"UPDATE work SET state = {FAILED}, attempts = attempts + 1, reason = ?, detail = ?, image_url = ?, "
    f"first_at = coalesce(first_at, ?), last_at = ? WHERE key = ? AND state = {LEASED}"
)
FAILURES: Final = (
    f"SELECT {PAGE}, image_url, reason, detail, attempts, first_at, last_at FROM work WHERE state = {FAILED} "
    f"AND kind IN ({', '.join(str(KINDS.index(kind)) for kind in RECORD_KINDS)}) ORDER BY id"
)
HOLD: Final = (
    f"UPDATE work SET state = {LEASED} WHERE key = ?1 AND state = {QUEUED} "
    "AND EXISTS (SELECT 1 FROM spooled WHERE key = ?1)"
)
RECORDED: Final = (
    "INSERT OR IGNORE INTO work(key, url, kind, state, outcome, host, depth, home, note, ended) "
    "VALUES (?, ?, 0, ?, ?, ?, 0, '', '', ?)"
)
SAME: Final = (
    "UPDATE work SET state = outcome, ended = ?, attempts = 0, reason = NULL, detail = NULL, image_url = NULL, "
    f"first_at = NULL, last_at = NULL WHERE key = ? AND state = {LEASED}"
)


@lru_cache(100_000)
def digest_of(host: str) -> int:
    """A host as a 64-bit number; two that share one share a queue, which does no harm."""
    return int.from_bytes(blake2b(host.encode("utf-8", "replace"), digest_size=8).digest(), "big", signed=True)


def row_of(work: Work) -> tuple[Any, ...]:
    """The row of a unit that is new."""
    host = digest_of(work.host)
    return work.key, work.url, KINDS.index(work.kind), QUEUED, host, work.depth, work.home, work.note, None


def recorded_row(page: RecordedPage) -> tuple[Any, ...]:
    """The row of a page that a shard has a record of."""
    state = STATE_OF[page.outcome]
    return key_of(page.url), page.url, state, state, digest_of(host_of(page.url)), page.at
