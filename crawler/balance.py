"""The books in words: lines of a table, and the numbers of all runs, which add up."""

from crawler.frontier import Counts


def line(title: str, count: int, meaning: str = "") -> str:
    """A line of the summary."""
    return f"{title:<26}{count:>8,}" + (f"   {meaning}" if meaning else "")


def books(counts: Counts) -> dict[str, int]:
    """Pages over all runs; what a process had in hand when it ended is queued."""
    queued = counts.queued + counts.leased + counts.waiting
    return {
        "pages": counts.pages,
        "candidates": counts.done,
        "refused": counts.refused,
        "failed": counts.failed,
        "queued": queued,
    }


def balance(counts: Counts, unit: str = "pages") -> str:
    """One line on all runs; the numbers add up. A unit of work is called as given."""
    parts = (f"{number:,} {name}" for name, number in books(counts).items() if name != "pages")
    return f"all runs: {counts.pages:,} {unit} = {' + '.join(parts)}"
