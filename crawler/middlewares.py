"""Downloader middlewares: robots.txt obeyed by every request, also by those made while it is still being fetched."""

import asyncio
from collections import defaultdict

from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware as ScrapyRobotsTxtMiddleware
from scrapy.http import Request
from scrapy.robotstxt import RobotParser
from scrapy.utils.httpobj import urlparse_cached


class RobotsTxtMiddleware(ScrapyRobotsTxtMiddleware):
    """Scrapy's middleware, asked by one request of a host at a time.

    Scrapy 2.19 lets all requests that wait for one robots.txt wait on one Deferred: the first is given the rules, the
    others are given None, which means that everything is allowed.
    """

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler)
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def robot_parser(self, request: Request) -> RobotParser | None:
        """The rules of the request's host; None when it has none or they could not be fetched."""
        async with self._turns[urlparse_cached(request).netloc]:
            return await super().robot_parser(request)
