"""What a crawl was asked to do: the `-a` arguments checked, and the seeds read."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from crawler.address import is_web_address
from crawler.seeds import Seeds, parse_seeds

FOLLOW: Final = ("none", "site", "web")
FOLDERS: Final = ("candidates", "refused")  # of the output
ARGUMENTS: Final = ("seeds", "out", "follow", "depth", "refresh")


class CrawlError(Exception):
    """The user has to change something; the message is one line that says what."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a crawl was asked to do.

    Attributes:
        seeds: where it starts; None for the demo site, or with `refresh` for nothing new.
        out: the folder that everything is written to.
        follow: which links are followed: none, those of the same host (`site`), or all (`web`).
        depth: how many links away from a seed, at most.
        refresh: days since a page ended after which it is asked for again; None for never.
    """

    seeds: Seeds | None
    out: Path
    follow: str
    depth: int
    refresh: float | None = None

    def __post_init__(self) -> None:
        if self.follow not in FOLLOW:
            raise CrawlError(f"follow={self.follow} is not known: use -a follow=none, site or web")
        if self.depth < 0 or (self.depth > 0) != (self.follow != "none"):
            raise CrawlError(
                f"depth={self.depth} does not go with follow={self.follow}: use -a follow=site -a depth=1 (or more), "
                "or neither"
            )


def read_plan(arguments: Mapping[str, str]) -> Plan:
    """The plan behind the `-a` arguments.

    Raises:
        CrawlError: an argument is unknown or makes no sense, the seeds cannot be read, or `out` cannot be written.
    """
    for name in arguments:
        if name not in ARGUMENTS:
            raise CrawlError(f"-a {name}=... is not known: use {', '.join(ARGUMENTS)}")
    follow = arguments.get("follow", "none")
    depth = arguments.get("depth", "0" if follow == "none" else "1")
    if not re.fullmatch(r"\d{1,6}", depth):
        raise CrawlError(f"depth={depth} is no number of links: use -a depth=2 or so")
    refresh = arguments.get("refresh")
    if refresh is not None and not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", refresh):
        raise CrawlError(f"refresh={refresh} is no number of days: use -a refresh=30 or so, or 0 for all pages")
    seeds = read_seeds(arguments["seeds"].strip()) if "seeds" in arguments else None
    out = Path(arguments.get("out") or "crawl")
    plan = Plan(seeds, out, follow, int(depth), None if refresh is None else float(refresh))
    make_writable(out)
    return plan


def make_writable(out: Path) -> None:
    """Make the output folder and those in it, and try them.

    Raises:
        CrawlError: nothing can be written there.
    """
    for folder in (out, *(out / name for name in FOLDERS)):
        probe = folder / ".writable"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"")
            probe.unlink()
        except OSError as error:
            raise CrawlError(
                f"cannot write to {folder}/ ({error.strerror}): give another folder with -a out=DIR"
            ) from error


def read_seeds(where: str) -> Seeds:
    """The seeds behind the `seeds` argument: an http(s) address is left for the crawl to fetch, a file is read.

    Raises:
        CrawlError: the file is missing, unreadable or without a single address.
    """
    if not where:
        raise CrawlError("seeds= is empty: give a file or an http address, or leave it out to crawl the demo site")
    if is_web_address(where):
        return Seeds(source=where)
    path = Path(where)
    try:
        content = path.read_bytes()
    except OSError as error:
        raise CrawlError(
            f"cannot read seeds from {where} ({error.strerror}): give a file or an http address"
        ) from error
    seeds = parse_seeds(content)
    if not any(is_web_address(url) for url in (*seeds.pages, *seeds.sitemaps)):
        raise CrawlError(f"{where} holds no http address: write one on each line, or give a sitemap")
    return seeds
