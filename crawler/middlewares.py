"""Downloader middlewares: robots.txt obeyed by every request, and redirects that stay on the web."""

import asyncio
from collections import defaultdict
from typing import Final
from urllib.parse import urljoin, urlsplit

from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware as ScrapyRobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest, NotSupported
from scrapy.http import Request, Response
from scrapy.robotstxt import RobotParser
from scrapy.utils.httpobj import urlparse_cached

from crawler.address import is_web_address
from crawler.fetch_refusal import UNREACHABLE, FetchRefusedError

TOO_MANY_REQUESTS: Final = 429  # the one 4xx that says nothing about the file
MAX_ROBOTS: Final = 500 * 1024  # bytes that are read, the least that a robot must (RFC 9309, section 2.5)
NO_SUCH_HOST: Final = ("CannotResolveHostError", "DNSLookupError")  # by name: older Scrapys raise Twisted's


class RobotsUnreadableError(IgnoreRequest):
    """A robots.txt could not be read, so that nothing may be fetched (RFC 9309, section 2.3.1.4)."""


class RobotsTxtMiddleware(ScrapyRobotsTxtMiddleware):
    """Scrapy's middleware, asked by one request of a host at a time, and read as RFC 9309 asks.

    Scrapy 2.19 lets all requests that wait for one robots.txt wait on one Deferred: the first is given the rules, the
    others are given None, which means that everything is allowed. It also takes the text of an error page for rules,
    and a server that does not answer for one without rules.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._unreadable: dict[str, str] = {}
        self._unreachable: dict[str, FetchRefusedError] = {}

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """The rules of the request's host; None when it has none.

        Raises:
            RobotsUnreadableError: nobody can say what they are.
            FetchRefusedError: the host itself is out of reach.
        """
        host = urlparse_cached(request).netloc
        async with self._turns[host]:
            rules = await super().robot_parser(request)
        if refusal := self._unreachable.get(host):
            raise FetchRefusedError(refusal.reason, refusal.detail, request.url)
        if host in self._unreadable:
            raise RobotsUnreadableError(f"robots.txt could not be read ({self._unreadable[host]})")
        return rules

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500 or response.status == TOO_MANY_REQUESTS:
            self._unreadable[netloc] = str(response.status)
        if not 200 <= response.status < 300:
            response = response.replace(body=b"")
        elif len(response.body) > MAX_ROBOTS:  # whole lines: half a path would forbid more than it says
            response = response.replace(body=response.body[:MAX_ROBOTS].rpartition(b"\n")[0])
        await super()._parse_robots(response, netloc, request)

    def _robots_error(self, exc: Exception, netloc: str) -> None:
        kind = type(exc).__name__
        if isinstance(exc, FetchRefusedError) and exc.reason in UNREACHABLE and urlsplit(exc.url).netloc == netloc:
            self._unreachable[netloc] = exc
        if kind not in NO_SUCH_HOST:  # the request itself fails likewise, and its refusal says so
            self._unreadable[netloc] = str(exc)[:100] if isinstance(exc, IgnoreRequest) else kind
        super()._robots_error(exc, netloc)


class RedirectTargetMiddleware:
    """Stops redirects to what is no web address; Scrapy follows some, fails on some and hands on others."""

    def process_response(self, request: Request, response: Response, spider: Spider | None = None) -> Response:
        """The response, unless it redirects off the web; older Scrapys also hand over the spider.

        Raises:
            NotSupported: it does.
        """
        target = (response.headers.get("Location") or b"").decode("latin-1").strip()
        if 300 <= response.status < 400 and target:
            try:
                usable = is_web_address(urljoin(response.url, target))
            except ValueError:  # an unclosed IPv6 bracket
                usable = False
            if not usable:
                raise NotSupported(f"redirects to {target}")
        return response
