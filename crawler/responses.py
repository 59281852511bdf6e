"""What Scrapy's responses and failures mean to the crawl's books."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

from scrapy.exceptions import DownloadFailedError, IgnoreRequest, NotSupported
from scrapy.http import Request, Response
from scrapy.spidermiddlewares.httperror import HttpError
from twisted.python.failure import Failure

from crawler.address import is_web_address
from crawler.fetch_refusal import causes
from crawler.refused import RefusedError
from crawler.retry_after import BUSY, seconds_asked_for

# By name, since older Scrapys raise Twisted's own classes. Only DOWNLOAD_MAXSIZE cancels a download here.
CANCELLED = ("DownloadCancelledError", "CancelledError")
NOT_MODIFIED: Final = 304
MAX_VALIDATOR: Final = 500  # characters; a longer ETag is not worth keeping


def reason_of(failure: Failure) -> tuple[str, str]:
    """The reason, a key of `crawler.reasons.REASONS`, and its detail behind a failed request for a page."""
    error = failure.value
    kind = type(error).__name__
    if isinstance(error, HttpError):
        return "http_error", detail_of(error.response)
    if isinstance(error, IgnoreRequest):
        return reason_of_ignored(error)
    if kind in CANCELLED:
        return "too_large", str(error).partition(" in request ")[0][:200]
    if isinstance(error, NotSupported) or kind == "UnsupportedURLSchemeError":
        return "not_crawlable", str(error)[:200]
    if kind == "DownloadTimeoutError":
        return "too_slow", str(error)[:200]
    return "fetch_failed", told(error)


def told(error: BaseException | None) -> str:
    """What kept something from being fetched, by the error that Scrapy's own stands for."""
    if isinstance(error, DownloadFailedError):
        *_, error = causes(error)
    return f"{type(error).__name__}: {error}".removesuffix(": ")[:200]


def reason_of_ignored(error: IgnoreRequest) -> tuple[str, str]:
    """The reason and detail behind a request that one of the downloader middlewares gave up."""
    if isinstance(error, RefusedError):
        return error.reason, error.detail
    message = str(error)
    if "DOWNLOAD_MAXSIZE" in message:  # only its unpacked size was too much
        return "too_large", "after decompression"
    if message == "max redirections reached":
        return "too_many_redirects", ""
    return "fetch_failed", message[:200]


def request_of(failure: Failure) -> Request:
    """The request that failed, which Scrapy hangs on the failure."""
    request: Request = failure.request  # type: ignore[attr-defined]
    return request


def request_or_none(url: str, callback: Callable[..., Any], **how: Any) -> Request | None:
    """A request that no filter drops as repeated; None when the address is none that Scrapy can ask for."""
    if not is_web_address(url):
        return None
    try:
        return Request(url, callback, dont_filter=True, **how)
    except ValueError:
        return None


def if_modified(request: Request, etag: str, modified: str) -> Request:
    """The request made conditional (RFC 9110, section 13.1): a page that did not change is answered by a bare 304."""
    headers = {"If-None-Match": etag, "If-Modified-Since": modified}
    for name, value in headers.items():
        if value:
            request.headers[name] = value
    return request.replace(meta={**request.meta, "handle_httpstatus_list": [NOT_MODIFIED]})


def validators_of(response: Response) -> tuple[str, str]:
    """A response's ETag and Last-Modified, "" for what it does not have."""
    etag, modified = ((response.headers.get(name) or b"").decode("latin-1") for name in ("ETag", "Last-Modified"))
    return etag if len(etag) <= MAX_VALIDATOR else "", modified if len(modified) <= MAX_VALIDATOR else ""


def headers_of(response: Response) -> dict[str, list[str]]:
    """A response's headers: names in lower case, every value of a repeated one."""
    return {
        name.decode("latin-1").lower(): [value.decode("latin-1") for value in values]
        for name, values in response.headers.items()
    }


def content_type_of(response: Response) -> str:
    """A response's Content-Type; "" without one."""
    return (response.headers.get("Content-Type") or b"").decode("latin-1")


def retry_after(response: Response) -> float | None:
    """The seconds after which a busy server wants to be asked again; None when it is not busy or does not say."""
    value = (response.headers.get("Retry-After") or b"").decode("latin-1")
    return seconds_asked_for(value) if response.status in BUSY else None


def detail_of(response: Response) -> str:
    """An error status, with the seconds that its Retry-After asks for, if any."""
    seconds = retry_after(response)
    return str(response.status) if seconds is None else f"{response.status}, Retry-After {seconds:.0f} s"


def now() -> str:
    """The time, as records have it: ISO 8601 in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
