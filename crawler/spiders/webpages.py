"""Crawl pages and write each one's dominant image: `scrapy crawl webpages -a seeds=FILE|URL -a out=DIR`."""

import hashlib
import re
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from scrapy.http import Request, Response
from twisted.python.failure import Failure

from crawler.accounted import AccountedSpider, say
from crawler.address import MAX_ADDRESS, is_web_address
from crawler.demo import DemoSite
from crawler.extraction import Dropped, extract
from crawler.html_sniffing import is_html
from crawler.image_file import sniff
from crawler.items import Candidate
from crawler.links import followed_links, site_of
from crawler.network_settings import page_limits
from crawler.optout import asks_not_to_follow, opt_outs
from crawler.plan import Plan, read_plan
from crawler.reasons import image_reason
from crawler.responses import content_type_of, headers_of, now, reason_of, request_of, request_or_none
from crawler.seeds import MAX_SITEMAP, Seeds, parse_seeds

IMAGE_PRIORITY: Final = 10  # before further pages, so that few pages wait half done
MAX_INDEX_LEVEL: Final = 3  # the protocol has one; some sites nest a second
LARGE: Final = {"download_maxsize": MAX_SITEMAP}
SITEMAP_START: Final = re.compile(rb"\x1f\x8b|[^\0]{0,1000}<(?:urlset|sitemapindex)")


class WebpagesSpider(AccountedSpider):
    """Turns every page into one `Candidate` or one `Refusal`."""

    name = "webpages"

    def __init__(self, plan: Plan | None = None, demo: DemoSite | None = None, **arguments: str) -> None:
        if plan is None:  # made by a script, not by the command
            plan = read_plan(arguments)
            demo = DemoSite() if plan.seeds is None else None
        super().__init__(plan, demo)
        self._seen: set[str] = set()

    @classmethod
    def prepare(cls, arguments: Mapping[str, str]) -> dict[str, Any]:
        """Keyword arguments for the spider, from the `-a` arguments; starts the demo site when there are no seeds.

        Raises:
            CrawlError: the user has to change something.
        """
        plan = read_plan(arguments)
        return {"plan": plan, "demo": DemoSite() if plan.seeds is None else None}

    async def start(self) -> AsyncIterator[Request]:
        """The first requests: the seeds, or what says where they are."""
        seeds = self.plan.seeds
        if self.demo is not None:
            seeds = Seeds(source=f"{self.demo.url}sitemap.xml")
            say(f"no seeds given: crawling the demo site at {self.demo.url}")
        if seeds is not None:
            if seeds.source:
                yield Request(seeds.source, self.parse_source, errback=self.source_failed, meta=LARGE, dont_filter=True)
            for request in self.seed_requests(seeds, "the file of seeds"):
                yield request

    def seed_requests(self, seeds: Seeds, named_by: str, level: int = 0) -> Iterator[Request]:
        """Requests for the pages and further sitemaps that seeds name, `level` sitemaps below the first."""
        if seeds.damage:
            say(f"warning: not all of {named_by} could be read: {seeds.damage}")
        for url in seeds.pages:
            yield from self.visit(url, 0)
        if seeds.sitemaps and level == MAX_INDEX_LEVEL:
            say(f"warning: the sitemaps that {named_by} names are left out: they are more than {level} levels deep")
            return
        for url in seeds.sitemaps:
            if url not in self._seen:
                self._seen.add(url)
                request = request_or_none(
                    url, self.parse_sitemap, errback=self.sitemap_failed, meta=LARGE, cb_kwargs={"level": level + 1}
                )
                if request is None:
                    say(f"warning: {named_by} names a sitemap that has no http address ({url[:100]})")
                else:
                    yield request

    def visit(self, url: str, depth: int, home: str = "") -> Iterator[Request]:
        """The request for a page that was not visited yet; what is no http address is refused at once.

        Args:
            url: as found.
            depth: how many links away from a seed.
            home: the seed's site; that of `url` when it is a seed.
        """
        url = url.partition("#")[0]
        if url in self._seen:
            return
        self._seen.add(url)
        self.ledger.take_on()
        request = request_or_none(url, self.parse_page, errback=self.page_failed, meta=page_limits(self.settings))
        if request is None:
            detail = f"longer than {MAX_ADDRESS} characters" if len(url) > MAX_ADDRESS else "no http or https address"
            self.refuse(url[:MAX_ADDRESS], "not_crawlable", detail)
        else:
            yield request.replace(cb_kwargs={"depth": depth, "home": home or site_of(url)})

    def parse_source(self, response: Response) -> Iterator[Request]:
        """Read the address given as `seeds`: a sitemap, a list of addresses, or a page."""
        kind = content_type_of(response)
        if SITEMAP_START.match(response.body) or not is_html(kind, response.body):
            seeds = parse_seeds(response.body)
            if not any(map(is_web_address, (*seeds.pages, *seeds.sitemaps))):
                self.fail(
                    f"{response.url} is no page, sitemap or list with an http address in it ({kind or 'no type'})"
                )
            yield from self.seed_requests(seeds, response.url)
        else:
            self.ledger.take_on()
            assert response.request is not None
            response.request.cb_kwargs["depth"] = 0  # it is a page's request from here on
            yield from self.parse_page(response, 0, site_of(response.request.url))

    def source_failed(self, failure: Failure) -> None:
        """Note why the crawl cannot work; it ends by itself, since there is nothing to start from."""
        reason, detail = reason_of(failure)
        obeyed = {
            "robots_txt": "robots.txt forbids it, and this crawler obeys",
            "robots_unreachable": f"its robots.txt cannot be read ({detail}), so nothing may be fetched",
        }
        why = obeyed.get(reason, detail or reason)
        self.failure = f"cannot read seeds from {request_of(failure).url}: {why}; check the address"

    def parse_sitemap(self, response: Response, level: int) -> Iterator[Request]:
        """Visit what a sitemap names."""
        seeds = parse_seeds(response.body)
        if not (seeds.damage or seeds.pages or seeds.sitemaps):
            say(f"warning: sitemap {response.url} names no pages")
        yield from self.seed_requests(seeds, f"sitemap {response.url}", level)

    def sitemap_failed(self, failure: Failure) -> None:
        """Say which part of the seeds is missing."""
        say(f"warning: sitemap {request_of(failure).url} could not be read ({': '.join(reason_of(failure))})")

    def parse_page(self, response: Response, depth: int, home: str) -> Iterator[Request]:
        """Refuse the page, or ask for its dominant image; follow its links if the plan says so."""
        asked_for = response.meta.get("redirect_urls", [response.url])[0]
        if response.url != asked_for and response.url in self._seen:
            self.refuse(response.url, "duplicate_page", f"redirected from {asked_for}")
            return
        self._seen.add(response.url)
        headers = headers_of(response)
        found = extract(response.body, response.url, headers, now())
        opted_out = isinstance(found, Dropped) and found.reason == "opted_out"
        far_enough = opted_out or depth >= self.plan.depth
        if found.page is not None and not far_enough and not asks_not_to_follow(headers, found.page):
            for url in followed_links(found.page, self.plan.follow, home):
                yield from self.visit(url, depth + 1, home)
        if isinstance(found, Dropped):
            self.refuse(response.url, found.reason, found.detail)
        else:
            yield from self.image_request(found.candidate)

    def image_request(self, candidate: Candidate) -> Iterator[Request]:
        """The request for a page's dominant image."""
        request = request_or_none(candidate.image_url, self.parse_image, errback=self.image_failed)
        if request is None:
            self.refuse(candidate.page_url, "not_crawlable", "no http or https address", candidate.image_url)
        else:
            yield request.replace(cb_kwargs={"candidate": candidate}, priority=IMAGE_PRIORITY)

    def page_failed(self, failure: Failure) -> None:
        """Refuse a page that could not be fetched."""
        self.refuse(request_of(failure).url, *reason_of(failure))

    def parse_image(self, response: Response, candidate: Candidate) -> None:
        """Refuse what is no image or not to be collected; write the candidate otherwise."""
        if found := opt_outs(headers_of(response), at=now()):
            self.refuse(candidate.page_url, "image_opted_out", ", ".join(found), candidate.image_url)
        elif (file := sniff(response.body)) is None:
            kind = content_type_of(response)
            self.refuse(candidate.page_url, "not_an_image", kind, candidate.image_url)
        else:
            digest = hashlib.sha256(response.body).hexdigest()
            self.record(
                replace(
                    candidate,
                    image=response.body,
                    image_sha256=digest,
                    mime=file.mime,
                    width=file.width,
                    height=file.height,
                    http_status=response.status,
                    fetched_at=now(),
                )
            )

    def image_failed(self, failure: Failure) -> None:
        """Refuse a page whose image could not be fetched."""
        candidate: Candidate = request_of(failure).cb_kwargs["candidate"]
        reason, detail = reason_of(failure)
        self.refuse(candidate.page_url, image_reason(reason), detail, candidate.image_url)
