"""The pace of hosts that several processes of a crawl ask: before a request goes out, it takes a moment of its host."""

import asyncio
from collections import deque
from typing import Final

from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest

from crawler.accounted import AccountedSpider
from crawler.host_queue import SOON
from crawler.moments import Moment, Moments

OVER: Final = 0.001  # seconds too early that count as in time


class SharedPace:
    """What this process has agreed on with the others; nothing, and no cost, when the crawl is not shared."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._tickets: dict[str, deque[bytes]] = {}  # of moments too far off to wait for; their requests come back

    @property
    def is_kept(self) -> bool:
        """Whether there may be others."""
        return self._moments is not None

    @property
    def _moments(self) -> Moments | None:
        spider = self._crawler.spider
        return spider.frontier.moments if isinstance(spider, AccountedSpider) else None

    async def far_moment(self, host: str, delay: float) -> Moment | None:
        """Take a moment of a host and wait for it; answers it at once when it is farther off than `SOON`.

        A moment that is answered is kept, for the next that asks for one of the host.

        Raises:
            IgnoreRequest: the frontier cannot be used, which ends the crawl.
        """
        if (moments := self._moments) is None:
            return None
        ticket = self._kept_ticket(host)
        while True:
            moment = self._take(moments, host, delay, ticket)
            if moment.wait <= OVER:
                return None
            if moment.why or moment.wait > SOON:
                if moment.ticket:
                    self._tickets.setdefault(host, deque()).append(moment.ticket)
                return moment
            await asyncio.sleep(moment.wait)
            ticket = moment.ticket  # the host may have been paused in the meantime

    def put_off(self, host: str, seconds: float, why: str = "") -> None:
        """Tell the others of a host that is paused, or refused for a reason."""
        if (moments := self._moments) is not None:
            with self._spider.on_disk():
                moments.put_off(host, seconds, why)

    @property
    def _spider(self) -> AccountedSpider:
        assert isinstance(self._crawler.spider, AccountedSpider)
        return self._crawler.spider

    def _kept_ticket(self, host: str) -> bytes:
        kept = self._tickets.pop(host, None)
        if kept is None:
            return b""
        ticket = kept.popleft()
        if kept:
            self._tickets[host] = kept
        return ticket

    def _take(self, moments: Moments, host: str, delay: float, ticket: bytes) -> Moment:
        with self._spider.on_disk():
            return moments.take(host, delay, ticket)
        raise IgnoreRequest("the frontier cannot be used")
