"""Every reason for which the crawl refuses a page or its image, or fails on it: stable words, meanings for people.

A reason that may pass, such as a server that does not answer, makes a failure and no refusal: another run tries again.
"""

from typing import Final

REASONS: Final = {
    "robots_txt": "the site's robots.txt forbids fetching the page",
    "robots_unreachable": "the site's robots.txt could not be read, so that nothing may be fetched",
    "fetch_failed": "the page could not be fetched: no such host, no answer, or the connection broke",
    "http_error": "the server answered the page with an error status",
    "too_large": "the page or image is larger than DOWNLOAD_MAXSIZE",
    "not_html": "the page is some other kind of document",
    "opted_out": "the page asks not to be collected (robots meta tag, X-Robots-Tag or TDM reservation)",
    "not_english": "the page's main text is not in English",
    "no_main_image": "no image stands out as what the page is about",
    "image_robots_txt": "the image host's robots.txt forbids fetching the image",
    "image_robots_unreachable": "the image host's robots.txt could not be read, so that nothing may be fetched",
    "image_fetch_failed": "the image could not be fetched",
    "image_http_error": "the server answered the image with an error status",
    "image_opted_out": "the image's response asks not to be collected (X-Robots-Tag or TDM reservation)",
    "not_an_image": "what was served as the image is not one, or not one that can be read",
    "not_crawlable": "the address is not an http or https one, is overlong, or redirects to such a one",
    "duplicate_page": "the page redirects to one that this crawl takes on under its own address",
    "internal_error": "a fault of the crawler's own, shown in its log",
}

# What may go better another time. Those with an error status are known by it: the detail is the status.
PASSING: Final = frozenset(
    ("fetch_failed", "image_fetch_failed", "robots_unreachable", "image_robots_unreachable"),
)
WITH_STATUS: Final = frozenset(("http_error", "image_http_error"))
PASSING_STATUSES: Final = frozenset(("408", "425", "429"))  # and all from 500 on: the server's trouble, not the page's


def may_pass(reason: str, detail: str) -> bool:
    """Whether a page that met this reason is worth trying again in another run."""
    if reason in WITH_STATUS:
        return detail in PASSING_STATUSES or (detail.isdigit() and int(detail) >= 500)
    return reason in PASSING
