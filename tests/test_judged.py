import hashlib
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from crawler.items import CANDIDATE_SCHEMA, Candidate, Text
from scoring import fit
from scoring.features import FEATURES
from scoring.fitting.embedding_cache import EmbeddingCache
from scoring.fitting.judged import JudgedPairs, judged_pairs, read_judged
from scoring.fitting.labels import Label, LabelsError, write_labels
from scoring.fitting.page_texts import PageTexts, read_pages
from scoring.relevance import RelevanceModel
from tests.test_label import candidate

CAPTION = Text("alt", "A red kite flies over a field")
HEADLINE = Text("title", "Ten ways to fly a kite")
UNJUDGED = Text("surrounding", "Two children run across the grass below it")
CANDIDATES = [candidate(colour, HEADLINE, CAPTION, UNJUDGED) for colour in ("red", "blue", "green", "gold")]


def written(folder: Path, candidates: list[Candidate]) -> Path:
    folder.mkdir()
    rows = [known.to_row() for known in candidates]
    pq.write_table(pa.Table.from_pylist(rows, schema=CANDIDATE_SCHEMA), folder / "part-0.parquet")
    return folder


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    crawl = written(tmp_path / "crawl", CANDIDATES)
    judged = [
        Label(known.image_sha256 or "", text.source, text.text, verdict)
        for known in CANDIDATES
        for text, verdict in ((CAPTION, "relevant"), (HEADLINE, "not_relevant"))
    ]
    judged[-1] = Label(judged[-1].image_sha256, "title", HEADLINE.text, "skipped")
    write_labels(tmp_path / "labels.parquet", judged, crawl)
    return tmp_path / "labels.parquet"


def test_labelled_texts_are_rows_among_all_rivals_of_their_page(labels: Path) -> None:
    own = judged_pairs(read_judged(labels, None), RelevanceModel().parts.matchers, EmbeddingCache(None))
    assert own.labels.tolist() == [1, 0, 1, 0, 1, 0, 1]  # alt before title; the skipped one is left out
    assert own.features[:, FEATURES.index("rivals")].tolist() == [2] * 7  # the unjudged text is a rival all the same
    assert own.features[:, FEATURES.index("width")].tolist() == [320] * 7


def test_an_image_is_fitted_on_calibrated_on_or_measured_on_never_two_of_them(labels: Path) -> None:
    own = judged_pairs(read_judged(labels, None), RelevanceModel().parts.matchers, EmbeddingCache(None))
    parts = [own.part[rows].tolist() for rows in ([0, 1], [2, 3], [4, 5])]
    assert all(first == second for first, second in parts)
    assert set(own.part.tolist()) <= {"fit", "calibrate", "measure"}


def test_the_parts_are_taken_by_their_name() -> None:
    pairs = JudgedPairs(np.eye(3, dtype=np.float32), np.array([1, 0, 1]), np.array(["fit", "measure", "fit"]))
    features, kept = pairs.of("fit")
    assert (features.tolist(), kept.tolist()) == ([[1, 0, 0], [0, 0, 1]], [1, 1])


def test_a_crawl_that_has_moved_is_named(labels: Path, tmp_path: Path) -> None:
    (tmp_path / "crawl").rename(tmp_path / "moved")
    with pytest.raises(LabelsError, match="crawl"):
        read_judged(labels, None)
    assert len(read_judged(labels, tmp_path / "moved").pages) == 4


def test_another_crawl_has_none_of_the_pairs(labels: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    other = written(tmp_path / "other", [candidate("black", CAPTION)])
    arguments = ["--pairs", "none", "--out", str(tmp_path / "o"), "--labels", str(labels), "--candidates", str(other)]
    assert fit.main(arguments) == 1
    assert "name their crawl: --candidates" in capsys.readouterr().err


def test_pages_of_a_crawl_are_their_cleaned_texts_and_addresses(tmp_path: Path) -> None:
    assert hashlib.sha256(CANDIDATES[0].image or b"").hexdigest() == CANDIDATES[0].image_sha256
    (page,) = read_pages(written(tmp_path / "crawl", [candidate("red", HEADLINE, CAPTION, Text("alt", "DSC_1.JPG"))]))
    assert page == PageTexts((CAPTION, HEADLINE), "https://example.org/red.jpg", "https://example.org/red")


@pytest.mark.parametrize("content", [None, b"PAR1"])
def test_unusable_negatives_end_in_one_line(
    content: bytes | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pages.parquet"
    if content is not None:
        path.write_bytes(content)
    assert fit.main(["--pairs", "none", "--out", str(tmp_path), "--negatives", str(path)]) == 1
    assert str(path) in capsys.readouterr().err.strip().splitlines()[-1]
