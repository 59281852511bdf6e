"""A spider that keeps books: every unit of work it takes on ends in one record, and every fault in one line."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import scrapy
from twisted.python.failure import Failure as TwistedFailure

from crawler.demo import DemoSite
from crawler.endings import shortfall, why_not_written
from crawler.frontier import RECORD_KINDS, Ended, Frontier, Work
from crawler.hand_out import HandOut
from crawler.items import Candidate, Failure, Refusal
from crawler.ledger import Ledger
from crawler.limits import Limits
from crawler.plan import Plan
from crawler.reasons import may_pass
from crawler.responses import now
from crawler.seeds import Seeds
from crawler.sowing import sow_seeds

NO_VALIDATORS: Final = ("", "")


class AccountedSpider(scrapy.Spider):
    """Ends each unit of work by one of `keep`, `refuse` and `leave_unchanged`.

    Attributes:
        unit: what a unit of work is called, in the plural.
        plan: what the crawl was asked to do.
        demo: the demo site's server, when that is what is crawled.
        frontier: what is left to do, and what was done.
        limits: how often and how long.
        ledger: its books.
        hand_out: what is in flight.
        failure: one line on why the crawl did not work; "" while it does.
        stopped_by: the signal that ended the crawl early; 0 without one.
    """

    unit = "pages"

    def __init__(self, plan: Plan, demo: DemoSite | None, frontier: Frontier, limits: Limits) -> None:
        super().__init__()
        self.plan, self.demo, self.frontier, self.limits = plan, demo, frontier, limits
        self.ledger = Ledger(plan.out, frontier, limits)
        self.hand_out = HandOut(frontier, in_flight=1, per_host=1)
        self.failure = ""
        self.stopped_by = 0
        self._closed = False

    def on_fault(self, failure: TwistedFailure, response: Any, spider: scrapy.Spider) -> None:
        """Account for a page on which our own code failed; Scrapy has logged the traceback.

        Args:
            failure: what was raised.
            response: what was being handled: a response or a failure; None when it was the hand-out.
            spider: this one.
        """
        request = getattr(response, "request", None)
        about = request.cb_kwargs if request is not None else {}
        work, candidate = about.get("work"), about.get("candidate")
        detail = f"{type(failure.value).__name__}: {failure.getErrorMessage()}"[:200]
        if isinstance(work, Work) and work.kind in RECORD_KINDS:
            image_url = candidate.image_url if isinstance(candidate, Candidate) else None
            self.refuse(work, work.url, "internal_error", detail, image_url)
            return
        what = work.url if isinstance(work, Work) else "the frontier"  # a list of seeds or a sitemap is in no books
        self.give_up(f"cannot use {what} ({detail}); this is a fault of the crawler, report it")
        if isinstance(work, Work):
            self.hand_out.ended(work)

    def keep(self, work: Work, candidate: Candidate, validators: tuple[str, str] = NO_VALIDATORS) -> None:
        """End a unit of work in a candidate.

        Args:
            work: the unit.
            candidate: its record.
            validators: the page's ETag and Last-Modified.
        """
        ended = Ended(work.key, "done", now(), *validators)
        self.record(work, lambda: self.ledger.keep(candidate, ended))

    def refuse(
        self,
        work: Work,
        page_url: str,
        reason: str,
        detail: str,
        image_url: str | None = None,
        validators: tuple[str, str] = NO_VALIDATORS,
    ) -> None:
        """End a unit of work in a refusal, or in a failure when the reason may pass.

        Args:
            work: the unit.
            page_url: after redirects.
            reason: a key of `crawler.reasons.REASONS`.
            detail: the value behind it.
            image_url: the image, when the refusal is about it.
            validators: the page's ETag and Last-Modified, when the refusal follows from the page alone.
        """
        at = now()
        if may_pass(reason, detail):
            failure = Failure(work.url, image_url, reason, detail, 1, at, at)
            self.record(work, lambda: self.ledger.fail(work.key, failure))
        else:
            ended = Ended(work.key, "refused", at, *validators)
            refusal = Refusal(page_url, image_url, reason, detail, at)
            self.record(work, lambda: self.ledger.refuse(refusal, ended))

    def leave_unchanged(self, work: Work) -> None:
        """End a unit of work as it ended in an earlier run."""
        self.record(work, lambda: self.ledger.leave_unchanged(Ended(work.key, "same", now())))

    def forget(self, work: Work) -> None:
        """End a unit of work as if it had never been met."""
        self.record(work, lambda: self.frontier.forget(work.key))

    def end_sitemap(self, work: Work, reason: str = "", detail: str = "") -> None:
        """End a sitemap or list of seeds, which is in no books; a reason says why it could not be read."""
        at = now()
        if reason and may_pass(reason, detail):
            failure = Failure(work.url, None, reason, detail, 1, at, at)
            self.record(work, lambda: self.frontier.fail(work.key, failure))
        else:
            self.record(work, lambda: self.frontier.end(Ended(work.key, "refused" if reason else "done", at)))

    def claim(self, url: str, work: Work) -> bool:
        """Whether the address that a page was redirected to is this page's alone."""
        with self.on_disk():
            return self.frontier.claim(url, work.key)
        return False  # the crawl ends anyway

    def sow_more(self, work: Work, seeds: Seeds, named_by: str) -> None:
        """Queue what a sitemap or list of seeds names, which ends it."""
        with self.on_disk():
            for warning in sow_seeds(self.frontier, seeds, named_by, work.depth):
                say(warning)
        self.end_sitemap(work)

    def record(self, work: Work, write: Callable[[], None]) -> None:
        """Write what became of a unit of work, unless the crawl has failed: then it stays to be done."""
        if not self.failure:
            try:
                with self.on_disk():
                    write()
            except Exception as error:
                self.give_up(f"cannot record {work.url} ({error}); this is a fault of the crawler, report it")
                raise
        self.hand_out.ended(work)

    @contextmanager
    def on_disk(self) -> Iterator[None]:
        """End the crawl when something cannot be written."""
        try:
            yield
        except OSError as error:
            self.give_up(why_not_written(error, self.plan.out))

    def give_up(self, message: str) -> None:
        """End the crawl with a message; exit status and message are the command's to give."""
        self.failure = self.failure or message
        self.hand_out.stop()

    def closed(self, reason: str) -> None:
        """Write what is buffered, stop the demo site and show the books; a second call does nothing."""
        if self._closed:
            return
        self._closed = True
        if self.demo is not None:
            self.demo.stop()
        try:
            self.ledger.close(f"stopped by {signal.Signals(self.stopped_by).name}" if self.stopped_by else reason)
        except OSError as error:
            self.failure = self.failure or why_not_written(error, self.plan.out)
        self.failure = self.failure or self.shortfall(reason)
        print(self.ledger.summary(self.unit), flush=True)

    def shortfall(self, reason: str) -> str:
        """One line on what is missing from a crawl that ended by `reason`, Scrapy's word; "" when nothing is."""
        in_hand = None if self.frontier.moments is None else self.hand_out.in_flight
        return shortfall(reason, self.stopped_by, self.ledger, self.unit, in_hand)


def say(line: str) -> None:
    """Tell the user something on the standard error."""
    print(line, file=sys.stderr, flush=True)
