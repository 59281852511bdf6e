"""The links of a page that a crawl may follow."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from crawler.page import Page


def followed_links(page: Page, scope: str, home: str) -> Iterator[str]:
    """The page's links in document order, without repeats and without those that ask not to be followed.

    Args:
        page: the parsed page.
        scope: `none`, `site` (those of `home`) or `web`.
        home: the site that the crawl started from, as `site_of` has it; a redirect may have led off it.
    """
    if scope == "none":
        return
    seen: set[str] = set()
    for node in page.tree.css("a[href]"):
        attributes = node.attributes
        if "nofollow" in (attributes.get("rel") or "").lower():
            continue
        url = page.absolute(attributes.get("href") or "")
        if url and url not in seen and (scope == "web" or site_of(url) == home):
            seen.add(url)
            yield url


def site_of(url: str) -> str:
    """The host of a URL without `www.`, with its port."""
    return urlsplit(url).netloc.lower().removeprefix("www.")
