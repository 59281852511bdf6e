"""The crawl's settings on how long to wait for whom, checked before it starts."""

import math
from dataclasses import dataclass, fields
from typing import Self

from scrapy.settings import BaseSettings

from crawler.plan import CrawlError


@dataclass(frozen=True, slots=True)
class Manners:
    """How patient a crawl is. Each field is the setting `LAIT_` and its name; `crawler.settings` has the defaults.

    Attributes:
        robots_seconds: how long a robots.txt or tdmrep.json holds.
        robots_retries: further attempts at a robots.txt that cannot be read.
        robots_unreachable_seconds: how long a site is left alone whose robots.txt cannot be read after those.
        max_crawl_delay: seconds; a site that asks for a longer Crawl-delay is refused.
        back_off: seconds that a host is paused after its first failure; each further one doubles them.
        max_retry_after: seconds that a host is waited for at most, because it asks for it or after a failure.
    """

    robots_seconds: float
    robots_retries: float
    robots_unreachable_seconds: float
    max_crawl_delay: float
    back_off: float
    max_retry_after: float

    @classmethod
    def from_settings(cls, settings: BaseSettings) -> Self:
        """The manners that settings ask for.

        Raises:
            CrawlError: one of them is no number, or less than nothing.
        """
        return cls(**{field.name: number(settings, f"LAIT_{field.name.upper()}") for field in fields(cls)})


def number(settings: BaseSettings, name: str) -> float:
    """A setting that is a number from 0 up; `inf` is one.

    Raises:
        CrawlError: it is none.
    """
    value = settings.get(name)
    try:
        found = float(value)
    except (TypeError, ValueError):
        found = math.nan
    if not found >= 0:
        raise CrawlError(f"{name}={value} is no number from 0 up: use -s {name}=30 or so, or leave it out")
    return found
