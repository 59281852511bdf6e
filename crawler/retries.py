"""Downloader middlewares: Retry-After obeyed, and failed requests made again later each time, not at once."""

from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.retry import RetryMiddleware
from scrapy.http import Request, Response

from crawler.manners import Manners
from crawler.pacing import SentBackError, pacing_of
from crawler.refused import RefusedError
from crawler.responses import retry_after
from crawler.retry_after import seconds_to_back_off
from crawler.site_files import SITE_FILE


class RetryAfterMiddleware:
    """Holds requests back from hosts that have asked for it, as `crawler.pacing` knows."""

    def __init__(self, crawler: Crawler) -> None:
        self._pacing = pacing_of(crawler)
        self._longest = Manners.from_settings(crawler.settings).max_retry_after

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "RetryAfterMiddleware":
        """Scrapy's way to make a middleware."""
        return cls(crawler)

    def process_request(self, request: Request, spider: Spider | None = None) -> Request | None:
        """None for a request that may be made; the request to schedule in its place when it has long to wait.

        Raises:
            RefusedError: its host has asked for more patience than a crawl has.
        """
        host = self._pacing.host_of(request)
        if why := self._pacing.why_closed(host):
            raise RefusedError("http_error", why)
        return None if SITE_FILE in request.meta else self._pacing.sent_back(request, host)

    def process_exception(self, request: Request, exception: Exception, spider: Spider | None = None) -> Request | None:
        """The request to schedule in place of one that had to leave the downloader."""
        return request.replace(dont_filter=True) if isinstance(exception, SentBackError) else None

    def process_response(self, request: Request, response: Response, spider: Spider | None = None) -> Response:
        """The response, marked for Scrapy's retries, which see it next, when it is to be asked for too late for them."""
        if (retry_after(response) or 0.0) > self._longest:
            request.meta["dont_retry"] = True
        return response


class BackOffMiddleware(RetryMiddleware):
    """Scrapy's retries, with the host paused before each: `LAIT_BACK_OFF` seconds, doubled by each failure."""

    def __init__(self, crawler: Crawler) -> None:
        super().__init__(crawler.settings)
        self.crawler = crawler
        self._pacing = pacing_of(crawler)
        self._manners = Manners.from_settings(crawler.settings)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "BackOffMiddleware":
        """Scrapy's way to make a middleware."""
        return cls(crawler)

    def process_response(
        self, request: Request, response: Response, spider: Spider | None = None
    ) -> Request | Response:
        """The response, or the request to make in its stead."""
        result = super().process_response(request, response)
        self._pause_before(result)
        return result

    def process_exception(
        self, request: Request, exception: Exception, spider: Spider | None = None
    ) -> Request | Response | None:
        """The request to make once more, if any."""
        result = super().process_exception(request, exception)
        self._pause_before(result)
        return result

    def _pause_before(self, result: Request | Response | None) -> None:
        if isinstance(result, Request):
            failures: int = result.meta["retry_times"]
            wait = seconds_to_back_off(self._manners.back_off, failures, self._manners.max_retry_after)
            self._pacing.pause(self._pacing.host_of(result), wait)
