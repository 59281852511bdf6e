"""The whole product on the demo site, as a user types it; what must come out is in examples/demo_site/truth.json."""

import json
import subprocess
import sys
from pathlib import Path
from statistics import fmean
from urllib.parse import urlsplit

import pyarrow.dataset
import pytest

from pipelines.funnel import Funnel
from pipelines.report import corpus_pairs, reject_records
from pipelines.shards import read_json

ROOT = Path(__file__).parent.parent
TRUTH = json.loads((ROOT / "examples" / "demo_site" / "truth.json").read_text())
SCRAPY = [sys.executable, "-m", "scrapy"]
BEAM = [sys.executable, "-m", "pipelines.run", "run", "pipelines/build_lait.py"]
PRETRAIN = [sys.executable, "-m", "training.pretrain"]


def run(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("demo")
    said = run(*SCRAPY, "crawl", "webpages", "-a", f"out={folder / 'crawl'}")
    assert "no seeds given: crawling the demo site" in said
    run(*BEAM, "--input", str(folder / "crawl"), "--output", str(folder / "lait.parquet"))
    return folder


def path(url: str) -> str:
    return urlsplit(url).path


def test_every_page_ends_as_the_truth_file_says(demo: Path) -> None:
    ended: dict[str, tuple[str, str | None]] = {}
    for row in pyarrow.dataset.dataset(demo / "crawl" / "refused").to_table().to_pylist():
        ended[path(row["page_url"])] = ("refused", row["reason"])
    for verdict in reject_records(demo / "lait.parquet.build" / "rejects"):
        outcome = "merged" if verdict.reason == "duplicate_image" else "reject"
        ended[path(verdict.page_url)] = (outcome, verdict.reason)
    for pair in corpus_pairs(demo / "lait.parquet"):
        ended[path(pair.page_url)] = ("pair", None)
    assert ended == {row["page"]: (row["outcome"], row["reason"]) for row in TRUTH}


def test_each_pair_is_the_right_picture_with_the_right_text(demo: Path) -> None:
    found = {path(pair.page_url): (path(pair.image_url), pair.text) for pair in corpus_pairs(demo / "lait.parquet")}
    assert found == {row["page"]: (row["image"], row["text"]) for row in TRUTH if row["outcome"] == "pair"}


def test_the_demo_meets_every_reason_a_candidate_can_be_dropped_for(demo: Path) -> None:
    funnel = Funnel.from_json(read_json(demo / "lait.parquet.build" / "counters.json"))
    met = {reason for _, reason, _ in funnel.drops()}
    assert met >= {row["reason"] for row in TRUTH if row["outcome"] == "reject"}
    assert funnel.candidates == len([row for row in TRUTH if row["outcome"] != "refused"])


def test_pretraining_on_the_demo_corpus_lowers_the_losses_and_leaves_a_checkpoint(demo: Path) -> None:
    out = demo / "checkpoint"
    run(*PRETRAIN, "--corpus", str(demo / "lait.parquet"), "--out", str(out), "--steps", "20", "--batch-size", "4")
    steps = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert len(steps) == 20
    mlm = [step["mlm_loss"] for step in steps if "mlm_loss" in step]
    assert fmean(mlm[-5:]) < fmean(mlm[:5])
    assert list(out.glob("step-*/model.safetensors"))
