"""The image half of a unit of work: a candidate without its image's bytes, the fetch, and the record."""

import hashlib
from dataclasses import replace
from typing import Final

from scrapy.http import Request, Response
from twisted.python.failure import Failure

from crawler.accounted import NO_VALIDATORS
from crawler.frontier import Work
from crawler.frontier_spider import FrontierSpider
from crawler.image_file import sniff
from crawler.items import Candidate
from crawler.optout import opt_outs
from crawler.reasons import image_reason
from crawler.responses import content_type_of, headers_of, now, reason_of, request_of, request_or_none

IMAGE_PRIORITY: Final = 10  # before further pages, so that few pages wait half done


class ImageFetchingSpider(FrontierSpider):
    """Fetches images of candidates, and ends their units of work."""

    def image_request(
        self, work: Work, candidate: Candidate, validators: tuple[str, str] = NO_VALIDATORS
    ) -> Request | None:
        """The request for a candidate's image; None, and the unit refused, when its address is none to ask for.

        Args:
            work: the unit that the candidate is to end.
            candidate: without its image.
            validators: the page's ETag and Last-Modified, to be kept with the outcome.
        """
        request = request_or_none(candidate.image_url, self.parse_image, errback=self.image_failed)
        if request is None:
            url = candidate.image_url
            self.refuse(work, candidate.page_url, "not_crawlable", "no http or https address", url, validators)
            return None
        about = {"work": work, "candidate": candidate, "validators": validators}
        return request.replace(cb_kwargs=about, priority=IMAGE_PRIORITY)

    def parse_image(
        self, response: Response, work: Work, candidate: Candidate, validators: tuple[str, str] = NO_VALIDATORS
    ) -> None:
        """End the unit that asked for the image."""
        self.ledger.images += 1
        self.end_with_image(response, work, candidate, validators)

    def end_with_image(
        self, response: Response, work: Work, candidate: Candidate, validators: tuple[str, str] = NO_VALIDATORS
    ) -> None:
        """Refuse what is no image or not to be collected; write the candidate otherwise."""
        if found := opt_outs(headers_of(response), at=now()):
            self.refuse(work, candidate.page_url, "image_opted_out", ", ".join(found), candidate.image_url)
        elif (file := sniff(response.body)) is None:
            kind = content_type_of(response)
            self.refuse(work, candidate.page_url, "not_an_image", kind, candidate.image_url)
        else:
            whole = replace(
                candidate,
                image=response.body,
                image_sha256=hashlib.sha256(response.body).hexdigest(),
                mime=file.mime,
                width=file.width,
                height=file.height,
                http_status=response.status,
                fetched_at=now(),
            )
            self.keep(work, whole, validators)

    def image_failed(self, failure: Failure) -> None:
        """Refuse a page whose image could not be fetched, or note that it failed."""
        about = request_of(failure).cb_kwargs
        self.end_with_failure(failure, about["work"], about["candidate"])

    def end_with_failure(self, failure: Failure, work: Work, candidate: Candidate) -> None:
        """Refuse a unit whose image could not be fetched, or note that it failed."""
        reason, detail = reason_of(failure)
        self.refuse(work, candidate.page_url, image_reason(reason), detail, candidate.image_url)
