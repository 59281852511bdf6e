"""The texts of web pages that say nothing of a training photo: real pages' from a crawl, and pages written by rule."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from crawler.items import TEXT_SOURCES, Text
from filters.text import TextFilter
from scoring.fitting.captioned_photos import PairsError
from scoring.fitting.web_texts import noise_text

# how often a page has a text of that source, and at most how many, on pages written by rule
PAGE_PLAN: Final = (
    ("alt", 0.7, 1),
    ("img_title", 0.1, 1),
    ("figcaption", 0.35, 1),
    ("title", 0.9, 2),
    ("description", 0.8, 2),
    ("heading", 0.4, 1),
    ("surrounding", 0.9, 8),
)
ORDER: Final = {source: place for place, source in enumerate(TEXT_SOURCES)}  # other sources come last
REPEATING: Final = frozenset({"alt", "title", "description", "heading"})
REPEATED_SHARE: Final = 0.4  # of these texts say what the page's title says


@dataclass(frozen=True, slots=True)
class PageTexts:
    """The cleaned texts of a page, in source order.

    Attributes:
        texts: as the corpus build would meet them.
        image_url: of its main image; "" on a page written by rule.
        page_url: its address; "" on a page written by rule.
    """

    texts: tuple[Text, ...]
    image_url: str = ""
    page_url: str = ""


def read_pages(path: Path) -> tuple[PageTexts, ...]:
    """The pages of a crawl: `path` is a candidate shard or a folder of them; only their texts and addresses are read.

    Raises:
        PairsError: there is no such file, or it holds no page texts.
    """
    shards = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    rows = [row for shard in shards for row in _rows(shard)]
    cleaning = TextFilter()
    pages = [
        PageTexts(cleaned_texts([Text(**text) for text in row["texts"]], cleaning), row["image_url"], row["page_url"])
        for row in rows
    ]
    found = tuple(page for page in pages if page.texts)
    if not found:
        raise PairsError(f"{path} holds no page with a usable text; give a crawl's candidate shards")
    return found


def page_by_rule(random: Random) -> PageTexts:
    """A page of sentences written by rule; as on real pages, its metadata often repeat its title."""
    title = noise_text(random)
    texts = []
    for source, share, most in PAGE_PLAN:
        if random.random() < share:
            for _ in range(random.randint(1, most)):
                repeats = source in REPEATING and random.random() < REPEATED_SHARE
                texts.append(Text(source, title if repeats else noise_text(random)))
    return PageTexts(tuple(dict.fromkeys(texts)) or (Text("title", title),))


def drawn_page(pages: Sequence[PageTexts], real_share: float, random: Random) -> PageTexts:
    """One of the real pages, or, in the other cases and where there are none, a page written by rule."""
    return random.choice(pages) if pages and random.random() < real_share else page_by_rule(random)


def _rows(shard: Path) -> Iterator[dict[str, Any]]:
    try:
        table = pq.read_table(shard, columns=["texts", "image_url", "page_url"])
    except FileNotFoundError:
        raise PairsError(f"{shard} does not exist; check the path") from None
    except (pa.ArrowInvalid, OSError) as error:
        raise PairsError(f"{shard} holds no page texts ({error}); give a crawl's candidate shards") from error
    yield from table.to_pylist()


def cleaned_texts(texts: Sequence[Text], cleaning: TextFilter) -> tuple[Text, ...]:
    """What the corpus build would score: cleaned, without repetition, in source order."""
    kept: dict[str, Text] = {}
    for raw in sorted(texts, key=lambda raw: ORDER.get(raw.source, len(ORDER))):
        cleaned = cleaning.clean(raw.text, raw.source)
        if cleaned.reason is None:
            kept.setdefault(cleaned.text, Text(raw.source, cleaned.text))
    return tuple(kept.values())
