"""What a crawl begins with: the seeds, what failed before, and what is to be asked for again, put into the frontier."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, islice
from typing import Final

from crawler.address import is_web_address
from crawler.frontier import Frontier, Work, work_of
from crawler.plan import Plan
from crawler.seeds import Seeds

CHUNK: Final = 50_000  # units that are committed at once, so that a kill loses little of a long list
MAX_INDEX_LEVEL: Final = 3  # the protocol has one; some sites nest a second


def sow(frontier: Frontier, plan: Plan, failed_runs: int) -> list[str]:
    """Put into the frontier what the plan asks for, and what failed in fewer than so many runs.

    Returns:
        Warnings, a line each.

    Raises:
        FrontierError: it cannot be written.
    """
    if plan.refresh is not None:
        frontier.refresh((datetime.now(UTC) - timedelta(days=plan.refresh)).isoformat(timespec="seconds"))
    frontier.retry(failed_runs)
    warnings = sow_seeds(frontier, plan.seeds, "the file of seeds", 0) if plan.seeds is not None else []
    frontier.beat()
    return warnings


def sow_seeds(frontier: Frontier, seeds: Seeds, named_by: str, level: int) -> list[str]:
    """Put seeds into the frontier, `level` sitemaps below the first.

    Returns:
        Warnings, a line each.

    Raises:
        FrontierError: it cannot be written.
    """
    warnings = [f"warning: not all of {named_by} could be read: {seeds.damage}"] if seeds.damage else []
    source = [work_of(seeds.source, "seeds")] if seeds.source else []
    sitemaps = seeds.sitemaps
    if sitemaps and level == MAX_INDEX_LEVEL:
        warnings.append(
            f"warning: the sitemaps that {named_by} names are left out: they are more than {level} levels deep"
        )
        sitemaps = ()
    odd = [url for url in sitemaps if not is_web_address(url)]
    warnings += [f"warning: {named_by} names a sitemap that has no http address ({url[:100]})" for url in odd]
    works = chain(source, map(work_of, seeds.pages), sitemap_works(sitemaps, level + 1))
    while some := list(islice(works, CHUNK)):
        frontier.add(some)
        frontier.beat()
    return warnings


def sitemap_works(urls: tuple[str, ...], level: int) -> Iterator[Work]:
    """The units of work of those sitemaps that have an http address."""
    return (work_of(url, "sitemap", level) for url in urls if is_web_address(url))
