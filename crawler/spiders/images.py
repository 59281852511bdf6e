"""Fetch the images that rows name: `scrapy crawl images -a input=PATH -a out=DIR`.

The rows are candidates without bytes, a table of addresses and texts, or what img2dataset failed on.

Processes that share a frontier (`LAIT_FRONTIER`) are given the same `input`, at the same path on every machine: one of them
reads a file, all fetch, and each row is recorded once. Rows of one image that are read in one turn
(`crawler.image_feed.ROWS_AT_ONCE`) go to one process and share a fetch. Farther apart they may be fetched twice: by
another process, which was given the host since, or by the same, which keeps but the last images.
"""

from collections.abc import Mapping
from typing import Any

from scrapy import Spider
from scrapy.http import Request, Response
from scrapy.settings import BaseSettings
from twisted.python.failure import Failure

from crawler.accounted import NO_VALIDATORS, say
from crawler.frontier import Frontier, Work
from crawler.frontiers import open_frontier
from crawler.image_feed import RowFeed
from crawler.image_fetch import ImageFetchingSpider
from crawler.image_input import read_image_plan
from crawler.image_rows import candidate_of_work
from crawler.items import Candidate
from crawler.limits import Limits, number, read_limits
from crawler.plan import Plan
from crawler.recent_images import RecentImages
from crawler.responses import request_of
from crawler.tabular import TableError


class ImagesSpider(ImageFetchingSpider):
    """Turns every row into one `Candidate`, `Refusal` or `Failure`; rows of one image nearby share one fetch."""

    name = "images"
    unit = "rows"

    def __init__(self, plan: Plan, demo: None, frontier: Frontier, limits: Limits, ahead: int) -> None:
        super().__init__(plan, demo, frontier, limits)
        self._feed = RowFeed(frontier, ahead)
        self._recent = RecentImages()
        self._sharing: dict[str, list[tuple[Work, Candidate]]] = {}  # by the address of an image that is being fetched
        self._unread = ""

    @classmethod
    def prepare(cls, arguments: Mapping[str, str], settings: BaseSettings) -> dict[str, Any]:
        """See `FrontierSpider`."""
        limits = read_limits(settings.get)
        ahead = max(1, int(number(settings.get, "LAIT_ROWS_AHEAD", "rows", 1_000_000)))
        plan, files = read_image_plan(arguments)
        frontier = open_frontier(settings.get("LAIT_FRONTIER") or "", plan.out, limits.lease_seconds)
        try:
            frontier.retry(limits.failed_runs)
            frontier.add(files)
            frontier.beat()
        except BaseException:
            frontier.close()
            raise
        return {"plan": plan, "demo": None, "frontier": frontier, "limits": limits, "ahead": ahead}

    def beat(self) -> None:
        """See `FrontierSpider`; reads more rows as well."""
        self.read_rows()
        super().beat()

    def request_for(self, work: Work) -> Request | None:
        """See `FrontierSpider`."""
        if work.kind == "rows":
            self._feed.open(work)
            self.read_rows()
            return None
        if work.kind != "image":
            self.give_up(
                f"{self.plan.out}/ holds a crawl of pages that is not done: give another folder with -a out=DIR"
            )
            return None
        self.ledger.take_on()
        candidate = candidate_of_work(work)
        if response := self._recent.get(work.url):
            self.end_with_image(response, work, candidate)
            return None
        if work.url in self._sharing:
            self._sharing[work.url].append((work, candidate))
            return None
        if request := self.image_request(work, candidate):
            self._sharing[work.url] = []
        return request

    def read_rows(self) -> None:
        """Put more rows into the frontier if few are left there."""
        with self.on_disk():
            try:
                if ended := self._feed.turn():
                    self.end_sitemap(ended)
            except TableError as error:
                work = self._feed.drop()
                self._unread = f"cannot read all of {work.url} ({error}): mend it, or take it out, and run again"
                say(f"warning: {self._unread}")
                self.end_sitemap(work, "fetch_failed", str(error))

    def parse_image(
        self, response: Response, work: Work, candidate: Candidate, validators: tuple[str, str] = NO_VALIDATORS
    ) -> None:
        """End all rows that name the image."""
        super().parse_image(response, work, candidate, validators)
        sharing = self._sharing[work.url]
        while sharing:
            self.end_with_image(response, *sharing.pop())
        del self._sharing[work.url]
        self._recent.put(work.url, response)

    def image_failed(self, failure: Failure) -> None:
        """End all rows that name the image."""
        super().image_failed(failure)
        for work, candidate in self._sharing.pop(request_of(failure).cb_kwargs["work"].url, ()):
            self.end_with_failure(failure, work, candidate)

    def on_fault(self, failure: Failure, response: Any, spider: Spider) -> None:
        """See `AccountedSpider`; rows that wait for the same image end likewise."""
        super().on_fault(failure, response, spider)
        request = getattr(response, "request", None)
        asked = request.cb_kwargs.get("work") if request is not None else None
        for work, candidate in self._sharing.pop(asked.url, ()) if isinstance(asked, Work) else ():
            self.refuse(work, candidate.page_url, "internal_error", "see the log", candidate.image_url)

    def shortfall(self, reason: str) -> str:
        """See `AccountedSpider`."""
        if self._feed.passed_over and not self.failure:
            say(f"{self._feed.passed_over:,} rows have their image already, and were passed over")
        nothing = reason == "finished" and self.ledger.in_all is not None and not self.ledger.in_all.pages
        return self._unread or ("" if nothing else super().shortfall(reason))
