"""Which frontier a crawl uses: the setting `LAIT_FRONTIER`."""

from pathlib import Path

from crawler.frontier import Frontier, FrontierError
from crawler.frontier_sqlite import SqliteFrontier
from crawler.plan import CrawlError


def open_frontier(where: str, out: Path) -> Frontier:
    """The frontier of the crawl that writes to `out`.

    Args:
        where: "" for the one in `out` itself.
        out: the crawl's folder.

    Raises:
        CrawlError: there is no such frontier, or it cannot be opened.
    """
    if where:
        raise CrawlError(f"LAIT_FRONTIER={where} is not known: leave it out")
    try:
        return SqliteFrontier(out)
    except FrontierError as error:
        raise CrawlError(str(error)) from error
