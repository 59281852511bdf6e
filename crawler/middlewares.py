"""Downloader middleware: redirects that stay on the web."""

from urllib.parse import urljoin

from scrapy import Spider
from scrapy.exceptions import NotSupported
from scrapy.http import Request, Response

from crawler.address import is_web_address


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
