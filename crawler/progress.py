"""One line a while on how far the crawl is, in place of Scrapy's."""

import math
import sys
import time
from typing import Any

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.settings import BaseSettings
from twisted.internet.task import LoopingCall

from crawler.plan import CrawlError


def progress_seconds(settings: BaseSettings) -> float:
    """The setting `LAIT_PROGRESS_SECONDS`.

    Raises:
        CrawlError: it is no number.
    """
    value = settings.get("LAIT_PROGRESS_SECONDS")
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        seconds = math.nan
    if not math.isfinite(seconds):
        raise CrawlError(
            f"LAIT_PROGRESS_SECONDS={value} is no number of seconds: use -s LAIT_PROGRESS_SECONDS=10 or so"
        )
    return seconds


class Progress:
    """Prints pages, candidates and refusals every `LAIT_PROGRESS_SECONDS` (0: never) to the standard error."""

    def __init__(self, crawler: Crawler, seconds: float) -> None:
        self._crawler = crawler
        self._seconds = seconds
        self._started = time.monotonic()
        self._task = LoopingCall(self._report)
        crawler.signals.connect(self._open, signal=signals.spider_opened)
        crawler.signals.connect(self._close, signal=signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Progress":
        """Scrapy's way to make an extension."""
        seconds = progress_seconds(crawler.settings)
        if seconds <= 0:
            raise NotConfigured
        return cls(crawler, seconds)

    def _open(self, spider: Any) -> None:
        self._task.start(self._seconds, now=False)

    def _close(self, spider: Any, reason: str) -> None:
        if self._task.running:
            self._task.stop()

    def _report(self) -> None:
        ledger = getattr(self._crawler.spider, "ledger", None)
        if ledger is None:
            return
        done = ledger.candidates + ledger.refusals.total()
        rate = done / max(time.monotonic() - self._started, 1e-9) * 60
        print(
            f"{done:,} of {ledger.pages:,} pages done ({rate:,.0f} a minute): "
            f"{ledger.candidates:,} candidates, {ledger.refusals.total():,} refused",
            file=sys.stderr,
            flush=True,
        )
