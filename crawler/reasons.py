"""Every reason for which the crawl refuses a page or its image, or fails on it: stable words, meanings for people.

A reason that may pass, such as a server that does not answer, makes a failure and no refusal: another run tries again.
"""

from typing import Final

REASONS: Final = {
    "robots_txt": "the site's robots.txt forbids fetching the page",
    "robots_unreachable": "the site's robots.txt could not be read, so that nothing may be fetched for now",
    "crawl_delay_too_long": "the site's robots.txt asks for longer pauses than LAIT_MAX_CRAWL_DELAY",
    "private_address": "the page's host is not on the public internet, nor in NETGUARD_ALLOW",
    "port_not_allowed": "the page is on a port that is not in NETGUARD_PORTS",
    "tls_error": "the page's host could not prove who it is, or speaks no TLS that we do",
    "fetch_failed": "the page could not be fetched: no such host, no connection, a broken one, or not HTTP",
    "too_slow": "the page was not there within DOWNLOAD_TIMEOUT seconds",
    "too_many_redirects": "the page redirects more than REDIRECT_MAX_TIMES times",
    "http_error": "the server answered the page with an error status",
    "header_too_large": "the header of the page's response is over 64 KiB or 256 lines",
    "too_large": "the page is larger than LAIT_PAGE_MAXSIZE, or the image than DOWNLOAD_MAXSIZE",
    "not_html": "the page is some other kind of document",
    "opted_out": "the page or its site asks not to be collected (robots meta tag, X-Robots-Tag or TDM reservation)",
    "not_english": "the page's main text is not in English",
    "no_main_image": "no image stands out as what the page is about, but for stand-ins that the site shows on every page",
    "image_robots_txt": "the image host's robots.txt forbids fetching the image",
    "image_robots_unreachable": "the image host's robots.txt could not be read, so that nothing may be fetched for now",
    "image_crawl_delay_too_long": "the image host's robots.txt asks for longer pauses than LAIT_MAX_CRAWL_DELAY",
    "image_private_address": "the image's host is not on the public internet, nor in NETGUARD_ALLOW",
    "image_port_not_allowed": "the image is on a port that is not in NETGUARD_PORTS",
    "image_tls_error": "the image's host could not prove who it is, or speaks no TLS that we do",
    "image_fetch_failed": "the image could not be fetched",
    "image_too_slow": "the image was not there within DOWNLOAD_TIMEOUT seconds",
    "image_too_many_redirects": "the image redirects more than REDIRECT_MAX_TIMES times",
    "image_header_too_large": "the header of the image's response is over 64 KiB or 256 lines",
    "image_http_error": "the server answered the image with an error status",
    "image_opted_out": "the image or its site asks not to be collected (X-Robots-Tag or TDM reservation)",
    "not_an_image": "what was served as the image is not one, or not one that can be read",
    "not_crawlable": "the address is not an http or https one, is overlong, or redirects to such a one",
    "duplicate_page": "the page redirects to one that this crawl takes on under its own address",
    "internal_error": "a fault of the crawler's own, shown in its log",
}

# What may go better another time, each with its word for an image.
PASSING: Final = frozenset(("fetch_failed", "too_slow", "tls_error", "robots_unreachable"))
# Those with an error status are known by it: the detail begins with it.
WITH_STATUS: Final = frozenset(("http_error", "image_http_error"))
PASSING_STATUSES: Final = frozenset(("408", "425", "429"))  # and all from 500 on: the server's trouble, not the page's


def may_pass(reason: str, detail: str) -> bool:
    """Whether a page that met this reason is worth trying again in another run."""
    if reason in WITH_STATUS:
        status = detail.partition(",")[0]
        return status in PASSING_STATUSES or (status.isdigit() and int(status) >= 500)
    return reason.removeprefix("image_") in PASSING


def image_reason(reason: str) -> str:
    """The reason for an image that comes to the same end as a page with a reason: its own word where there is one."""
    return own if (own := f"image_{reason}") in REASONS else reason


def known(reason: str) -> str:
    """The reason, if it is one.

    Raises:
        ValueError: it is not one of `REASONS`.
    """
    if reason not in REASONS:
        raise ValueError(f"unknown reason: {reason!r}")
    return reason
