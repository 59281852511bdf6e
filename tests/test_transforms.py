import hashlib
import random
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import apache_beam as beam
import pyarrow.dataset
import pytest
from apache_beam.options.pipeline_options import PipelineOptions

from pipelines import transforms
from pipelines.aggregation import AggregationRules
from pipelines.analysis import made_from
from pipelines.assembly import part_marker, shard_index, shard_name
from pipelines.funnel import Funnel, total
from pipelines.plan import Plan
from pipelines.recipe import Recipe
from pipelines.schema import PAIR_SCHEMA, REJECT_SCHEMA, Pair
from pipelines.shards import Slice, read_json, write_json, write_parquet

DIGEST = "recipe"


def pair(number: int, text: str, relevance: float, phash: int) -> Pair:
    image = f"image {number}".encode()
    return Pair(
        image_sha256=hashlib.sha256(image).hexdigest(),
        image=image,
        image_phash=f"{phash:016x}",
        width=640,
        height=480,
        animated=False,
        text=text,
        text_source="alt",
        relevance=relevance,
        nsfw=0.0,
        natural=1.0,
        rivals=(),
        page_url=f"http://a/{number}",
        image_url=f"http://a/{number}.jpg",
        license_url=None,
        fetched_at="2026-01-01T00:00:00+00:00",
    )


def analysed(folder: Path, pairs: Sequence[Pair], pieces: int) -> list[Slice]:
    """Slices whose analysis is done: their files and markers lie in `folder`, so that no model is needed."""
    made = []
    for index in range(pieces):
        piece = Slice(f"/crawl/{index}.parquet", 0, 1, len(pairs[index::pieces]), str(index))
        rows = sorted(pairs[index::pieces], key=lambda one: one.image_sha256)
        path = folder / "analysed" / f"{piece.name}.parquet"
        write_parquet(path, (one.to_row() for one in rows), PAIR_SCHEMA, 3)
        funnel = Funnel(candidates=len(rows))
        write_parquet(folder / "rejects" / path.name, [], REJECT_SCHEMA, 1)
        write_json(path.with_suffix(".json"), {"made_from": made_from(piece, DIGEST), "funnel": funnel.to_json()})
        made.append(piece)
    return made


def build(folder: Path, pieces: list[Slice], shards: int, *flags: str) -> Funnel:
    """Run the graph; the funnel of the corpus's shards."""
    recipe = Recipe(aggregation=AggregationRules(near_distance=3, max_images_per_text=2))
    plan = Plan(pieces, shards, DIGEST, DIGEST, folder / "lait.parquet", folder)
    options = PipelineOptions(["--runner=FnApiRunner", *flags])
    with beam.Pipeline(options=options) as pipeline:
        transforms.build(pipeline, plan, recipe)
    return total(Funnel.from_json(read_json(part_marker(folder, part))["funnel"]) for part in plan.parts)


def corpus(folder: Path) -> list[Pair]:
    return [Pair.from_row(row) for row in pyarrow.dataset.dataset(folder / "corpus").to_table().to_pylist()]


HASHES = [random.Random(seed).getrandbits(64) for seed in range(20)]


def test_copies_merge_into_the_best_pair_and_shared_texts_go(tmp_path: Path) -> None:
    pairs = [
        pair(0, "A red boat", 0.9, HASHES[0]),
        pair(1, "A boat at sea", 0.8, HASHES[0] ^ 0b111),  # a near copy of 0
        pair(2, "Boats", 0.7, HASHES[0] ^ 0b111 ^ (0b111 << 60)),  # a near copy of 1, not of 0
        pair(3, "Photo of the day", 0.9, HASHES[3]),
        pair(4, "photo of the day!", 0.9, HASHES[4]),
        pair(5, "Photo of the day", 0.9, HASHES[5]),
        pair(6, "Two dogs", 0.6, HASHES[6]),
        pair(7, "Two dogs", 0.6, HASHES[7]),
    ]
    funnel = build(tmp_path, analysed(tmp_path, pairs, pieces=3), 4)
    assert funnel == Funnel(pairs=3, merged=2, rejects=funnel.rejects)
    assert funnel.rejects == {"aggregation/text_shared": 3}
    kept = {one.page_url: one for one in corpus(tmp_path)}
    assert sorted(kept) == ["http://a/0", "http://a/6", "http://a/7"]
    assert [(rival.text, rival.page_url) for rival in kept["http://a/0"].rivals] == [
        ("A boat at sea", "http://a/1"),
        ("Boats", "http://a/2"),
    ]
    assert kept["http://a/0"].image == b"image 0"


def test_every_reject_says_what_became_of_it(tmp_path: Path) -> None:
    pairs = [pair(0, "A red boat", 0.9, HASHES[0]), pair(1, "A boat", 0.8, HASHES[0])]
    build(tmp_path, analysed(tmp_path, pairs, pieces=1), 1)
    [row] = pyarrow.dataset.dataset(tmp_path / "rejects").to_table().to_pylist()
    assert (row["page_url"], row["stage"], row["reason"]) == ("http://a/1", "aggregation", "duplicate_image")
    assert row["detail"] == f"merged into {pairs[0].image_sha256} of http://a/0"


def test_an_image_that_goes_for_its_text_takes_its_copies_along(tmp_path: Path) -> None:
    pairs = [pair(number, "Photo of the day", 0.9, HASHES[number]) for number in range(3)]
    pairs.append(pair(3, "A boat", 0.8, HASHES[0]))
    funnel = build(tmp_path, analysed(tmp_path, pairs, pieces=1), 1)
    assert (funnel.pairs, funnel.merged, funnel.rejects) == (0, 0, {"aggregation/text_shared": 4})


def test_the_same_image_file_on_two_pages_is_one_pair(tmp_path: Path) -> None:
    first = pair(0, "A red boat", 0.5, HASHES[0])
    second = replace(first, page_url="http://b/0", text="A red boat at sea", relevance=0.75)
    assert build(tmp_path, analysed(tmp_path, [first, second], pieces=2), 1) == Funnel(pairs=1, merged=1)
    assert [one.text for one in corpus(tmp_path)] == ["A red boat at sea"]


def shard_bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (folder / "corpus").iterdir()}


@pytest.mark.parametrize("flags", [(), ("--direct_running_mode=multi_processing", "--direct_num_workers=2")])
def test_the_corpus_is_the_same_however_the_input_is_cut_and_run(tmp_path: Path, flags: tuple[str, ...]) -> None:
    pairs = [pair(number, f"Boat {number % 7}", 0.5, HASHES[number % 20]) for number in range(60)]
    build(tmp_path / "one", analysed(tmp_path / "one", pairs, pieces=1), 3)
    build(tmp_path / "other", analysed(tmp_path / "other", pairs[::-1], pieces=5), 3, *flags)
    assert shard_bytes(tmp_path / "one") == shard_bytes(tmp_path / "other")


def test_shards_concatenate_to_a_sorted_corpus_and_empty_ranges_are_written(tmp_path: Path) -> None:
    pairs = [pair(number, f"Boat {number}", 0.5, HASHES[number]) for number in range(5)]
    build(tmp_path, analysed(tmp_path, pairs, pieces=1), 16)
    assert sorted(shard_bytes(tmp_path)) == [shard_name(index, 16) for index in range(16)]
    hashes = [one.image_sha256 for one in corpus(tmp_path)]
    assert hashes == sorted(one.image_sha256 for one in pairs)


def test_finished_shards_are_not_written_again(tmp_path: Path) -> None:
    pieces = analysed(tmp_path, [pair(0, "A red boat", 0.9, HASHES[0])], pieces=1)
    build(tmp_path, pieces, 1)
    [before] = [path.stat().st_mtime_ns for path in (tmp_path / "corpus").iterdir()]
    build(tmp_path, pieces, 1)
    [after] = [path.stat().st_mtime_ns for path in (tmp_path / "corpus").iterdir()]
    assert before == after


def test_shard_ranges_are_equal_and_ordered() -> None:
    assert [shard_index(digest + "0" * 62, 4) for digest in ("00", "3f", "40", "80", "ff")] == [0, 0, 1, 2, 3]
