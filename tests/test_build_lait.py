import fcntl
import hashlib
import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from PIL import Image, ImageDraw

from crawler.items import CANDIDATE_SCHEMA, Candidate, Text
from filters.image import decode
from filters.pdq import pdq_hashes
from pipelines.build_lait import main
from pipelines.digests import deciding
from pipelines.report import corpus_pairs, reject_records
from pipelines.schema import Pair
from pipelines.shards import read_json
from scoring.relevance import RelevanceModel
from tests.tiny_onnx import write_channel_means

ONE_PROCESS = ["--direct_num_workers=1"]


def jpeg(picture: Image.Image) -> bytes:
    file = io.BytesIO()
    picture.convert("RGB").save(file, "JPEG", quality=90)
    return file.getvalue()


def photograph(name: str) -> Image.Image:
    package, file = name.split("/")
    with Image.open(str(files(package) / file)) as picture:
        return picture.convert("RGB")


def chart() -> Image.Image:
    picture = Image.new("RGB", (640, 480), "white")
    draw = ImageDraw.Draw(picture)
    for index, height in enumerate((120, 300, 220, 90)):
        draw.rectangle((80 + 130 * index, 440 - height, 160 + 130 * index, 440), fill="#1f77b4")
    draw.line((40, 440, 620, 440), fill="black", width=3)
    return picture


def candidate(page: str, image: bytes | None, *texts: str) -> Candidate:
    return Candidate(
        page_url=f"http://a/{page}",
        image_url=f"http://a/{page}.jpg",
        image=image,
        image_sha256=hashlib.sha256(image).hexdigest() if image else None,
        mime=None,
        width=None,
        height=None,
        texts=tuple(Text("alt", text) for text in texts),
        main_image_score=1.0,
        main_image_signals=(),
        language="en",
        language_confidence=1.0,
        license_url=None,
        opt_outs=(),
        http_status=200,
        fetched_at="2026-01-01T00:00:00+00:00",
    )


def candidates() -> list[Candidate]:
    astronaut = photograph("skimage.data/astronaut.png")
    rocket = photograph("skimage.data/rocket.jpg")
    return [
        candidate("astronaut", jpeg(astronaut), "A smiling woman sits with her helmet in front of a flag"),
        candidate(
            "rocket",
            jpeg(rocket),
            "A white rocket stands on its launch pad between tall towers under a dark blue night sky",
        ),
        candidate("copy", jpeg(rocket.resize((512, 342))), "A rocket stands on the launch pad at night"),
        candidate("small", jpeg(astronaut.resize((300, 400))), "A smiling woman sits with her helmet"),
        candidate("cut", jpeg(astronaut)[:9000], "A smiling woman sits with her helmet"),
        candidate("chart", jpeg(chart()), "A bar chart with four blue bars on white"),
        candidate("wordless", jpeg(photograph("skimage.data/coffee.png"))),
        candidate("elsewhere", jpeg(photograph("skimage.data/coffee.png")), "Two horses gallop over a snowy field"),
        candidate("unfetched", None, "A smiling woman sits with her helmet"),
    ]


def shard(path: Path, rows: list[Candidate]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist([row.to_row() for row in rows], schema=CANDIDATE_SCHEMA), path)
    return path


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("build")
    shard(folder / "crawl" / "candidates" / "a.parquet", candidates())
    assert main(["--input", str(folder / "crawl"), "--output", str(folder / "lait.parquet"), *ONE_PROCESS]) == 0
    return folder


def test_each_candidate_ends_where_it_should(built: Path) -> None:
    ended = {
        row.page_url.removeprefix("http://a/"): row.reason
        for row in reject_records(built / "lait.parquet.build/rejects")
    }
    kept = {pair.page_url.removeprefix("http://a/"): pair.text for pair in corpus_pairs(built / "lait.parquet")}
    assert ended == {
        "copy": "duplicate_image",
        "small": "too_small",
        "cut": "undecodable",
        "chart": "unnatural",
        "wordless": "no_text",
        "elsewhere": "irrelevant",
        "unfetched": "no_image",
    }
    assert kept == {
        "astronaut": "A smiling woman sits with her helmet in front of a flag",
        "rocket": "A white rocket stands on its launch pad between tall towers under a dark blue night sky",
    }


def test_a_pair_holds_the_file_as_served_and_its_rivals(built: Path) -> None:
    [pair] = [pair for pair in corpus_pairs(built / "lait.parquet") if pair.page_url == "http://a/rocket"]
    assert pair.image == candidates()[1].image
    assert (pair.width, pair.height) == (640, 427)
    assert [rival.text for rival in pair.rivals] == ["A rocket stands on the launch pad at night"]
    assert 0.6 <= pair.relevance <= 1.0


def test_the_corpus_reads_as_one_dataset_with_its_version(built: Path) -> None:
    table = pyarrow.dataset.dataset(built / "lait.parquet").to_table()
    assert table.schema.metadata[b"lait.schema"] == b"pair"
    assert Pair.from_row(table.to_pylist()[0]).image_sha256 == table["image_sha256"][0].as_py()


def test_the_counters_add_up(built: Path) -> None:
    counters = read_json(built / "lait.parquet.build" / "counters.json")
    assert (counters["candidates"], counters["pairs"], counters["merged"], counters["errors"]) == (9, 2, 1, 0)
    assert sum(counters["rejects"].values()) == 6


def test_the_report_shows_pairs_and_reasons_without_the_network(built: Path) -> None:
    page = (built / "lait.parquet.build" / "report.html").read_text()
    assert "A white rocket stands on its launch pad between tall towers under a dark blue night sky" in page
    assert "<h3>irrelevant</h3>" in page
    assert 'src="http' not in page
    assert page.count("data:image/jpeg;base64,") == 2


def test_a_rerun_finds_nothing_to_do(built: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in built.rglob("*")}
    assert main(["--input", str(built / "crawl"), "--output", str(built / "lait.parquet"), *ONE_PROCESS]) == 0
    assert "is up to date" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in built.rglob("*")} == before


def test_bytes_that_do_not_match_their_digest_are_counted_as_errors(tmp_path: Path) -> None:
    row = candidate(
        "a",
        jpeg(photograph("skimage.data/rocket.jpg")),
        "A white rocket stands on its launch pad between tall towers under a dark blue night sky",
    )
    lie = Candidate.from_row({**row.to_row(), "image_sha256": "0" * 64})
    shard(tmp_path / "in.parquet", [lie])
    assert main(["--input", str(tmp_path / "in.parquet"), "--output", str(tmp_path / "out.parquet"), *ONE_PROCESS]) == 0
    counters = read_json(tmp_path / "out.parquet.build" / "counters.json")
    assert counters == {"candidates": 1, "pairs": 0, "merged": 0, "errors": 1, "rejects": {}}
    assert list(corpus_pairs(tmp_path / "out.parquet")) == []


def test_a_shard_that_goes_away_leaves_no_trace(tmp_path: Path) -> None:
    first, second = candidates()[:2]
    shard(tmp_path / "in" / "a.parquet", [first])
    gone = shard(tmp_path / "in" / "b.parquet", [second])
    arguments = ["--input", str(tmp_path / "in"), "--output", str(tmp_path / "out.parquet"), *ONE_PROCESS]
    assert main(arguments) == 0
    assert len(list(corpus_pairs(tmp_path / "out.parquet"))) == 2
    gone.unlink()
    assert main(arguments) == 0
    assert [pair.page_url for pair in corpus_pairs(tmp_path / "out.parquet")] == ["http://a/astronaut"]
    assert len(list((tmp_path / "out.parquet.build" / "analysed").glob("*.parquet"))) == 1


def test_a_source_of_text_that_is_new_to_us_is_taken_like_any_other(tmp_path: Path) -> None:
    row = candidates()[1]
    odd = replace(row, texts=(Text("aria_label", row.texts[0].text),))
    shard(tmp_path / "in.parquet", [odd])
    assert main(["--input", str(tmp_path / "in.parquet"), "--output", str(tmp_path / "out.parquet"), *ONE_PROCESS]) == 0
    assert [pair.text_source for pair in corpus_pairs(tmp_path / "out.parquet")] == ["aria_label"]


def test_a_shard_without_a_row_makes_an_empty_corpus(tmp_path: Path) -> None:
    pq.ParquetWriter(tmp_path / "in.parquet", CANDIDATE_SCHEMA).close()
    assert main(["--input", str(tmp_path / "in.parquet"), "--output", str(tmp_path / "out.parquet"), *ONE_PROCESS]) == 0
    assert pyarrow.dataset.dataset(tmp_path / "out.parquet").count_rows() == 0


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main([*arguments, *ONE_PROCESS]) == 2
    said = [line for line in capsys.readouterr().err.splitlines() if line and not line.startswith("analyse:")]
    assert len(said) == 1
    assert said[0].startswith("error: ")
    return said[0]


def test_bad_input_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = ["--output", str(tmp_path / "out.parquet")]
    assert "does not exist" in refused(capsys, "--input", str(tmp_path / "nowhere"), *output)
    (tmp_path / "empty").mkdir()
    assert "holds no candidate shards" in refused(capsys, "--input", str(tmp_path / "empty"), *output)
    pq.write_table(pa.table({"city": ["Oslo"]}), tmp_path / "cities.parquet")
    assert "holds no candidate rows" in refused(capsys, "--input", str(tmp_path / "cities.parquet"), *output)
    cut = shard(tmp_path / "cut.parquet", candidates())
    cut.write_bytes(cut.read_bytes()[:-50])
    assert "is not a whole Parquet file" in refused(capsys, "--input", str(cut), *output)
    assert not (tmp_path / "out.parquet").exists()


def test_bad_output_and_recipe_are_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = str(shard(tmp_path / "in.parquet", candidates()))
    assert "is a file" in refused(capsys, "--input", source, "--output", source)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    assert "not made by this command" in refused(capsys, "--input", source, "--output", str(tmp_path / "mine"))
    (tmp_path / "mine.build").mkdir()
    assert "holds thesis.txt" in refused(capsys, "--input", source, "--output", str(tmp_path / "mine"))
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"
    assert "cannot write to" in refused(capsys, "--input", source, "--output", f"{source}/corpus")
    assert "MODULE:NAME" in refused(capsys, "--input", source, "--recipe", "nowhere:RECIPE")
    assert "not a pipelines.recipe.Recipe" in refused(capsys, "--input", source, "--recipe", "json:dumps")
    output = ["--output", str(tmp_path / "out.parquet")]
    assert "unknown option --imput" in refused(capsys, "--input", source, *output, "--imput", source)
    assert "what is 'crawl' for?" in refused(capsys, "--input", source, *output, "crawl")


def test_a_recipe_whose_model_is_missing_or_damaged_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    source = str(shard(tmp_path / "in.parquet", candidates()[:1]))
    (tmp_path / "model_recipes.py").write_text(
        "from pathlib import Path\nfrom filters.text import TextFilter\nfrom pipelines.recipe import Recipe\n"
        f"NO_TEXT_MODEL = Recipe(text=TextFilter(model=Path({str(tmp_path / 'none.npz')!r})))\n"
        f"NOT_TEXT_MODEL = Recipe(text=TextFilter(model=Path({source!r})))\n"
        f"MISSING = Recipe(natural_model=Path({str(tmp_path / 'none.npz')!r}))\n"
        f"DAMAGED = Recipe(natural_model=Path({source!r}))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    arguments = ["--input", source, "--output", str(tmp_path / "out.parquet"), "--recipe"]
    assert "none.npz, which does not exist" in refused(capsys, *arguments, "model_recipes:MISSING")
    assert "in.parquet" in refused(capsys, *arguments, "model_recipes:DAMAGED")
    assert "none.npz, which does not exist" in refused(capsys, *arguments, "model_recipes:NO_TEXT_MODEL")
    assert "is no text model" in refused(capsys, *arguments, "model_recipes:NOT_TEXT_MODEL")


def everything_in(folder: Path) -> str:
    """All that the files below a folder say."""
    said = [path.read_text() for path in folder.rglob("*") if path.suffix in {".json", ".html"}]
    return "".join(said + [str(pq.read_table(path).to_pylist()) for path in folder.rglob("*.parquet")])


def pdq(image: Image.Image) -> str:
    picture = decode(jpeg(image))
    assert isinstance(picture, Image.Image)
    return bytes(pdq_hashes(picture)[0][0].astype(">u2")).hex()


def test_what_a_blocklist_names_leaves_no_trace_but_its_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = candidates()
    shard(tmp_path / "in" / "a.parquet", rows)
    corpus = tmp_path / "made" / "out.parquet"
    arguments = ["--input", str(tmp_path / "in"), "--output", str(corpus), *ONE_PROCESS]
    assert main(arguments) == 0
    assert "http://a/chart" in everything_in(tmp_path / "made")

    lists = [tmp_path / "takedowns.txt", tmp_path / "hashes.txt"]
    lists[0].write_text(f"http://a/chart  # of an owner\n{hashlib.sha256(rows[1].image or b'').hexdigest()}\n")
    # of the astronaut as it is, which the small copy is too, and would be dropped for its size and written down
    lists[1].write_text(f"pdq:{pdq(photograph('skimage.data/astronaut.png'))}\n")
    arguments += [f"--blocklist={path}" for path in lists]
    capsys.readouterr()
    assert main(arguments) == 0
    said = capsys.readouterr()

    counters = read_json(tmp_path / "made" / "out.parquet.build" / "counters.json")
    assert counters["rejects"].pop("blocklist/blocked") == 4
    assert counters["rejects"] == {
        "image/no_image": 1,
        "image/undecodable": 1,
        "relevance/irrelevant": 1,
        "text/no_text": 1,
    }
    assert (counters["candidates"], counters["pairs"], counters["merged"], counters["errors"]) == (9, 1, 0, 0)
    left = everything_in(tmp_path / "made") + said.out + said.err
    for row in (rows[0], rows[1], rows[3], rows[5]):
        assert f"{row.page_url}'" not in left
        assert f"{row.image_url}'" not in left
        assert str(row.image_sha256) not in left
    assert "blocklist" in said.out

    assert main(arguments) == 0
    assert "is up to date" in capsys.readouterr().out
    lists[0].write_text("http://a/chart\n")
    assert main(arguments) == 0
    assert [pair.page_url for pair in corpus_pairs(corpus)] == ["http://a/rocket"]


def test_a_blocklist_that_cannot_be_read_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = str(shard(tmp_path / "in.parquet", candidates()[:1]))
    arguments = ["--input", source, "--output", str(tmp_path / "out.parquet"), "--blocklist"]
    assert "none.txt, which does not exist" in refused(capsys, *arguments, str(tmp_path / "none.txt"))
    (tmp_path / "list.txt").write_text("md5:123\n")
    assert "list.txt, line 1: md5 takes 32 hex digits" in refused(capsys, *arguments, str(tmp_path / "list.txt"))


def test_another_nsfw_model_decides_and_its_files_are_part_of_the_build(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = str(shard(tmp_path / "in.parquet", candidates()[:2]))
    model = write_channel_means(tmp_path / "means.onnx")  # its score is the mean of red: .46 of one, .12 of the other
    arguments = ["--input", source, "--output", str(tmp_path / "out.parquet"), *ONE_PROCESS]
    assert "lacks its description" in refused(capsys, *arguments, f"--nsfw-model={model}")
    model.with_suffix(".json").write_text('{"classes": [0], "scale": [127, 255, 255]}')
    assert main([*arguments, f"--nsfw-model={model}"]) == 0
    assert [pair.page_url for pair in corpus_pairs(tmp_path / "out.parquet")] == ["http://a/rocket"]
    assert [row.reason for row in reject_records(tmp_path / "out.parquet.build/rejects")] == ["nsfw"]
    model.with_suffix(".json").write_text('{"classes": [0], "scale": [510, 510, 510]}')
    assert main([*arguments, f"--nsfw-model={model}"]) == 0
    assert len(list(corpus_pairs(tmp_path / "out.parquet"))) == 2
    assert "no.pt, which does not exist" in refused(capsys, *arguments, f"--nsfw-model=ViT-B-32={tmp_path}/no.pt")


def test_another_open_clip_model_needs_a_relevance_model_that_was_fitted_with_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = str(shard(tmp_path / "in.parquet", candidates()[:1]))
    arguments = ["--input", source, "--output", str(tmp_path / "out.parquet"), *ONE_PROCESS]
    assert "--clip-weights openai is of no model; name it: --clip MODEL" in refused(
        capsys, *arguments, "--clip-weights=openai"
    )
    assert "ViT-B-32 needs weights" in refused(capsys, *arguments, "--clip=ViT-B-32")
    assert "none, which does not exist; check the path" in refused(
        capsys, *arguments, f"--relevance-model={tmp_path}/none"
    )
    without = tmp_path / "without"
    without.mkdir()
    packaged = RelevanceModel().parts
    replace(packaged, matchers=replace(packaged.matchers, joint="")).save(without)
    line = refused(capsys, *arguments, f"--relevance-model={without}", "--clip=lait")
    assert "was fitted with the joint encoder none, not with lait" in line
    assert "fit a relevance model with that: python -m scoring.fit --clip lait" in line


def test_the_open_clip_models_files_are_part_of_a_builds_fingerprint() -> None:
    names = {path.name for path in deciding(Path(str(files("scoring"))))}
    assert {"changes.safetensors", "open_clip_config.json", "relevance.npz", "relevance.txt"} <= names
    assert not {"fit.py", "fit_clip.py", "folds.py", "clip.md"} & names


def test_two_builds_into_one_corpus_do_not_meet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = str(shard(tmp_path / "in.parquet", candidates()[:1]))
    (tmp_path / "out.parquet.build").mkdir()
    with (tmp_path / "out.parquet.build" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        said = refused(capsys, "--input", source, "--output", str(tmp_path / "out.parquet"))
    assert "another build is writing" in said


def test_damage_inside_a_shard_ends_in_one_clear_line_and_keeps_the_finished_slices(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shard(tmp_path / "in" / "a.parquet", candidates()[:1])
    holed = shard(tmp_path / "in" / "b.parquet", candidates())
    data = bytearray(holed.read_bytes())
    data[4 : len(data) // 2] = bytes(len(data) // 2 - 4)
    holed.write_bytes(data)
    said = refused(capsys, "--input", str(tmp_path / "in"), "--output", str(tmp_path / "out.parquet"))
    assert f"{holed} is damaged inside" in said
    holed.unlink()
    assert main(["--input", str(tmp_path / "in"), "--output", str(tmp_path / "out.parquet"), *ONE_PROCESS]) == 0


def started(*arguments: str) -> subprocess.Popen[str]:
    """A build with a worker a core, in a process group of its own."""
    command = [sys.executable, "-m", "pipelines.run", "run", "pipelines/build_lait.py", *arguments]
    root = Path(__file__).parent.parent
    return subprocess.Popen(
        command, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def wait_until(happened: Callable[[], bool], running: subprocess.Popen[str]) -> None:
    while not happened():
        assert running.poll() is None
        time.sleep(0.02)


def corpus_bytes(corpus: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in corpus.iterdir()}


def test_stopped_or_killed_half_way_and_started_again_it_gives_the_same_bytes_as_one_run(tmp_path: Path) -> None:
    for index, row in enumerate(candidates()):
        shard(tmp_path / "crawl" / f"{index}.parquet", [row])
    arguments = ["--input", str(tmp_path / "crawl"), "--output", str(tmp_path / "lait.parquet")]
    markers = tmp_path / "lait.parquet.build" / "analysed"
    for ending, status in ((signal.SIGINT, 130), (signal.SIGKILL, -signal.SIGKILL)):
        before = len(list(markers.glob("*.json")))
        running = started(*arguments)
        wait_until(lambda before=before: len(list(markers.glob("*.json"))) > before, running)  # type: ignore[misc]
        os.killpg(running.pid, ending)
        _, said = running.communicate()
        assert running.returncode == status
        assert said.endswith("goes on from the slices that are finished\n") == (status == 130)
        assert not (tmp_path / "lait.parquet").exists()
    finished = {path: path.stat().st_mtime_ns for path in markers.glob("*.json")}
    assert main([*arguments, *ONE_PROCESS]) == 0
    assert {path: path.stat().st_mtime_ns for path in finished} == finished
    assert main(["--input", str(tmp_path / "crawl"), "--output", str(tmp_path / "one.parquet"), *ONE_PROCESS]) == 0
    assert corpus_bytes(tmp_path / "lait.parquet") == corpus_bytes(tmp_path / "one.parquet")


def test_a_build_by_another_recipe_killed_in_between_leaves_nothing_stale(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shard(tmp_path / "in.parquet", candidates())
    arguments = ["--input", str(tmp_path / "in.parquet"), "--output", str(tmp_path / "lait.parquet")]
    assert main([*arguments, *ONE_PROCESS]) == 0
    before = corpus_bytes(tmp_path / "lait.parquet")
    (tmp_path / "strict.py").write_text(
        "from pipelines.recipe import Recipe, SizeFilter\nRECIPE = Recipe(size=SizeFilter(min_side=500))\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    running = started(*arguments, "--recipe", "strict:RECIPE")
    [marker] = (tmp_path / "lait.parquet.build" / "analysed").glob("*.json")
    wait_until(lambda: not marker.exists(), running)
    os.killpg(running.pid, signal.SIGKILL)
    running.communicate()
    assert corpus_bytes(tmp_path / "lait.parquet") == before
    assert main([*arguments, *ONE_PROCESS]) == 0
    assert corpus_bytes(tmp_path / "lait.parquet") == before == corpus_bytes(built / "lait.parquet")
    assert read_json(marker)["funnel"]["candidates"] == 9
