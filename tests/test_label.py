import hashlib
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from crawler.items import CANDIDATE_SCHEMA, Candidate, Text
from scoring import label
from scoring.fitting.label_server import LabelServer
from scoring.fitting.labels import Label, read_candidates, read_labels, write_labels
from tests.browser import chromium, opened

HOSTILE = "A dog <img src=x onerror=\"document.title='owned'\"> runs on the wet beach"


def jpeg(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (320, 240), colour).save(buffer, "JPEG")
    return buffer.getvalue()


def candidate(colour: str, *texts: Text) -> Candidate:
    image = jpeg(colour)
    return Candidate(
        page_url=f"https://example.org/{colour}",
        image_url=f"https://example.org/{colour}.jpg",
        image=image,
        image_sha256=hashlib.sha256(image).hexdigest(),
        mime="image/jpeg",
        width=320,
        height=240,
        texts=texts,
        main_image_score=1.0,
        main_image_signals=(),
        language="en",
        language_confidence=1.0,
        license_url=None,
        opt_outs=(),
        http_status=200,
        fetched_at="2026-01-02T03:04:05Z",
    )


RED = candidate("red", Text("title", "Ten dogs that run on beaches"), Text("alt", "A dog runs on the wet beach"))
BLUE = candidate("blue", Text("alt", "A blue kite flies over a field"))


def write_crawl(folder: Path, *candidates: Candidate) -> Path:
    folder.mkdir()
    rows = [known.to_row() for known in candidates]
    pq.write_table(pa.Table.from_pylist(rows, schema=CANDIDATE_SCHEMA), folder / "part-0.parquet")
    return folder


@pytest.fixture
def crawl(tmp_path: Path) -> Path:
    return write_crawl(tmp_path / "crawl", RED, BLUE)


@pytest.fixture
def server(crawl: Path, tmp_path: Path) -> Iterator[LabelServer]:
    with LabelServer(label.labelling(crawl, tmp_path / "labels.parquet", seed=0)) as running:
        thread = Thread(target=running.serve_forever)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def ask(server: LabelServer, path: str, body: object = None, **headers: str) -> HTTPResponse:
    address = urlsplit(server.address)
    connection = HTTPConnection(address.netloc, timeout=10)
    headers = {"Content-Type": "application/json", **{name.replace("_", "-"): value for name, value in headers.items()}}
    connection.request("GET" if body is None else "POST", path, None if body is None else json.dumps(body), headers)
    return connection.getresponse()


def state(server: LabelServer, path: str = "state", body: object = None) -> dict[str, Any]:
    answer = ask(server, urlsplit(server.address).path + path, body)
    assert answer.status == 200
    found: dict[str, Any] = json.load(answer)
    return found


def test_every_pair_is_asked_once_and_its_verdict_is_on_disk_at_once(server: LabelServer, tmp_path: Path) -> None:
    asked = []
    for done, verdict in enumerate(("relevant", "not_relevant", "skipped")):
        now = state(server)
        assert (now["done"], now["total"]) == (done, 3)
        asked.append((now["pair"]["source"], now["pair"]["text"]))
        state(server, "answer", {"number": now["pair"]["number"], "verdict": verdict})
        assert [known.verdict for known in read_labels(tmp_path / "labels.parquet")[0]][done:] == [verdict]
    assert sorted(asked) == sorted((text.source, text.text) for known in (RED, BLUE) for text in known.texts)
    assert state(server)["pair"] is None
    assert state(server)["counts"] == {"relevant": 1, "not_relevant": 1, "skipped": 1}


def test_undo_asks_the_last_pair_again(server: LabelServer) -> None:
    first = state(server)["pair"]
    state(server, "answer", {"number": first["number"], "verdict": "relevant"})
    assert state(server, "undo", {})["pair"] == first
    assert state(server, "undo", {})["done"] == 0  # nothing left to take back


def test_labelling_goes_on_where_it_stopped(crawl: Path, server: LabelServer, tmp_path: Path) -> None:
    first = state(server)["pair"]
    after = state(server, "answer", {"number": first["number"], "verdict": "relevant"})
    again = label.labelling(crawl, tmp_path / "labels.parquet", seed=0)
    assert again.state() == after


def test_a_second_verdict_on_a_pair_replaces_the_first(server: LabelServer) -> None:
    for verdict in ("relevant", "not_relevant"):
        now = state(server, "answer", {"number": 0, "verdict": verdict})
    assert now["counts"] == {"relevant": 0, "not_relevant": 1, "skipped": 0}


def test_the_picture_is_encoded_anew_and_no_bytes_of_the_crawl_are_passed_on(server: LabelServer) -> None:
    answer = ask(server, urlsplit(server.address).path + "image/0")
    shown = answer.read()
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert Image.open(io.BytesIO(shown)).size == (320, 240)
    assert shown not in (RED.image, BLUE.image)


@pytest.mark.parametrize("path", ["/", "/state", "/guess/state", "/guess/image/0", "//state"])
def test_without_the_secret_there_is_nothing(server: LabelServer, path: str) -> None:
    assert ask(server, path).status == 404


@pytest.mark.parametrize(
    "headers",
    [{"Host": "evil.example"}, {"Origin": "https://evil.example"}, {"Content_Type": "text/plain"}],
    ids=["another name", "another page", "a form"],
)
def test_a_request_from_elsewhere_changes_nothing_even_with_the_secret(
    server: LabelServer, headers: dict[str, str]
) -> None:
    path = urlsplit(server.address).path
    assert ask(server, path + "answer", {"number": 0, "verdict": "relevant"}, **headers).status == 404
    assert state(server)["done"] == 0


@pytest.mark.parametrize(
    "body", [{"number": 99, "verdict": "relevant"}, {"number": 0, "verdict": "maybe"}, {"number": None}, [], "x"]
)
def test_an_impossible_answer_is_refused_and_changes_nothing(server: LabelServer, body: object) -> None:
    assert ask(server, urlsplit(server.address).path + "answer", body).status == 400
    assert state(server)["done"] == 0


def test_an_endless_request_is_refused(server: LabelServer) -> None:
    path = urlsplit(server.address).path + "answer"
    assert ask(server, path, {"number": 0, "verdict": "x" * 20_000}).status == 413
    assert ask(server, path, {}, Content_Length="-1").status == 413


def test_only_this_computer_is_served(server: LabelServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    assert server.address.startswith("http://127.0.0.1:")
    assert len(server.secret) == 32


def test_labels_survive_their_file(tmp_path: Path) -> None:
    labels = [Label("ab", "alt", "a dog runs", "relevant"), Label("cd", "title", "news of today", "skipped")]
    write_labels(tmp_path / "labels.parquet", labels, tmp_path)
    assert read_labels(tmp_path / "labels.parquet") == (labels, tmp_path.resolve())
    assert [path.name for path in tmp_path.iterdir()] == ["labels.parquet"]


def test_candidates_without_an_image_or_a_usable_text_are_not_asked(tmp_path: Path) -> None:
    bare = replace(RED, image=None, image_sha256=None)
    wordless = candidate("green", Text("alt", "DSC_0001.JPG"))
    pages = read_candidates(write_crawl(tmp_path / "crawl", bare, wordless, BLUE, BLUE))
    assert [page.image_url for page in pages] == ["https://example.org/blue.jpg"]
    assert pages[0].image() == BLUE.image


@pytest.mark.parametrize("content", [None, b"PAR1", "other"])
def test_unusable_candidates_end_in_one_line(
    content: bytes | str | None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "part-0.parquet"
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content is not None:
        pq.write_table(pa.table({"x": [1]}), path)
    assert label.main([str(path)]) == 1
    assert str(path) in capsys.readouterr().err.strip().splitlines()[-1]


def test_labels_of_something_else_are_not_overwritten(
    crawl: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "labels.parquet"
    pq.write_table(pa.table({"x": [1]}), path)
    assert label.main([str(crawl), "--labels", str(path)]) == 1
    assert "holds no labels" in capsys.readouterr().err


@pytest.mark.skipif(chromium() is None, reason="there is no Chromium")
def test_in_a_browser_the_keyboard_judges_and_a_hostile_text_stays_text(server: LabelServer, tmp_path: Path) -> None:
    pairs = server.labelling.pairs
    pairs[0] = (pairs[0][0], Text("alt", HOSTILE))  # as if no cleaning had met it
    with opened(server.address, tmp_path / "profile") as tab:
        seen = {}
        for key, done in (("y", 1), ("n", 2), (" ", 3)):
            tab.wait_for("document.getElementById('image').naturalWidth", 320)
            seen[tab.read("document.getElementById('text').textContent")] = key
            tab.press(key)
            tab.wait_for("document.getElementById('progress').value", done)
        tab.wait_for("document.getElementById('finished').hidden", False)
        tab.press("u")
        tab.wait_for("document.getElementById('progress').value", 2)
        assert HOSTILE in seen
        assert tab.read("document.title") == "Does the text describe the image?"
    verdicts = {"y": "relevant", "n": "not_relevant"}
    given = {known.text: known.verdict for known in read_labels(tmp_path / "labels.parquet")[0]}
    assert given == {text: verdicts[key] for text, key in seen.items() if key != " "}
