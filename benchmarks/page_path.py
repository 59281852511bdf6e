"""How fast does a page become a candidate? `python -m benchmarks.page_path [PAGES]`.

One process on one core takes each page from its bytes to its candidate and its links, beside what other tools do with the
same bytes: bare parses, and two extractors of articles. All take turns, round by round; a figure is the median over the
rounds of the processor's time, so that other work on the machine moves all alike. A tool that is not installed is left out.
"""

import argparse
import gzip
import importlib
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from crawler.extraction import extract
from crawler.garbage import collect_seldom
from crawler.links import followed_links
from examples.demo_site import website

HEADERS: Final = {"content-type": ["text/html; charset=utf-8"]}
FETCHED_AT: Final = "2026-01-01T00:00:00+00:00"
HOME: Final = "site.test"


class Saved(NamedTuple):
    """A page to read: its URL and its bytes."""

    url: str
    body: bytes


class Timing(NamedTuple):
    """What a tool takes for all pages.

    Attributes:
        seconds: of the processor's time.
        errors: on how many pages it raised an exception.
    """

    seconds: float
    errors: int


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "pages",
        type=Path,
        nargs="?",
        help="a folder of *.html files, or JSON lines with `url` and `html_original` or `html`, gzipped or not "
        "(default: the demo site's pages)",
    )
    parser.add_argument("--rounds", type=int, default=5, help="times that each tool reads all pages (default: 5)")
    options = parser.parse_args()
    pages = list(saved_pages(options.pages))
    if not pages:
        raise SystemExit(f"error: no pages in {options.pages}; give a folder with *.html files or a JSON-lines file")
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])
    tools = {name: tool for name, make in TOOLS.items() if (tool := installed(name, make)) is not None}
    collect_seldom()
    timings = timed(tools, pages, options.rounds)
    size = sum(len(page.body) for page in pages)
    print(f"{len(pages)} pages, {size / len(pages) / 1e3:.0f} KB each, {options.rounds} rounds, one core, CPU time")
    print(f"{'':<28}{'pages/s':>9}{'ms a page':>11}{'x bare lxml':>13}{'errors':>8}")
    for name, timing in timings.items():
        times = timings["lxml parse"].seconds / timing.seconds
        each = timing.seconds / len(pages)
        print(f"{name:<28}{1 / each:>9,.0f}{1e3 * each:>11.2f}{times:>13.2f}{timing.errors:>8}")


def saved_pages(source: Path | None) -> Iterator[Saved]:
    """The pages to read."""
    if source is None:
        for path in website.page_paths():
            answer = website.response(path, HOME)
            if answer.status == 200 and answer.content_type.startswith("text/html"):
                yield Saved(f"http://{HOME}{path}", answer.body)
    elif source.is_dir():
        for file in sorted(source.rglob("*.htm*")):
            yield Saved(f"http://{HOME}/{file.relative_to(source)}", file.read_bytes())
    else:
        with gzip.open(source, "rt", encoding="utf-8") if source.suffix == ".gz" else source.open() as lines:
            for record in map(json.loads, lines):
                yield Saved(record["url"], (record.get("html_original") or record["html"]).encode("utf-8", "replace"))


def timed(tools: dict[str, Callable[[Saved], Any]], pages: list[Saved], rounds: int) -> dict[str, Timing]:
    """What each tool takes for all pages, in turns; one round before the first does not count."""
    took: dict[str, list[Timing]] = {name: [] for name in tools}
    for _ in range(rounds + 1):
        for name, tool in tools.items():
            took[name].append(one_round(tool, pages))
    return {
        name: Timing(median([round_.seconds for round_ in times[1:]]), times[0].errors) for name, times in took.items()
    }


def one_round(tool: Callable[[Saved], Any], pages: list[Saved]) -> Timing:
    """One tool over all pages."""
    errors = 0
    began = time.process_time()
    for page in pages:
        try:
            tool(page)
        except Exception:  # noqa: BLE001 other tools raise what they like on a page that they cannot read
            errors += 1
    return Timing(time.process_time() - began, errors)


def installed(name: str, make: Callable[[], Callable[[Saved], Any]]) -> Callable[[Saved], Any] | None:
    """A tool; None, with a line that says so, when its package is missing."""
    try:
        return make()
    except ImportError as error:
        print(f"left out: {name} ({error})")
        return None


def candidate_path() -> Callable[[Saved], Any]:
    """This project, from bytes to the candidate and its links."""

    def run(page: Saved) -> None:
        found = extract(page.body, page.url, HEADERS, FETCHED_AT)
        if found.page is not None:
            list(followed_links(found.page, "web", HOME))

    return run


def lxml_parse() -> Callable[[Saved], Any]:
    """What most crawlers parse with."""
    fromstring = importlib.import_module("lxml.html").fromstring
    return lambda page: fromstring(page.body) is None


def lexbor_parse() -> Callable[[Saved], Any]:
    """What this project parses with."""
    parser = importlib.import_module("selectolax.lexbor").LexborHTMLParser
    return lambda page: parser(page.body) is None


def soup_parse() -> Callable[[Saved], Any]:
    """BeautifulSoup over lxml."""
    soup = importlib.import_module("bs4").BeautifulSoup
    return lambda page: soup(page.body, "lxml") is None


def trafilatura_extraction() -> Callable[[Saved], Any]:
    """The main text and metadata as trafilatura has them."""
    bare_extraction = importlib.import_module("trafilatura").bare_extraction
    return lambda page: bare_extraction(page.body, url=page.url, with_metadata=True) is None


def newspaper_extraction() -> Callable[[Saved], Any]:
    """The article and its images by their declared sizes: no fetching."""
    newspaper = importlib.import_module("newspaper")

    def run(page: Saved) -> None:
        article = newspaper.Article(page.url, fetch_images=False, language="en")
        article.download(input_html=page.body.decode("utf-8", "replace"))
        article.parse()

    return run


TOOLS: Final[dict[str, Callable[[], Callable[[Saved], Any]]]] = {
    "page -> candidate, links": candidate_path,
    "lxml parse": lxml_parse,
    "lexbor parse": lexbor_parse,
    "BeautifulSoup(lxml) parse": soup_parse,
    "trafilatura extraction": trafilatura_extraction,
    "newspaper4k extraction": newspaper_extraction,
}

if __name__ == "__main__":
    main()
