"""The settings that bound what a crawl connects to and takes in, checked before anything runs."""

import math
from typing import Any, Final

from scrapy.settings import BaseSettings

from crawler.address_policy import AddressPolicy, read_address_policy
from crawler.plan import CrawlError

# name, unit, what it may not be below, an example
NUMBERS: Final = (
    ("DOWNLOAD_TIMEOUT", "seconds", 0.001, "60"),
    ("DOWNLOAD_MAXSIZE", "bytes", 1, "20971520"),
    ("LAIT_PAGE_MAXSIZE", "bytes", 1, "5242880"),
    ("REDIRECT_MAX_TIMES", "redirects", 0, "5"),
)


def check_network_settings(settings: BaseSettings) -> None:
    """See that every setting of this module can be read.

    Raises:
        CrawlError: one cannot; 0, which Scrapy takes for "no limit", is none either.
    """
    address_policy(settings)
    for name, unit, least, example in NUMBERS:
        value = settings.get(name)
        try:
            number = float(value) if unit == "seconds" else int(value)  # as Scrapy reads it
            usable = least <= number < math.inf
        except (TypeError, ValueError):
            usable = False
        if not usable:
            raise CrawlError(f"{name}={value} is no number of {unit}: use -s {name}={example} or so")


def address_policy(settings: BaseSettings) -> AddressPolicy:
    """Which addresses may be connected to, by `NETGUARD_ALLOW` and `NETGUARD_PORTS`.

    Raises:
        CrawlError: one of them cannot be read.
    """
    return read_address_policy(str(settings.get("NETGUARD_ALLOW") or ""), str(settings.get("NETGUARD_PORTS")))


def page_limits(settings: BaseSettings) -> dict[str, Any]:
    """The request meta that bounds a page: `LAIT_PAGE_MAXSIZE` bytes, and no more than anything else may have."""
    sizes = settings.getint("LAIT_PAGE_MAXSIZE"), settings.getint("DOWNLOAD_MAXSIZE")
    return {"download_maxsize": min(sizes)}
