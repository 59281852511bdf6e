"""How fast each host is asked: its Crawl-delay, its Retry-After, and later and later while it fails.

The waiting is done by the downloader's own slots, one a host, so that it holds for whatever is asked of the host:
pages, images, robots.txt, redirects and retries alike. In the downloader, though, a request that waits takes the place
of another, and holds up the end of a crawl that is stopped. So those with long to wait are sent back to the scheduler,
whose queue (`crawler.host_queue`) keeps them until shortly before their time. With a queue that does not, they come
back at once, and wait in the downloader after all.

Processes that share a crawl also agree on the moment of each request, and on pauses (`crawler.shared_pacing`).
"""

from collections import OrderedDict
from time import monotonic
from typing import Any, Final

from scrapy import signals
from scrapy.core.downloader import Downloader
from scrapy.crawler import Crawler
from scrapy.http import Request, Response

from crawler.host_queue import SOON
from crawler.manners import Manners
from crawler.responses import detail_of, retry_after
from crawler.shared_pacing import SharedPace

KEPT_HOSTS: Final = 50_000  # whose pace is remembered while none of their requests is being made; some 20 MB
WAITS_UNTIL: Final = "lait_waits_until"  # meta key of a request that was sent back
# Seconds. A slot without any delay looks neither at when it was last used nor, in Scrapy 2.19, at how many requests of
# its own are just being started, so that all that wait in it go out at once.
LEAST_DELAY: Final = 0.001
NOTICE: Final = 0.5  # seconds before the moment that was agreed on for it that a request is to be back


class SentBackError(Exception):
    """A request has to leave the downloader before it was made, since its host was paused."""


class Pacing:
    """The pace of every host of a crawl. Hosts go by the downloader's name for their slot.

    An extension, so that there is one a crawl; AutoThrottle must come before it. A host that answers 429 or 503 with
    Retry-After is paused for as long as it says; when that is longer than `LAIT_MAX_RETRY_AFTER`, requests for it are
    refused until then. They would not be made in this crawl otherwise either, or only at its very end.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._shared = SharedPace(crawler)
        self._closed: OrderedDict[str, tuple[float, str]] = OrderedDict()
        self._slowed: OrderedDict[str, None] = OrderedDict()
        self._longest_wait = Manners.from_settings(crawler.settings).max_retry_after
        crawler.signals.connect(self._keep_to_the_least_delay, signal=signals.response_downloaded)
        crawler.signals.connect(self._heed_retry_after, signal=signals.response_downloaded)
        crawler.signals.connect(self._leave_slot_to_host, signal=signals.request_scheduled)
        crawler.signals.connect(self._have_some_delay, signal=signals.request_reached_downloader)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "Pacing":
        """Scrapy's way to make an extension."""
        return cls(crawler)

    @property
    def _downloader(self) -> Downloader:
        assert self._crawler.engine is not None
        return self._crawler.engine.downloader

    def host_of(self, request: Request) -> str:
        """The host that a request is for."""
        request.meta.pop("download_slot", None)
        return self._downloader.get_slot_key(request)

    def pause(self, host: str, seconds: float) -> None:
        """Ask nothing of a host for some seconds, or longer if it is paused for longer."""
        if seconds <= 0:
            return
        self._shared.put_off(host, seconds)
        slot = self._downloader.slots.get(host)
        if slot is not None:
            slot.lastseen = max(slot.lastseen, monotonic() + seconds)
            if seconds > SOON:
                self._empty(host)

    async def turn(self, request: Request) -> None:
        """Wait until no other process of the crawl has just asked the request's host, nor is to be before.

        Raises:
            SentBackError: that takes long.
            IgnoreRequest: the processes cannot agree, which ends the crawl.
        """
        host = self._downloader.get_slot_key(request)
        slot = self._downloader.slots[host]
        if (far := await self._shared.far_moment(host, slot.delay)) is None:
            return
        if far.why:
            self._close(host, far.wait, far.why)
        else:
            slot.lastseen = max(slot.lastseen, monotonic() + far.wait - slot.delay - NOTICE)
            self._empty(host)
        raise SentBackError

    def sent_back(self, request: Request, host: str) -> Request | None:
        """The request to schedule in place of one that has long to wait; None for one that may go on.

        One that was sent back, and has come before its time all the same, may go on too.
        """
        slot = self._downloader.slots.get(host)
        if slot is None:
            return None
        now = monotonic()
        until = slot.lastseen + slot.delay
        if until - now <= SOON or now < request.meta.get(WAITS_UNTIL, 0.0) - SOON:
            return None
        return request.replace(meta={**request.meta, WAITS_UNTIL: until}, dont_filter=True)

    def close(self, host: str, seconds: float, why: str) -> None:
        """Have requests for a host refused for some seconds."""
        self._shared.put_off(host, seconds, why)
        self._close(host, seconds, why)

    def _close(self, host: str, seconds: float, why: str) -> None:
        self._closed[host] = monotonic() + seconds, why
        self._closed.move_to_end(host)
        while len(self._closed) > KEPT_HOSTS:
            self._closed.popitem(last=False)
        self._empty(host)

    def _empty(self, host: str) -> None:
        """Send all back that wait for a host in the downloader."""
        slot = self._downloader.slots.get(host)
        while slot is not None and slot.queue:
            _, waiting = slot.queue.popleft()
            waiting.errback(SentBackError())

    def why_closed(self, host: str) -> str:
        """Why requests for a host are refused; "" when they are not."""
        until, why = self._closed.get(host, (0.0, ""))
        if until <= monotonic():
            self._closed.pop(host, None)
            return ""
        return why

    def slow_down(self, host: str, seconds: float) -> None:
        """Leave at least some seconds between the starts of two requests for a host, and make them one by one.

        Until the end of the crawl: a host that takes its Crawl-delay back is asked no faster for that.
        """
        known = self._downloader.per_slot_settings.get(host, {})
        least = max(seconds, known.get("delay", self._crawler.settings.getfloat("DOWNLOAD_DELAY")))
        if known.get("delay") != least or "jitter" not in known:
            self._slowed[host] = None
            pace: dict[str, Any] = {"concurrency": 1, "delay": least, "jitter": 0.0}
            self._downloader.per_slot_settings[host] = pace
        while len(self._slowed) > KEPT_HOSTS:
            self._downloader.per_slot_settings.pop(self._slowed.popitem(last=False)[0], None)
        slot = self._downloader.slots.get(host)
        if slot is not None:
            slot.concurrency, slot.jitter = 1, 0.0
            slot.delay = max(slot.delay, least)

    def _keep_to_the_least_delay(self, response: Response, request: Request) -> None:
        """Undo what AutoThrottle, which comes before, took off too much: its own longest delay is no host's."""
        host = request.meta.get("download_slot", "")
        slot = self._downloader.slots.get(host)
        if slot is not None and (known := self._downloader.per_slot_settings.get(host)) is not None:
            slot.delay = max(slot.delay, known.get("delay", 0.0))

    def _heed_retry_after(self, response: Response, request: Request) -> None:
        """Pause a host that asks for it; here, since by the time a middleware is told the next request has gone out."""
        seconds = retry_after(response)
        if seconds is not None:
            host = self._downloader.get_slot_key(request)
            if seconds > self._longest_wait:
                self.close(host, seconds, f"not asked: its host answered {detail_of(response)}")
            else:
                self.pause(host, seconds)

    def _leave_slot_to_host(self, request: Request) -> None:
        """Have a redirected request wait for its own host: Scrapy copies the first host's slot along."""
        request.meta.pop("download_slot", None)

    def _have_some_delay(self, request: Request) -> None:
        slot = self._downloader.slots.get(self._downloader.get_slot_key(request))
        if slot is not None:
            slot.delay = max(slot.delay, LEAST_DELAY)
            if self._shared.is_kept:
                slot.jitter = 0.0  # what comes early by chance waits for its moment, and what comes late has missed it


def pacing_of(crawler: Crawler) -> Pacing:
    """The pacing of a crawl.

    Raises:
        RuntimeError: its settings leave the extension out.
    """
    pacing = crawler.get_extension(Pacing)
    if pacing is None:
        raise RuntimeError("the crawler needs its extension crawler.pacing.Pacing: leave it in EXTENSIONS")
    return pacing
