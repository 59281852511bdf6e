"""Other tools read the corpus as it is; each in a process of its own, since they warn of things that are none of ours."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow.dataset
import pytest

from pipelines.card import card_facts, write_card
from pipelines.funnel import Funnel
from pipelines.recipe import Recipe
from pipelines.shards import write_json
from pipelines.takedown import main as take_down
from tests.test_takedown import PAIRS, corpus_of, listed

DATASETS = """
import json, sys
from datasets import Image, load_dataset
pairs = load_dataset(sys.argv[1], data_files=json.loads(sys.argv[2]), split="train", cache_dir=sys.argv[3])
print(json.dumps([
    isinstance(pairs.features["image"], Image),
    sorted(zip(pairs["text"], [list(image.size) for image in pairs["image"]])),
    sorted(len(rivals) for rivals in pairs["rivals"]),
]))
"""
DUCKDB = """
import json, sys
import duckdb
found = duckdb.sql(
    f"select text, octet_length(image.bytes), len(rivals), rivals[1].page_url from '{sys.argv[1]}'"
    " where relevance > 0.5 and width >= 96 order by text"
).fetchall()
print(json.dumps(found))
"""


def read_by(script: str, *arguments: str) -> list[object]:
    command = [sys.executable, "-c", script, *arguments]
    offline = {**os.environ, "HF_HUB_OFFLINE": "1", "HF_HOME": arguments[-1]}
    said = subprocess.run(command, capture_output=True, text=True, check=True, env=offline).stdout
    return list(json.loads(said))


def test_hugging_face_datasets_shows_pictures(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    shards = json.dumps(str(corpus_of(tmp_path) / "*.parquet"))
    found = read_by(DATASETS, "parquet", shards, str(tmp_path / "cache"))
    assert found == [True, [[pair.text, [96, 96]] for pair in PAIRS], [0, 0, 0, 0, 0, 2]]


def test_it_shows_them_after_a_takedown_and_by_the_card_of_a_shared_corpus(tmp_path: Path) -> None:
    pytest.importorskip("datasets")
    corpus = corpus_of(tmp_path)
    assert take_down(["--corpus", str(corpus), "--hosts", listed(tmp_path, "h.txt", "d.example", "b.example")]) == 0
    write_json(tmp_path / "card.json", card_facts(Recipe(), []))
    write_card(tmp_path, corpus, corpus.name, Funnel(3, 3))
    shared = shutil.copytree(corpus, tmp_path / "shared")
    shutil.copy(tmp_path / "README.md", shared)
    found = read_by(DATASETS, str(shared), "null", str(tmp_path / "cache"))
    assert found == [True, [[PAIRS[index].text, [96, 96]] for index in (0, 3, 5)], [0, 0, 1]]


def test_duckdb_reads_columns_pictures_and_rivals(tmp_path: Path) -> None:
    pytest.importorskip("duckdb")
    found = read_by(DUCKDB, str(corpus_of(tmp_path) / "*.parquet"), str(tmp_path))
    first = [PAIRS[0].text, len(PAIRS[0].image), 2, "https://b.example/other"]
    assert found == [first, *([pair.text, len(pair.image), 0, None] for pair in PAIRS[1:])]


def test_arrow_reads_the_folder_and_skips_row_groups_by_their_statistics(tmp_path: Path) -> None:
    corpus = pyarrow.dataset.dataset(corpus_of(tmp_path))
    wanted = pyarrow.dataset.field("image_sha256") == PAIRS[2].image_sha256
    assert corpus.to_table(["text"], filter=wanted)["text"].to_pylist() == [PAIRS[2].text]
    groups = [group for part in corpus.get_fragments(wanted) for group in part.split_by_row_group(wanted)]
    assert len(groups) < 3
