"""The settings that bound how much a crawl asks for, what it connects to and takes in, checked before anything runs."""

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
    ("RETRY_TIMES", "attempts", 0, "2"),
    ("DOWNLOAD_DELAY", "seconds", 0, "1"),
    ("CONCURRENT_REQUESTS", "requests", 1, "64"),
    ("CONCURRENT_REQUESTS_PER_DOMAIN", "requests", 1, "2"),
)
SWITCHES: Final = (
    "AUTOTHROTTLE_ENABLED",
    "DOWNLOAD_VERIFY_CERTIFICATES",
    "LAIT_TDMREP",
    "RETRY_ENABLED",
    "ROBOTSTXT_OBEY",
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
    for name in SWITCHES:
        try:
            settings.getbool(name)
        except ValueError:
            raise CrawlError(
                f"{name}={settings.get(name)} is neither yes nor no: use -s {name}=True or False"
            ) from None


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
