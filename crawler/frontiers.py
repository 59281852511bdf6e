"""Which frontier a crawl uses: the setting `LAIT_FRONTIER`."""

from pathlib import Path
from typing import Final

from crawler.frontier import Frontier, FrontierError
from crawler.frontier_sqlite import SqliteFrontier
from crawler.plan import CrawlError

LEASE_SECONDS: Final = 60.0


def open_frontier(where: str, out: Path, lease_seconds: float = LEASE_SECONDS) -> Frontier:
    """The frontier of the crawl that writes to `out`.

    Args:
        where: "" for the one in `out` itself; the address of a Redis server for one that processes share.
        out: the crawl's folder.
        lease_seconds: without a sign of life, after which others are given what a process had.

    Raises:
        CrawlError: there is no such frontier, or it cannot be opened.
    """
    try:
        if not where:
            return SqliteFrontier(out)
        return open_redis(where, out, lease_seconds)
    except FrontierError as error:
        raise CrawlError(str(error)) from error


def open_redis(where: str, out: Path, lease_seconds: float) -> Frontier:
    """A frontier on a Redis server, whose package is an extra.

    Raises:
        FrontierError: it cannot be opened.
    """
    try:
        from crawler.frontier_redis import RedisFrontier
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] != "redis":
            raise
        raise FrontierError("LAIT_FRONTIER needs the package redis: pip install 'lait[redis]'") from error
    return RedisFrontier(where, out, lease_seconds)
