from collections import Counter
from dataclasses import replace
from pathlib import Path

from huggingface_hub import DatasetCard

from filters.blocklist import BlocklistFilter
from filters.nsfw import NsfwFilter
from pipelines.card import card_facts, columns, write_card
from pipelines.funnel import Funnel
from pipelines.recipe import Recipe
from pipelines.schema import PAIR_SCHEMA
from pipelines.shards import write_json
from tests.test_build_lait import candidate, shard
from tests.test_takedown import PAIRS, corpus_of

BY = "https://creativecommons.org/licenses/by/4.0/"
FUNNEL = Funnel(10, 6, 1, 0, Counter({"size/too_small": 2, "blocklist/blocked": 1}))


def card(folder: Path, *opt_outs: tuple[str, ...]) -> str:
    licences = [BY, BY, "https://a.example/|x`<b>\n", None, None, None]
    pairs = [replace(pair, license_url=licence) for pair, licence in zip(PAIRS, licences, strict=True)]
    crawled = [replace(candidate("a", None), opt_outs=signals) for signals in opt_outs]
    recipe = Recipe(nsfw=NsfwFilter(threshold=0.25), blocklist=BlocklistFilter((folder / "secret-list.txt",)))
    shards = [shard(folder / "in.parquet", crawled)] if crawled else []
    write_json(folder / "card.json", card_facts(recipe, shards))
    write_card(folder, corpus_of(folder, pairs), "lait.parquet", FUNNEL)
    return (folder / "README.md").read_text()


def test_its_header_is_one_that_the_hub_takes(tmp_path: Path) -> None:
    header = DatasetCard(card(tmp_path)).data
    assert header["size_categories"] == ["n<1K"]
    assert header["configs"] == [{"config_name": "default", "data_files": "part-*.parquet"}]
    assert (header["license"], header["language"]) == ("other", ["en"])


def test_it_tells_the_funnel_the_thresholds_and_the_licences_and_what_is_not_recorded(tmp_path: Path) -> None:
    said = card(tmp_path).splitlines()
    assert "| size | too_small | 2 | 20.0 |" in said
    assert "| blocklist | blocked | 1 | 10.0 |" in said
    assert "|  | pairs | 6 | 60.0 |" in said
    assert "| `nsfw.threshold` | 0.25 |" in said
    assert "| `relevance.threshold` | 0.5 |" in said
    assert "| `blocklist.files` | 1 files |" in said
    start = said.index("| licence | pairs |")
    assert said[start + 2 : start + 5] == [
        f"| `{BY}` | 2 |",
        "| `https://a.example/%7Cx%60%3Cb%3E%0A` | 1 |",
        "| not recorded | 3 |",
    ]
    assert "not recorded with any candidate." in said


def test_opt_out_signals_are_counted(tmp_path: Path) -> None:
    said = card(tmp_path, ("robots:noai", "tdm-reservation"), (), ("robots:noai",)).splitlines()
    start = said.index("| signal | candidates |")
    assert said[start + 2 : start + 4] == ["| `robots:noai` | 2 |", "| `tdm-reservation` | 1 |"]


def test_it_describes_every_column() -> None:
    told = {name: meaning for name, _, meaning in columns()}
    assert list(told) == PAIR_SCHEMA.names
    assert all(told.values())
    assert told["animated"] == "the file has more pictures than the first, which alone was looked at."


def test_it_names_no_folder_and_comes_out_the_same_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    first, second = card(tmp_path / "a"), card(tmp_path / "b")
    assert first == second
    assert str(tmp_path) not in first
    assert "secret-list" not in first
