"""The dataset card of a corpus: a README.md with the header that Hugging Face's hub reads, made from the build's own numbers."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import pyarrow.compute as pc
from jinja2 import Environment, StrictUndefined

from crawler.items import CANDIDATE_SCHEMA
from pipelines.funnel import Funnel
from pipelines.report import bars
from pipelines.schema import PAIR_SCHEMA, Pair, open_shard
from pipelines.shards import read_json, whole_file

if TYPE_CHECKING:  # it would load every model's library into a takedown, which has a card written too
    from pipelines.recipe import Recipe

LICENCES_SHOWN: Final = 20
ADDRESS_CHARACTERS: Final = 120
SAFE: Final = ":/?#@!$&'*+,;=%~"  # what may stand in an address and means nothing in Markdown's code or table
SIZES: Final = ("n<1K", "1K<n<10K", "10K<n<100K", "100K<n<1M", "1M<n<10M", "10M<n<100M", "100M<n<1B", "1B<n<10B")


def card_facts(recipe: "Recipe", candidates: Sequence[Path]) -> dict[str, Any]:
    """What the card says besides what the corpus and the funnel do, as JSON: kept, because it cannot be found again later.

    Args:
        recipe: that the corpus was made by.
        candidates: the shards that went in.
    """
    return {"recipe": dict(settings(recipe)), "opt_outs": dict(counted(candidates, "opt_outs"))}


def settings(recipe: "Recipe") -> Iterator[tuple[str, str]]:
    """Every threshold and choice of the recipe, with the names of files and never their folders."""
    for part in fields(recipe):
        value = getattr(recipe, part.name)
        if is_dataclass(value):
            yield from ((f"{part.name}.{field.name}", shown(getattr(value, field.name))) for field in fields(value))
        else:
            yield part.name, shown(value)


def shown(value: object) -> str:
    """A setting's value on one line."""
    if value is None:
        return "packaged"
    if isinstance(value, Path):
        return value.name
    if isinstance(value, tuple):  # blocklists, whose names may say what they hold
        return f"{len(value)} files"
    return re.sub(r"[|`\s]+", " ", str(value))


def counted(shards: Sequence[Path], column: str) -> Counter[str]:
    """How often each value stands in a column of candidates that holds lists."""
    counts: Counter[str] = Counter()
    for path in shards:
        with open_shard(path, CANDIDATE_SCHEMA) as shard:
            for batch in shard.iter_batches(columns=[column]):
                for entry in pc.value_counts(pc.list_flatten(batch[column])).to_pylist():
                    counts[entry["values"]] += entry["counts"]
    return counts


def licences(corpus: Path) -> list[tuple[str, int]]:
    """The licences that the pairs' pages point to, most frequent first, the rarer ones summed up, and how many name none."""
    counts: Counter[str | None] = Counter()
    for path in sorted(corpus.glob("*.parquet")):
        with open_shard(path, PAIR_SCHEMA) as shard:
            for batch in shard.iter_batches(columns=["license_url"]):
                counts.update(batch["license_url"].to_pylist())
    none = counts.pop(None, 0)
    ranked = sorted(((str(name), count) for name, count in counts.items()), key=lambda entry: (-entry[1], entry[0]))
    told = [(f"`{quote(name, SAFE)[:ADDRESS_CHARACTERS]}`", count) for name, count in ranked[:LICENCES_SHOWN]]
    if rest := ranked[LICENCES_SHOWN:]:
        told.append((f"{len(rest):,} others", sum(count for _, count in rest)))
    return [*told, ("not recorded", none)]


def columns() -> Iterator[tuple[str, str, str]]:
    """Name, Arrow type and meaning of the corpus's columns, out of the record that defines them."""
    meanings = dict(
        re.findall(r"^        (\w+): (.+?)(?=^        \w+: |\Z)", Pair.__doc__ or "", re.DOTALL | re.MULTILINE)
    )
    for field in PAIR_SCHEMA:
        kind = "list of rivals" if field.name == "rivals" else str(field.type)
        yield field.name, kind, " ".join(meanings.get(field.name, "").split()).replace("|", "")


def write_card(folder: Path, corpus: Path, name: str, funnel: Funnel) -> None:
    """Write `README.md` into the build folder; the same corpus gives the same bytes.

    It does not lie among the shards, because readers of Parquet take every file of a corpus's folder for one of them.

    Args:
        folder: the build folder, which holds `card.json`.
        corpus: the folder that holds the shards now.
        name: of the corpus.
        funnel: of the whole build.
    """
    facts = read_json(folder / "card.json")
    template = (files("pipelines") / "card.md.j2").read_text(encoding="utf-8")
    page = Environment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, undefined=StrictUndefined)
    text = page.from_string(template).render(
        name=name,
        size=SIZES[min(len(SIZES) - 1, max(0, len(str(funnel.pairs)) - 3))],
        funnel=funnel,
        bars=bars(funnel),
        licences=licences(corpus),
        recipe=facts.get("recipe", {}),
        opt_outs=sorted((shown(signal), count) for signal, count in facts.get("opt_outs", {}).items()),
        columns=list(columns()),
        version=(PAIR_SCHEMA.metadata or {})[b"lait.version"].decode(),
    )
    with whole_file(folder / "README.md") as draft:
        draft.write_text(text, encoding="utf-8")
