"""Downloader middleware: nothing is fetched that its site's tdmrep.json reserves from text and data mining."""

from typing import Final

from scrapy import Spider
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.http import Request

from crawler.manners import Manners
from crawler.refused import RefusedError
from crawler.retry_after import BUSY
from crawler.site_cache import Found, SiteCache
from crawler.site_files import LIMIT, SITE_FILE, fetch_site_file, site_of_url
from crawler.tdmrep import Rule, is_reserved, parse_tdmrep

NAME: Final = "tdmrep.json"
PATH: Final = "/.well-known/tdmrep.json"
BUDGET: Final = 16 * 2**20  # bytes of such files' text; their rules take some five times that. Few sites have one.


class ReservationsMiddleware:
    """Refuses requests for what the file reserves.

    The file is asked for like anything else, so only where robots.txt allows it. A site that does not give one, or
    gives junk, reserves nothing. `tdm-reservation: 0` in a response's header cannot lift the file's reservation, as the
    report would have it: to see that header, the resource would have to be fetched.
    """

    def __init__(self, crawler: Crawler) -> None:
        if not crawler.settings.getbool("LAIT_TDMREP"):
            raise NotConfigured
        self._crawler = crawler
        self._rules: SiteCache[tuple[Rule, ...]] = SiteCache(BUDGET)
        self._manners = Manners.from_settings(crawler.settings)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> "ReservationsMiddleware":
        """Scrapy's way to make a middleware."""
        return cls(crawler)

    async def process_request(self, request: Request, spider: Spider | None = None) -> None:
        """Let a request through.

        Raises:
            RefusedError: what it is for is reserved.
        """
        if SITE_FILE in request.meta:
            return
        site = site_of_url(request.url)
        if is_reserved(await self._rules.get(site, lambda _: self._ask(site)), request.url):
            raise RefusedError("opted_out", f"{NAME}:tdm-reservation")

    async def _ask(self, site: str) -> Found[tuple[Rule, ...]]:
        try:
            response = await fetch_site_file(self._crawler, site + PATH, NAME)
        except Exception:  # noqa: BLE001 - forbidden, refused or broken: the report takes the protocol for not in use there
            return Found((), self._manners.robots_unreachable_seconds)
        if response.status >= 500 or response.status in BUSY:
            return Found((), self._manners.robots_unreachable_seconds)
        found = response.status == 200
        rules = parse_tdmrep(response.body[:LIMIT]) if found else ()
        return Found(rules, self._manners.robots_seconds, len(response.body) if rules else 0)
