"""From a response's bytes to what a page contributes, or the reason why it contributes nothing."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from crawler.html_sniffing import is_html
from crawler.items import Candidate
from crawler.language import Language, detect_language
from crawler.main_image import ScoredImage, ranked
from crawler.optout import opt_outs
from crawler.page import Page, parse_page
from crawler.page_text import candidate_texts
from crawler.site_images import SiteImages

Headers = Mapping[str, Iterable[str]]
KEPT_SIGNALS: Final = 12  # the strongest; the rest adds little to the score


@dataclass(frozen=True, slots=True)
class Dropped:
    """A page that contributes nothing.

    Attributes:
        reason: a key of `crawler.reasons.REASONS`.
        detail: the value behind it.
        page: the parsed page, for its links; None when it was not parsed.
    """

    reason: str
    detail: str
    page: Page | None = None


@dataclass(frozen=True, slots=True)
class Extract:
    """What an English page with a dominant image contributes.

    Attributes:
        candidate: the record, still without the image's bytes and what follows from them.
        page: the parsed page, for its links.
    """

    candidate: Candidate
    page: Page


def extract(
    body: bytes, url: str, headers: Headers, fetched_at: str, site_images: SiteImages | None = None
) -> Extract | Dropped:
    """Judge a page as ImageBERT's section 3 does: English, with a dominant image; opt-outs come first.

    Args:
        body: as served, content encoding undone.
        url: the page's address after redirects.
        headers: names in lower case, every value of a repeated header.
        fetched_at: ISO 8601 in UTC, to the second.
        site_images: what the pages before had as main images, for stand-ins to be told; None where nobody knows.
    """
    content_type = next(iter(headers.get("content-type", ())), "")
    if not is_html(content_type, body):
        return Dropped("not_html", content_type)
    page = parse_page(body, url, content_type)
    if signals := opt_outs(headers, page, fetched_at):
        return Dropped("opted_out", ", ".join(signals), page)
    language = detect_language(page)
    if language.code != "en":
        return Dropped("not_english", f"{language.code} {language.confidence:.2f}", page)
    image, passed_over = main_image_of(page, site_images)
    if image is None:
        return Dropped("no_main_image", f"stand-in of its site: {passed_over}" if passed_over else "", page)
    return Extract(candidate_of(page, image, language, fetched_at), page)


def main_image_of(page: Page, site_images: SiteImages | None) -> tuple[ScoredImage | None, str]:
    """The page's dominant image, and the first better one that was passed over as a stand-in of its site ("" if none).

    Stand-ins are what metadata names: a site gives its pages one when they have no picture of their own.
    """
    passed_over = ""
    for image in ranked(page):
        if site_images is None or not image.named_by:
            return image, passed_over
        if not site_images.is_stand_in(page.url, image.url):
            site_images.note(page.url, image.url)
            return image, passed_over
        passed_over = passed_over or image.url
    return None, passed_over


def candidate_of(page: Page, image: ScoredImage, language: Language, fetched_at: str) -> Candidate:
    """The record of a page and its dominant image, before the image is fetched."""
    return Candidate(
        page_url=page.url,
        image_url=image.url,
        image=None,
        image_sha256=None,
        mime=None,
        width=None,
        height=None,
        texts=candidate_texts(page, image),
        main_image_score=image.score,
        main_image_signals=image.signals[:KEPT_SIGNALS],
        language=language.code,
        language_confidence=language.confidence,
        license_url=page.license_url,
        opt_outs=(),
        http_status=None,
        fetched_at=fetched_at,
    )
