"""Labelled pages: which of a page's contenders is its main image, as rows of numbers to learn from."""

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crawler.contenders import Contender, contenders_of
from crawler.image_key import image_key
from crawler.links import site_of
from crawler.page import Page, parse_page

VARIANT: str = "html_"  # how the fields with a page's markup start; `html_masked` is the variant named `masked`


@dataclass(frozen=True, slots=True)
class LabelledPage:
    """One variant of one page.

    Attributes:
        site: its domain; pages of one site go into one fold.
        variant: such as `masked`, a page without the metadata that names its main image, or `original`.
        has_main_image: whether one of its contenders should win; otherwise "none" should.
        features: of each contender.
        right: of each contender, whether it is the main image.
    """

    site: str
    variant: str
    has_main_image: bool
    features: tuple[Mapping[str, float], ...]
    right: tuple[bool, ...]


def read_pages(path: Path) -> Iterator[LabelledPage]:
    """The labelled pages of a JSON-lines file, gzipped or not.

    Each line has `url`, `gold_urls` (every known address of the main image; empty for a page without one), one or more
    variants of the markup (`html_original`, ...), and perhaps `domain`. Lines with `neg_kind` of `index` are left out:
    whether a page of links has a main image is a matter of taste.

    Raises:
        ValueError: a line is no such record; says which.
    """
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            try:
                record: dict[str, Any] = json.loads(line)
                url, gold = record["url"], record["gold_urls"]
                variants = {
                    name.removeprefix(VARIANT): html for name, html in record.items() if name.startswith(VARIANT)
                }
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise ValueError(f"{path}, line {number}: no labelled page ({error!r})") from error
            if record.get("neg_kind") != "index":
                for variant, html in variants.items():
                    yield labelled(parse_page(html, url), record.get("domain") or site_of(url), variant, gold)


def labelled(page: Page, site: str, variant: str, gold: Sequence[str]) -> LabelledPage:
    """A page with its contenders judged; all of its images are looked at closely.

    Images that only the metadata names are left out: on labelled pages the main image is one of the page's elements, so
    that they would teach never to take another.
    """
    every, _ = contenders_of(page, lambda features: 0.0, finalists=10**6)
    contenders = [contender for contender in every if contender.image is not None]
    addresses = {without_scheme(url) for url in gold}
    keys = {image_key(url) for url in gold}
    return LabelledPage(
        site,
        variant,
        bool(gold),
        tuple(contender.features for contender in contenders),
        tuple(is_right(contender, page, addresses, keys) for contender in contenders),
    )


def is_right(contender: Contender, page: Page, addresses: set[str], keys: set[str]) -> bool:
    """Whether one of a contender's addresses is, or has the key of, one of the main image's."""
    sources = [*(contender.image.sources() if contender.image is not None else ()), *contender.sources]
    urls = [url for source in sources if (url := page.absolute(source.address))]
    return any(without_scheme(url) in addresses or image_key(url) in keys for url in urls)


def without_scheme(url: str) -> str:
    """A URL without its scheme and fragment."""
    return url.partition("#")[0].partition("://")[2]


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """Labelled pages as arrays; each page's last row is the answer "none". R rows, F features, P pages.

    Attributes:
        names: of the features, F of them; the last is `none`, which is 1 in the rows of that answer.
        values: float64 [R, F].
        right: bool [R].
        starts: int [P + 1]; the rows of page p are `starts[p]` to `starts[p + 1]`.
        pages: the pages, P of them.
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]
    right: NDArray[np.bool_]
    starts: NDArray[np.int64]
    pages: tuple[LabelledPage, ...]


def table_of(pages: Sequence[LabelledPage], names: Sequence[str]) -> Table:
    """The pages as a table with these features.

    Raises:
        ValueError: a page has a feature that is not among them.
    """
    columns = {name: column for column, name in enumerate((*names, "none"))}
    lengths = [len(page.features) + 1 for page in pages]
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    values = np.zeros((starts[-1], len(columns)))
    right = np.zeros(starts[-1], np.bool_)
    for page, start in zip(pages, starts, strict=False):
        for row, features in enumerate(page.features, start):
            for name, value in features.items():
                if name not in columns:
                    raise ValueError(f"feature {name!r} has no sign: give it one in crawler/fitting/page_softmax.py")
                values[row, columns[name]] = value
        last = start + len(page.features)
        right[start:last] = page.right
        values[last, columns["none"]] = 1.0
        right[last] = not page.has_main_image
    return Table((*names, "none"), values, right, starts, tuple(pages))
