"""The links of a page that a crawl may follow."""

import re
from collections.abc import Iterator
from typing import Final

from crawler.page import Page

HOST_OF_URL: Final = re.compile(r"[a-z]+://([^/?#]*)", re.IGNORECASE)


def followed_links(page: Page, scope: str, home: str) -> Iterator[str]:
    """The page's links in document order, without repeats and without those that ask not to be followed.

    Args:
        page: the parsed page.
        scope: `none`, `site` (those of `home`) or `web`.
        home: the site that the crawl started from, as `site_of` has it; a redirect may have led off it.
    """
    if scope == "none":
        return
    urls = dict.fromkeys(page.resolver.all_absolute(page.anchors.hrefs))
    yield from urls if scope == "web" else [url for url in urls if site_of(url) == home]


def site_of(url: str) -> str:
    """The host of a URL without `www.`, with its port."""
    match = HOST_OF_URL.match(url)
    return match[1].lower().removeprefix("www.") if match else ""
