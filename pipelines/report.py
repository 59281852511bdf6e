"""What a person looks at after a build: a self-contained page with the funnel, kept pairs and rejects, and a few lines."""

import base64
import io
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from itertools import islice
from pathlib import Path

from jinja2 import Environment

from filters.image import decode
from pipelines.funnel import Funnel
from pipelines.schema import PAIR_SCHEMA, REJECT_SCHEMA, Pair, Reject, open_shard
from pipelines.shards import whole_file

PAIRS_SHOWN = 60
REJECTS_SHOWN = 8  # a reason
THUMBNAIL_SIDE = 256  # pixels


@dataclass(frozen=True, slots=True)
class Bar:
    """One line of the funnel.

    Attributes:
        stage: where it happened; empty for the first and last line.
        reason: the reason word, or what is counted.
        count: candidates.
        percent: of all candidates.
    """

    stage: str
    reason: str
    count: int
    percent: float


def write_report(path: Path, corpus: Path, rejects: Path, funnel: Funnel) -> None:
    """Write the page to `path`; it needs neither the network nor any other file."""
    pairs = list(islice(corpus_pairs(corpus), PAIRS_SHOWN))
    samples: dict[str, list[Reject]] = defaultdict(list)
    for verdict in reject_records(rejects):
        if verdict.page_url and len(samples[verdict.reason]) < REJECTS_SHOWN:  # a blocked one has nothing to show
            samples[verdict.reason].append(verdict)
    template = (files("pipelines") / "report.html.j2").read_text(encoding="utf-8")
    page = Environment(autoescape=True, trim_blocks=True, lstrip_blocks=True).from_string(template)
    shown = [(pair, thumbnail(pair.image)) for pair in pairs]
    with whole_file(path) as draft:
        draft.write_text(
            page.render(bars=bars(funnel), funnel=funnel, pairs=shown, rejects=dict(sorted(samples.items())))
        )


def bars(funnel: Funnel) -> list[Bar]:
    """The funnel from what went in to what came out."""
    lines = [("", "candidates", funnel.candidates), *funnel.drops()]
    if funnel.merged:
        lines.append(("aggregation", "duplicate_image", funnel.merged))
    if funnel.errors:
        lines.append(("error", "corrupt", funnel.errors))
    lines.append(("", "pairs", funnel.pairs))
    whole = max(1, funnel.candidates)
    return [Bar(stage, reason, count, 100 * count / whole) for stage, reason, count in lines]


def thumbnail(image: bytes) -> str:
    """The image as a small JPEG in a data: URL."""
    picture = decode(image, THUMBNAIL_SIDE)
    if isinstance(picture, str):
        return ""
    picture.thumbnail((2 * THUMBNAIL_SIDE, THUMBNAIL_SIDE))
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(file.getvalue()).decode()}"


def corpus_pairs(corpus: Path) -> Iterator[Pair]:
    """The corpus's pairs in order, a row group in memory at a time."""
    for path in sorted(corpus.glob("*.parquet")):
        with open_shard(path, PAIR_SCHEMA) as shard:
            for batch in shard.iter_batches(64):
                yield from map(Pair.from_row, batch.to_pylist())


def reject_records(rejects: Path) -> Iterator[Reject]:
    """All reject records of a build."""
    for path in sorted(rejects.glob("*.parquet")):
        with open_shard(path, REJECT_SCHEMA) as shard:
            for batch in shard.iter_batches():
                yield from (Reject(**row) for row in batch.to_pylist())


def sample_lines(corpus: Path, count: int) -> list[str]:
    """The corpus's first pairs, a line each."""
    return [
        f"  {pair.relevance:.2f}  {pair.width}x{pair.height}{' animated' if pair.animated else ''}  {pair.text_source}: {pair.text}"
        for pair in islice(corpus_pairs(corpus), count)
    ]
