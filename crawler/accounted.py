"""A spider that keeps books: every page it takes on ends in one record, and every fault in one line."""

import logging
import sys
from typing import Any, Final, Self
from urllib.parse import urlsplit

import scrapy
from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import CloseSpider
from scrapy.http import Response
from twisted.python.failure import Failure

from crawler.demo import DemoSite
from crawler.items import Candidate, Refusal
from crawler.ledger import Ledger
from crawler.plan import Plan
from crawler.responses import now

PLACEHOLDER_CONTACT: Final = "https://example.org/lait-crawler-contact-not-set"
# They log each file that is too large; the page's refusal says so anyway.
NOISY_LOGGERS: Final = (
    "scrapy.core.downloader.handlers.http11",
    "scrapy.downloadermiddlewares.httpcompression",
)


class AccountedSpider(scrapy.Spider):
    """What every spider of this project shares.

    Attributes:
        plan: what the crawl was asked to do.
        demo: the demo site's server, when that is what is crawled.
        ledger: its books.
        failure: one line on why the crawl did not work; "" while it does.
    """

    def __init__(self, plan: Plan, demo: DemoSite | None) -> None:
        super().__init__()
        self.plan, self.demo = plan, demo
        self.ledger = Ledger(plan.out)
        self.failure = ""

    @classmethod
    def from_crawler(cls, crawler: Crawler, *args: Any, **kwargs: Any) -> Self:
        """Scrapy's way to make a spider."""
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.complete_settings()
        crawler.signals.connect(spider.on_fault, signal=signals.spider_error)
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
        agent = f"{self.settings['USER_AGENT']} (+{contact or PLACEHOLDER_CONTACT})"
        self.settings.set("USER_AGENT", agent, priority="spider")

    def on_fault(self, failure: Failure, response: Response, spider: scrapy.Spider) -> None:
        """Account for a page on which our own code failed; Scrapy has logged the traceback."""
        about = response.request.cb_kwargs if response.request is not None else {}
        detail = f"{type(failure.value).__name__}: {failure.getErrorMessage()}"[:200]
        if isinstance(candidate := about.get("candidate"), Candidate):
            self.refuse(candidate.page_url, "internal_error", detail, candidate.image_url)
        elif "depth" in about:
            self.refuse(response.url, "internal_error", detail)
        else:  # a list of seeds or a sitemap, which is in no books
            self.failure = (
                self.failure or f"cannot use {response.url} ({detail}); this is a fault of the crawler, report it"
            )

    def refuse(self, page_url: str, reason: str, detail: str, image_url: str | None = None) -> None:
        """Write a refusal."""
        self.record(Refusal(page_url, image_url, reason, detail, now()))

    def record(self, entry: Candidate | Refusal) -> None:
        """Write what became of a page; end the crawl when that is impossible."""
        if self.failure:
            raise CloseSpider("failed")
        try:
            if isinstance(entry, Candidate):
                self.ledger.keep(entry)
            else:
                self.ledger.refuse(entry)
        except OSError as error:
            self.fail(self.cannot_write(error))

    def fail(self, message: str) -> None:
        """End the crawl with a message; exit status and message are the command's to give."""
        self.failure = self.failure or message
        raise CloseSpider("failed")

    def cannot_write(self, error: OSError) -> str:
        """One line on a disk that takes no more."""
        return (
            f"cannot write to {self.plan.out}/ ({error.strerror or error}); shards written before are whole: make room "
            "and run again, new shards are added to them"
        )

    def closed(self, reason: str) -> None:
        """Write what is buffered, stop the demo site and show the books."""
        if self.demo is not None:
            self.demo.stop()
        try:
            self.ledger.close(reason)
        except OSError as error:
            self.failure = self.failure or self.cannot_write(error)
        self.failure = self.failure or self.shortfall(reason)
        print(self.ledger.summary(), flush=True)

    def shortfall(self, reason: str) -> str:
        """One line on what is missing from a crawl that ended for a reason; "" when nothing is."""
        if reason != "finished":
            return f"stopped before the end ({reason}); what was collected is in {self.plan.out}/"
        if self.ledger.unfinished:
            return f"{self.ledger.unfinished} pages came to no end; this is a fault of the crawler, report it"
        return "" if self.ledger.pages else "no page was found to crawl: check the seeds"


def say(line: str) -> None:
    """Tell the user something on the standard error."""
    print(line, file=sys.stderr, flush=True)
