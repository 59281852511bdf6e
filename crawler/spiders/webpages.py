"""Crawl pages and write each one's dominant image: `scrapy crawl webpages -a seeds=FILE|URL -a out=DIR`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from scrapy.http import Request, Response
from scrapy.settings import BaseSettings
from twisted.python.failure import Failure

from crawler.accounted import say
from crawler.address import MAX_ADDRESS, is_web_address
from crawler.demo import DemoSite, port_for
from crawler.extraction import Dropped, extract
from crawler.frontier import Frontier, Work, work_of
from crawler.frontiers import open_frontier
from crawler.html_sniffing import is_html
from crawler.image_fetch import ImageFetchingSpider
from crawler.limits import Limits, read_limits
from crawler.links import followed_links, site_of
from crawler.network_settings import page_limits
from crawler.optout import asks_not_to_follow, opt_outs
from crawler.plan import Plan, read_plan
from crawler.responses import (
    NOT_MODIFIED,
    content_type_of,
    headers_of,
    if_modified,
    now,
    reason_of,
    request_of,
    request_or_none,
    validators_of,
)
from crawler.seeds import MAX_SITEMAP, Seeds, parse_seeds
from crawler.site_images import SiteImages
from crawler.sowing import sow

LARGE: Final = {"download_maxsize": MAX_SITEMAP}
SITEMAP_START: Final = re.compile(rb"\x1f\x8b|[^\0]{0,1000}<(?:urlset|sitemapindex)")


class WebpagesSpider(ImageFetchingSpider):
    """Turns every page into one `Candidate`, `Refusal` or `Failure`."""

    name = "webpages"

    def __init__(self, plan: Plan, demo: DemoSite | None, frontier: Frontier, limits: Limits) -> None:
        super().__init__(plan, demo, frontier, limits)
        self._site_images = SiteImages()  # of this run

    @classmethod
    def prepare(cls, arguments: Mapping[str, str], settings: BaseSettings) -> dict[str, Any]:
        """See `FrontierSpider`; starts the demo site when there are no seeds."""
        limits, plan = read_limits(settings.get), read_plan(arguments)
        frontier = open_frontier(settings.get("LAIT_FRONTIER") or "", plan.out, limits.lease_seconds)
        demo = None
        try:
            if plan.seeds is None and plan.refresh is None:
                demo = DemoSite(port=port_for(plan.out))
                plan = replace(plan, seeds=Seeds(source=f"{demo.url}sitemap.xml"))
                say(f"no seeds given: crawling the demo site at {demo.url}")
            for warning in sow(frontier, plan, limits.failed_runs):
                say(warning)
        except BaseException:
            frontier.close()
            raise
        return {"plan": plan, "demo": demo, "frontier": frontier, "limits": limits}

    def request_for(self, work: Work) -> Request | None:
        """See `FrontierSpider`."""
        about = {"work": work}
        if work.kind in ("image", "rows"):
            self.give_up(f"{self.plan.out}/ holds a fetch of images that is not done: give another with -a out=DIR")
            return None
        if work.kind == "seeds":
            return request_or_none(work.url, self.parse_source, errback=self.source_failed, meta=LARGE, cb_kwargs=about)
        if work.kind == "sitemap":
            return request_or_none(
                work.url, self.parse_sitemap, errback=self.sitemap_failed, meta=LARGE, cb_kwargs=about
            )
        self.ledger.take_on()
        limits = page_limits(self.settings)
        request = request_or_none(work.url, self.parse_page, errback=self.page_failed, meta=limits, cb_kwargs=about)
        if request is None:
            overlong = len(work.url) > MAX_ADDRESS
            detail = f"longer than {MAX_ADDRESS} characters" if overlong else "no http or https address"
            self.refuse(work, work.url[:MAX_ADDRESS], "not_crawlable", detail)
            return None
        return if_modified(request, work.etag, work.modified) if work.etag or work.modified else request

    def parse_source(self, response: Response, work: Work) -> Request | None:
        """Read the address given as `seeds`: a sitemap, a list of addresses, or a page."""
        kind = content_type_of(response)
        if SITEMAP_START.match(response.body) or not is_html(kind, response.body):
            seeds = parse_seeds(response.body)
            if not any(map(is_web_address, (*seeds.pages, *seeds.sitemaps))):
                self.forget(work)
                self.give_up(
                    f"{response.url} is no page, sitemap or list with an http address in it ({kind or 'no type'})"
                )
            self.sow_more(work, seeds, response.url)
            return None
        with self.on_disk():
            self.frontier.be_page(work.key)
        self.ledger.take_on()
        assert response.request is not None
        response.request.cb_kwargs["work"] = page = replace(work, kind="page")
        return self.parse_page(response, page)

    def source_failed(self, failure: Failure) -> None:
        """End the crawl, which has no seeds."""
        reason, detail = reason_of(failure)
        request = request_of(failure)
        obeyed = {
            "robots_txt": "robots.txt forbids it, and this crawler obeys",
            "robots_unreachable": f"its robots.txt cannot be read ({detail}), so nothing may be fetched",
        }
        why = obeyed.get(reason, detail or reason)
        self.forget(request.cb_kwargs["work"])
        self.give_up(f"cannot read seeds from {request.url}: {why}; check the address")

    def parse_sitemap(self, response: Response, work: Work) -> None:
        """Queue what a sitemap names."""
        seeds = parse_seeds(response.body)
        if not (seeds.damage or seeds.pages or seeds.sitemaps):
            say(f"warning: sitemap {response.url} names no pages")
        self.sow_more(work, seeds, f"sitemap {response.url}")

    def sitemap_failed(self, failure: Failure) -> None:
        """Say which part of the seeds is missing."""
        request = request_of(failure)
        reason, detail = reason_of(failure)
        say(f"warning: sitemap {request.url} could not be read ({reason}: {detail})")
        self.end_sitemap(request.cb_kwargs["work"], reason, detail)

    def parse_page(self, response: Response, work: Work) -> Request | None:
        """End the page, or ask for its dominant image; queue its links if the plan says so."""
        headers = headers_of(response)
        if response.status == NOT_MODIFIED:
            self.still_the_same(response, work, opt_outs(headers, at=now()))
            return None
        asked_for = response.meta.get("redirect_urls", [response.url])[0]
        if response.url != asked_for and not self.claim(response.url, work):
            self.refuse(work, response.url, "duplicate_page", f"redirected from {asked_for}")
            return None
        found = extract(response.body, response.url, headers, now(), self._site_images)
        opted_out = isinstance(found, Dropped) and found.reason == "opted_out"
        far_enough = opted_out or work.depth >= self.plan.depth
        if found.page is not None and not far_enough and not asks_not_to_follow(headers, found.page):
            home = work.home or site_of(asked_for)
            links = followed_links(found.page, self.plan.follow, home)
            with self.on_disk():
                self.frontier.add(work_of(url, "page", work.depth + 1, home) for url in links)
        if isinstance(found, Dropped):
            self.refuse(work, response.url, found.reason, found.detail, validators=validators_of(response))
            return None
        return self.image_request(work, found.candidate, validators_of(response))

    def page_failed(self, failure: Failure) -> None:
        """Refuse a page that could not be fetched, or note that it failed."""
        request = request_of(failure)
        self.refuse(request.cb_kwargs["work"], request.url, *reason_of(failure))

    def still_the_same(self, response: Response, work: Work, opted_out: Sequence[str]) -> None:
        """End a page that did not change; its headers may opt out all the same."""
        if opted_out:
            self.refuse(work, response.url, "opted_out", ", ".join(opted_out))
        else:
            self.leave_unchanged(work)
