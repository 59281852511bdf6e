"""How a crawl tells that it did not end as it should: one line that says what to do."""

import signal
from pathlib import Path

from crawler.frontier import FrontierError
from crawler.ledger import Ledger


def why_not_written(error: OSError, out: Path) -> str:
    """One line on a disk that takes no more."""
    if isinstance(error, FrontierError):
        return str(error)
    return (
        f"cannot write to {out}/ ({error.strerror or error}); shards written before are whole: make room and run again, "
        "new shards are added to them"
    )


def shortfall(reason: str, stopped_by: int, ledger: Ledger, unit: str, in_hand: int | None) -> str:
    """One line on what is missing from a crawl that ended; "" when nothing is.

    Args:
        reason: Scrapy's word for how it ended; `finished` when it came to its end.
        stopped_by: the signal that ended it; 0 without one.
        ledger: its books, closed.
        unit: what a unit of work is called, in the plural.
        in_hand: units that this process was handed and did not end, where others share the crawl: what is open beside
            them is theirs. None where nobody does.
    """
    if stopped_by or reason != "finished":
        how = f"stopped by {signal.Signals(stopped_by).name}" if stopped_by else f"stopped before the end ({reason})"
        return f"{how}; what was collected is in {ledger.out}/: run the same command again to go on"
    still_open = (ledger.in_all.open if ledger.in_all is not None else 0) if in_hand is None else in_hand
    if left := max(ledger.unfinished, still_open):
        return f"{left} {unit} came to no end; this is a fault of the crawler, report it"
    known = ledger.pages if ledger.in_all is None else ledger.in_all.pages
    return "" if known else "no page was found to crawl: check the seeds"
