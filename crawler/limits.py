"""The crawl's own settings that are numbers or switches, checked before anything runs."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from crawler.plan import CrawlError

MIN_LEASE: Final = 3  # seconds; a process gives a sign of life each second


@dataclass(frozen=True, slots=True)
class Limits:
    """How often, how much and how long; the defaults are those of `crawler.settings`.

    Attributes:
        shard_bytes: of rows, at which a shard is written.
        shard_seconds: after which a shard is written with what there is: what a kill loses at most without the spool.
        spool: whether records are on disk at once, so that a kill loses none.
        failed_runs: runs in which a page may fail before it is left.
        drain_seconds: what is in flight is given to end when the crawl is told to stop.
        lease_seconds: without a sign of life, after which the processes that share a crawl take one for dead.
        progress_seconds: between progress lines; 0 for none.
    """

    shard_bytes: int = 128 * 2**20
    shard_seconds: float = 300.0
    spool: bool = True
    failed_runs: int = 5
    drain_seconds: float = 60.0
    lease_seconds: float = 60.0
    progress_seconds: float = 10.0


def read_limits(setting: Callable[[str], Any]) -> Limits:
    """The limits behind the settings `LAIT_...`.

    Args:
        setting: answers a setting's value by its name.

    Raises:
        CrawlError: one is no number or switch, or makes no sense.
    """
    lease_seconds = number(setting, "LAIT_LEASE_SECONDS", "seconds", 60)
    if lease_seconds < MIN_LEASE:
        raise CrawlError(f"LAIT_LEASE_SECONDS={lease_seconds:g} is too short to live by: use {MIN_LEASE} or more")
    return Limits(
        shard_bytes=max(1, round(number(setting, "LAIT_SHARD_MB", "megabytes", 128) * 2**20)),
        shard_seconds=number(setting, "LAIT_SHARD_SECONDS", "seconds", 300),
        spool=switch(setting, "LAIT_SPOOL", default=True),
        failed_runs=int(number(setting, "LAIT_FAILED_RUNS", "runs", 5)),
        drain_seconds=number(setting, "LAIT_DRAIN_SECONDS", "seconds", 60),
        lease_seconds=lease_seconds,
        progress_seconds=number(setting, "LAIT_PROGRESS_SECONDS", "seconds", 10),
    )


def number(setting: Callable[[str], Any], name: str, unit: str, default: int) -> float:
    """A setting that is a number of something, 0 or more; the default where it is not set, as in a script.

    Raises:
        CrawlError: it is not.
    """
    value = setting(name)
    if value is None:
        return default
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not (math.isfinite(found) and found >= 0):
        raise CrawlError(f"{name}={value} is no number of {unit}: use -s {name}={default} or so")
    return found


def switch(setting: Callable[[str], Any], name: str, default: bool) -> bool:
    """A setting that is on or off, as Scrapy spells it; the default where it is not set.

    Raises:
        CrawlError: it is neither.
    """
    value = setting(name)
    if value is None:
        return default
    known = {"1": True, "true": True, "0": False, "false": False}
    if (found := known.get(str(value).lower())) is None:
        raise CrawlError(f"{name}={value} is neither True nor False: use -s {name}={default}")
    return found
