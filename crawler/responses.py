"""What Scrapy's responses and failures mean to the crawl's books."""

from datetime import UTC, datetime

from scrapy.exceptions import IgnoreRequest, NotSupported
from scrapy.http import Request, Response
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

# By name, since older Scrapys raise Twisted's own classes. Only DOWNLOAD_MAXSIZE cancels a download here.
CANCELLED = ("DownloadCancelledError", "CancelledError")


def reason_of(failure: Failure) -> tuple[str, str]:
    """The reason, a key of `crawler.reasons.REASONS`, and its detail behind a failed request for a page."""
    error = failure.value
    kind = type(error).__name__
    if isinstance(error, HttpError):
        return "http_error", str(error.response.status)
    if isinstance(error, IgnoreRequest):
        message = str(error)
        return ("robots_txt", "") if message == "Forbidden by robots.txt" else ("fetch_failed", message)
    if kind in CANCELLED:
        return "too_large", str(error)[:200]
    if isinstance(error, NotSupported) or kind == "UnsupportedURLSchemeError":
        return "not_crawlable", str(error)[:200]
    return "fetch_failed", f"{kind}: {error}"[:200]


def request_of(failure: Failure) -> Request:
    """The request that failed, which Scrapy hangs on the failure."""
    request: Request = failure.request  # type: ignore[attr-defined]
    return request


def headers_of(response: Response) -> dict[str, list[str]]:
    """A response's headers: names in lower case, every value of a repeated one."""
    return {
        name.decode("latin-1").lower(): [value.decode("latin-1") for value in values]
        for name, values in response.headers.items()
    }


def content_type_of(response: Response) -> str:
    """A response's Content-Type; "" without one."""
    return (response.headers.get("Content-Type") or b"").decode("latin-1")


def now() -> str:
    """The time, as records have it: ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
