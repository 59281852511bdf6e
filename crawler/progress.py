"""One line a while on how far the crawl is, in place of Scrapy's."""

import sys
import time
from typing import Any

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from twisted.internet.task import LoopingCall

from crawler.accounted import AccountedSpider
from crawler.frontier import FrontierError
from crawler.limits import read_limits


class Progress:
    """Prints rates and counts every `LAIT_PROGRESS_SECONDS` (0: never) to the standard error."""

    def __init__(self, crawler: Crawler, seconds: float) -> None:
        self._crawler = crawler
        self._seconds = seconds
        self._at, self._pages, self._images = time.monotonic(), 0, 0  # at the last line
        self._task = LoopingCall(self._report)
        crawler.signals.connect(self._open, signal=signals.spider_opened)
        crawler.signals.connect(self._close, signal=signals.spider_closed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Progress":
        """Scrapy's way to make an extension."""
        seconds = read_limits(crawler.settings.get).progress_seconds
        if seconds <= 0:
            raise NotConfigured
        return cls(crawler, seconds)

    def _open(self, spider: Any) -> None:
        self._task.start(self._seconds, now=False)

    def _close(self, spider: Any, reason: str) -> None:
        if self._task.running:
            self._task.stop()

    def _report(self) -> None:
        spider = self._crawler.spider
        if not isinstance(spider, AccountedSpider):
            return
        ledger, unit = spider.ledger, spider.unit
        try:
            queued = spider.frontier.counts().queued
        except FrontierError:  # whoever writes next says so
            return
        now = time.monotonic()
        seconds = max(now - self._at, 1e-9)
        pages, images = (ledger.ended - self._pages) / seconds, (ledger.images - self._images) / seconds
        self._at, self._pages, self._images = now, ledger.ended, ledger.images
        print(
            f"{ledger.ended:,} {unit} done ({pages:,.1f} {unit}/s, {images:,.1f} images/s): {ledger.candidates:,} candidates, "
            f"{ledger.refusals.total():,} refused, {ledger.failures.total():,} failed; {queued:,} queued",
            file=sys.stderr,
            flush=True,
        )
