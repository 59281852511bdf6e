"""Fetching the small files in which a site says what robots may do."""

from typing import Any, Final
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import StopDownload
from scrapy.http import Request, Response
from scrapy.http.request import NO_CALLBACK

LIMIT: Final = 500 * 2**10  # bytes read of such a file; RFC 9309, section 2.5, asks for no less
UNPACKED_LIMIT: Final = 100 * LIMIT  # what claims to be, or unpacks to, more than this is none of these files
SITE_FILE: Final = "lait_site_file"  # the request's meta key that says which of these files it asks for
RECEIVED: Final = "lait_site_file_received"
PRIORITY: Final = 1000


def site_of_url(url: str) -> str:
    """What one robots.txt speaks for: scheme, host and port of an address (RFC 9309, section 2.3).

    >>> site_of_url("http://A.example:80/page"), site_of_url("https://[::1]:8443/")
    ('http://a.example', 'https://[::1]:8443')
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    host = f"[{host}]" if ":" in host else host
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    return f"{parts.scheme}://{host}" + ("" if parts.port in (None, usual) else f":{parts.port}")


async def fetch_site_file(crawler: Crawler, url: str, name: str) -> Response:
    """One of a site's files, by way of the downloader and its rules; at most its first `LIMIT` bytes as received.

    Redirects are followed; the server's other answers, errors too, come back as they are.

    Raises:
        Exception: what the downloader or one of its middlewares raised.
    """
    crawler.signals.connect(stop_when_long, signal=signals.bytes_received)  # connects once, however often it is called
    meta: dict[str, Any] = {SITE_FILE: name, "dont_retry": True, "download_maxsize": UNPACKED_LIMIT}
    assert crawler.engine is not None
    return await crawler.engine.download_async(Request(url, NO_CALLBACK, meta=meta, priority=PRIORITY))


def stop_when_long(data: bytes, request: Request) -> None:
    """Let what has come of a site's file be all of it, when that is enough.

    Raises:
        StopDownload: it is.
    """
    if SITE_FILE in request.meta:
        request.meta[RECEIVED] = request.meta.get(RECEIVED, 0) + len(data)
        if request.meta[RECEIVED] >= LIMIT:
            raise StopDownload(fail=False)
