"""Ctrl-C and SIGTERM: the first lets end what is in flight, a second one stops at once."""

import os
import signal
import sys
from types import FrameType
from typing import Final

from scrapy import signals
from scrapy.crawler import Crawler

from crawler.accounted import say
from crawler.frontier_spider import FrontierSpider

SIGNALS: Final = (signal.SIGINT, signal.SIGTERM)


class Stopping:
    """Handles the signals once the spider is open; before that, Scrapy does."""

    def __init__(self, crawler: Crawler) -> None:
        self._spider: FrontierSpider | None = None
        crawler.signals.connect(self._install, signal=signals.spider_opened, weak=False)

    def _install(self, spider: FrontierSpider) -> None:
        self._spider = spider
        for number in SIGNALS:
            signal.signal(number, self._first)

    def _first(self, signum: int, frame: FrameType | None) -> None:
        from twisted.internet import reactor

        for number in SIGNALS:
            signal.signal(number, self._second)
        reactor.callFromThread(self._drain, signum)

    def _second(self, signum: int, frame: FrameType | None) -> None:
        from twisted.internet import reactor

        for number in SIGNALS:
            signal.signal(number, signal.SIG_DFL)  # a third one ends the process, which loses no more than a kill
        reactor.callFromThread(self._at_once)

    def _drain(self, signum: int) -> None:
        from twisted.internet import reactor

        spider = self._spider
        assert spider is not None
        say(
            f"stopping: {spider.hand_out.in_flight} {spider.unit} in flight have {spider.limits.drain_seconds:g} seconds to end; "
            "the same signal again stops at once"
        )
        spider.drain(signum)
        reactor.callLater(spider.limits.drain_seconds, self._at_once)  # type: ignore[arg-type]

    def _at_once(self) -> None:
        """End the process with what is in flight given up: Scrapy would wait for it."""
        spider = self._spider
        assert spider is not None
        spider.closed("stopped")
        say(f"error: {spider.failure}")
        sys.stdout.flush()
        os._exit(exit_status(spider))


def exit_status(spider: FrontierSpider) -> int:
    """What the process ends with: 0, 1 for a failure, or as a shell has it for a signal."""
    if spider.stopped_by:
        return 128 + spider.stopped_by
    return 1 if spider.failure else 0
