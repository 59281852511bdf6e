"""Downloader middleware: robots.txt obeyed by every request (RFC 9309).

It stands on its own, not on Scrapy's: in Scrapy 2.19 a robots.txt that cannot be read allows everything, the text of an
error page counts as rules, of several requests that wait for one robots.txt all but the first go through unchecked,
nothing expires, and Crawl-delay is read but not kept.
"""

from dataclasses import dataclass
from typing import Final

from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import (
    CannotResolveHostError,
    DownloadCancelledError,
    DownloadTimeoutError,
    IgnoreRequest,
    NotConfigured,
    NotSupported,
)
from scrapy.http import Request
from scrapy.utils.misc import load_object

from crawler.fetch_refusal import UNREACHABLE, FetchRefusedError
from crawler.manners import Manners
from crawler.pacing import pacing_of
from crawler.refused import RefusedError
from crawler.responses import detail_of, retry_after, told
from crawler.retry_after import BUSY, seconds_to_back_off
from crawler.robots_rules import RobotsRules
from crawler.site_cache import Found, RecentlyUsed, SiteCache
from crawler.site_files import LIMIT, SITE_FILE, fetch_site_file, site_of_url

NAME: Final = "robots.txt"
TEXTS: Final = 64 * 2**20  # bytes of robots.txt files kept as text: some 50,000 sites
PARSED: Final = 2 * 2**20  # bytes of them kept as rules, which take thirty times that
TOO_MANY_REDIRECTS: Final = "max redirections reached"  # as Scrapy's middleware says it


@dataclass(frozen=True, slots=True)
class Answer:
    """What asking for a site's robots.txt came to.

    Attributes:
        text: the file; empty when there is none.
        error: why nothing may be fetched; None when the text decides.
        failures: how often asking failed so far, while it is still to be asked again; 0 once it is settled.
    """

    text: bytes = b""
    error: Exception | None = None
    failures: int = 0


class RobotsMiddleware:
    """Lets a request through when its site's robots.txt does, at the pace that it asks for.

    A robots.txt that a server fails to give (5xx, 429, no answer, a broken connection) stops the whole host for a
    while, longer each time, and is asked for again; the requests go back to the scheduler meanwhile. After
    `LAIT_ROBOTS_RETRIES` attempts more, the site's requests are refused for `LAIT_ROBOTS_UNREACHABLE_SECONDS`. 4xx
    (but 429) and more than five redirects mean that there are no rules (sections 2.3.1.2 and 2.3.1.3).

    A Crawl-delay longer than `LAIT_MAX_CRAWL_DELAY` has the site's requests refused. To visit such a site faster than it
    asks would be to disobey it, and to visit it as it asks holds up the end of a crawl for the sake of a few pages.
    """

    def __init__(self, crawler: Crawler) -> None:
        settings = crawler.settings
        if not settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured
        self._crawler = crawler
        self._agent: str = settings["ROBOTSTXT_USER_AGENT"]
        self._pacing = pacing_of(crawler)
        self._answers: SiteCache[Answer] = SiteCache(TEXTS)
        self._rules: RecentlyUsed[bytes, RobotsRules] = RecentlyUsed(PARSED)
        self._manners = Manners.from_settings(settings)
        self._transient = (*map(load_object, settings.getlist("RETRY_EXCEPTIONS")), DownloadTimeoutError)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "RobotsMiddleware":
        """Scrapy's way to make a middleware."""
        return cls(crawler)

    async def process_request(self, request: Request, spider: Spider | None = None) -> Request | None:
        """None for a request that may be made; the request to schedule in its place when it has to wait.

        Raises:
            RefusedError: it may not be made.
            Exception: what kept robots.txt from being asked for would keep the request from being made.
        """
        host = self._pacing.host_of(request)
        if request.meta.get(SITE_FILE) == NAME:
            return None
        site = site_of_url(request.url)
        answer = await self._answers.get(site, lambda last: self._ask(site, host, last.failures if last else 0))
        if answer.failures:
            return request.replace(dont_filter=True)
        if answer.error is not None:
            request.meta["dont_retry"] = True
            raise answer.error.with_traceback(None)
        rules = self._rules_of(answer.text)
        if not rules.allows(request.url):
            raise RefusedError("robots_txt")
        if rules.seconds > self._manners.max_crawl_delay:
            raise RefusedError("crawl_delay_too_long", f"{rules.seconds:g} s")
        if rules.seconds:
            self._pacing.slow_down(host, rules.seconds)
        return self._pacing.sent_back(request, host)

    def _rules_of(self, text: bytes) -> RobotsRules:
        rules = self._rules.get(text)  # many sites have the same
        if rules is None:
            rules = RobotsRules.parse(text, self._agent)
            self._rules.put(text, rules, len(text))
        return rules

    async def _ask(self, site: str, host: str, failures: int) -> Found[Answer]:
        try:
            response = await fetch_site_file(self._crawler, f"{site}/{NAME}", NAME)
        except Exception as error:  # noqa: BLE001 - whatever it is: nothing is fetched without an answer
            return self._failed(error, site, host, failures + 1)
        if response.status >= 500 or response.status in BUSY:
            return self._unreachable(detail_of(response), host, failures + 1, retry_after(response) or 0.0)
        text = response.body[:LIMIT] if 200 <= response.status < 300 else b""
        return Found(Answer(text), self._manners.robots_seconds, len(text))

    def _failed(self, error: Exception, site: str, host: str, failures: int) -> Found[Answer]:
        detail = told(error)
        if isinstance(error, self._transient) and not isinstance(error, CannotResolveHostError):
            return self._unreachable(detail, host, failures)
        if str(error) == TOO_MANY_REDIRECTS:
            return Found(Answer(), self._manners.robots_seconds)
        if leads_astray(error, site):
            error = RefusedError("robots_unreachable", detail)
        return Found(Answer(error=error), self._manners.robots_unreachable_seconds)

    def _unreachable(self, detail: str, host: str, failures: int, asked_for: float = 0.0) -> Found[Answer]:
        if failures > self._manners.robots_retries or asked_for > self._manners.max_retry_after:
            refusal = RefusedError("robots_unreachable", detail)
            return Found(Answer(error=refusal), max(self._manners.robots_unreachable_seconds, asked_for))
        back_off = seconds_to_back_off(self._manners.back_off, failures, self._manners.max_retry_after)
        self._pacing.pause(host, max(asked_for, back_off))
        return Found(Answer(failures=failures), 0.0)


def leads_astray(error: Exception, site: str) -> bool:
    """Whether it is robots.txt alone that cannot be had: it redirects off the web or to a host out of reach, or is huge.

    A site that is out of reach itself is so for its pages too, which are refused for that reason.
    """
    if isinstance(error, FetchRefusedError):
        return error.reason not in UNREACHABLE or site_of_url(error.url) != site
    return type(error) is IgnoreRequest or isinstance(error, NotSupported | DownloadCancelledError)
