"""Images that are the answer for page after page of one site: a template's stand-in, not what those pages are about."""

from collections import OrderedDict
from typing import Final

from crawler.image_key import image_key
from crawler.links import site_of

PAGES_OF_ONE: Final = 3  # of a site; an article has a print version and another language, a stand-in is on all the rest
REMEMBERED: Final = 200_000  # images, the latest ones; some 40 MB


class SiteImages:
    """Remembers which images were the main ones of a site's pages, so that a stand-in wins a few times and no more."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        if remembered < 1:
            raise ValueError(f"remembered={remembered} images: at least 1 has to be")
        self._pages: OrderedDict[tuple[str, str], int] = OrderedDict()
        self._remembered = remembered

    def is_stand_in(self, page_url: str, image_url: str) -> bool:
        """Whether an image was the main one of `PAGES_OF_ONE` pages of the page's site before."""
        return self._pages.get((site_of(page_url), image_key(image_url)), 0) >= PAGES_OF_ONE

    def note(self, page_url: str, image_url: str) -> None:
        """Note the main image of a page."""
        key = (site_of(page_url), image_key(image_url))
        self._pages[key] = self._pages.pop(key, 0) + 1
        if len(self._pages) > self._remembered:
            self._pages.popitem(last=False)
