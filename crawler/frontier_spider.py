"""A spider that draws its work from a frontier, and goes on where one that was killed left off."""

import logging
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, Self
from urllib.parse import urlsplit

import scrapy
from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.http import Request
from scrapy.settings import BaseSettings
from scrapy.utils.defer import deferred_from_coro
from twisted.internet.task import LoopingCall

from crawler.accounted import AccountedSpider, say
from crawler.demo import DemoSite
from crawler.endings import why_not_written
from crawler.frontier import Frontier, Work
from crawler.hand_out import HandOut
from crawler.limits import Limits
from crawler.plan import Plan

PLACEHOLDER_CONTACT: Final = "https://example.org/lait-crawler-contact-not-set"
# They log each file that is too large; the page's refusal says so anyway.
NOISY_LOGGERS: Final = (
    "scrapy.core.downloader.handlers.http11",
    "scrapy.downloadermiddlewares.httpcompression",
    "PIL",
)
BEAT_SECONDS: Final = 1.0  # between commits of the frontier

IN_FLIGHT: Final = 16  # units for each request that may run at once; one takes a few KB
IN_FLIGHT_OF_HOST: Final = 4  # likewise of one host: the next ones are there when one ends


class FrontierSpider(AccountedSpider):
    """Asks for what the frontier hands out; a spider of this kind says how (`prepare`, `request_for`)."""

    def __init__(self, plan: Plan, demo: DemoSite | None, frontier: Frontier, limits: Limits) -> None:
        super().__init__(plan, demo, frontier, limits)
        self._heart: LoopingCall | None = None  # making one installs a reactor, which is not for a spider to do

    @classmethod
    def prepare(cls, arguments: Mapping[str, str], settings: BaseSettings) -> dict[str, Any]:
        """Keyword arguments for the spider, from the `-a` arguments and the settings.

        Raises:
            CrawlError: the user has to change something.
        """
        raise NotImplementedError

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Scrapy's way to make a spider; one that is not made by the command is prepared here."""
        prepared = kwargs if "plan" in kwargs else cls.prepare(kwargs, crawler.settings)
        spider = super().from_crawler(crawler, **prepared)
        spider.complete_settings()
        crawler.signals.connect(spider.on_fault, signal=signals.spider_error)
        crawler.signals.connect(spider.on_open, signal=signals.spider_opened)
        for name in NOISY_LOGGERS:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        return spider

    def complete_settings(self) -> None:
        """Put the contact into the user agent; open our own server, when it is what is crawled, without delay."""
        contact = self.settings.get("LAIT_CONTACT")
        if self.demo is not None:
            opened = f"{self.settings.get('NETGUARD_ALLOW') or ''},{urlsplit(self.demo.url).hostname}"
            self.settings.set("NETGUARD_ALLOW", opened, priority="cmdline")
            self.settings.set("DOWNLOAD_DELAY", 0, priority="spider")
            self.settings.set("AUTOTHROTTLE_ENABLED", False, priority="spider")
            self.settings.set("CONCURRENT_REQUESTS_PER_DOMAIN", 8, priority="spider")
        elif not contact:
            say("warning: no contact in the user agent: set one with -s LAIT_CONTACT=https://your.site/crawler")
        self.settings.set("JOBDIR", None, priority="cmdline")  # a second memory of what to do would do it twice
        agent = f"{self.settings['USER_AGENT']} (+{contact or PLACEHOLDER_CONTACT})"
        self.settings.set("USER_AGENT", agent, priority="spider")

    def on_open(self, spider: scrapy.Spider) -> None:
        """Begin to commit now and then; have work in flight for many hosts, since some of them are slow or paused."""
        in_all, of_host = (
            self.settings.getint(name) for name in ("CONCURRENT_REQUESTS", "CONCURRENT_REQUESTS_PER_DOMAIN")
        )
        self.hand_out = HandOut(self.frontier, IN_FLIGHT * in_all, IN_FLIGHT_OF_HOST * of_host)
        self._heart = LoopingCall(self.beat)
        self._heart.start(BEAT_SECONDS, now=False)

    def beat(self) -> None:
        """Commit what was done so far; end the crawl when that is impossible."""
        try:
            self.ledger.beat()
        except OSError as error:
            self._stop_heart()
            self.give_up(why_not_written(error, self.plan.out))

    async def start(self) -> AsyncIterator[Request]:
        """Requests for the units of work of the frontier, as long as there are any.

        Scrapy waits for this iterator at its own pace, so that the next unit is drawn when there is room for it. A crawl
        ends when the iterator has, and nothing is in flight.
        """
        with self.on_disk():
            for warning in self.ledger.recover():
                say(warning)
            async for work in self.hand_out.works(self.ledger.flush, self.is_idle):
                if (request := self.request_for(work)) is not None:
                    yield request

    def request_for(self, work: Work) -> Request | None:
        """The request for a unit of work; None when there is none to make, and the unit has ended."""
        raise NotImplementedError

    def is_idle(self) -> bool:
        """Whether Scrapy has nothing to do."""
        engine = self.crawler.engine
        assert engine is not None
        slot, scheduler = engine.scraper.slot, engine.scheduler
        waiting = scheduler is not None and scheduler.has_pending_requests()
        return not (engine.downloader.active or waiting or (slot is not None and not slot.is_idle()))

    def give_up(self, message: str) -> None:
        """See `AccountedSpider`; raising `CloseSpider` would not do, since Scrapy logs one from an errback as a fault."""
        engine = None if self.failure else self.crawler.engine
        super().give_up(message)
        if engine is not None:
            deferred_from_coro(engine.close_spider_async(reason="failed"))

    def drain(self, signum: int) -> None:
        """Hand out no more work because of a signal; the crawl ends once nothing is in flight."""
        self.stopped_by = signum
        self.hand_out.stop()

    def closed(self, reason: str) -> None:
        """See `AccountedSpider`."""
        self._stop_heart()
        super().closed(reason)

    def _stop_heart(self) -> None:
        if self._heart is not None and self._heart.running:
            self._heart.stop()
