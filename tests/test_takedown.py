import fcntl
import hashlib
import io
import os
import shutil
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest
from PIL import Image

from filters.image import decode
from filters.pdq import pdq_hashes
from pipelines.assembly import CORPUS_ROW_GROUP
from pipelines.report import corpus_pairs
from pipelines.schema import PAIR_SCHEMA, Pair, Rival
from pipelines.shards import read_json, write_parquet
from pipelines.takedown import main
from pipelines.takedown_list import kept_list, pending_marker


def picture(seed: int) -> bytes:
    """Blobs that PDQ tells apart, as a small JPEG."""
    coarse = np.random.default_rng(seed).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    file = io.BytesIO()
    Image.fromarray(coarse).resize((96, 96), Image.Resampling.BICUBIC).save(file, "JPEG", quality=92)
    return file.getvalue()


def pair(seed: int, page: str, image: str, *rival_pages: str) -> Pair:
    data = picture(seed)
    return Pair(
        image_sha256=hashlib.sha256(data).hexdigest(),
        image=data,
        image_phash=f"{seed:016x}",
        width=96,
        height=96,
        animated=False,
        text=f"Coloured clouds number {seed}",
        text_source="alt",
        relevance=0.75,
        nsfw=0.0,
        natural=1.0,
        rivals=tuple(Rival(f"Clouds of {page}", "alt", page, 0.5, None) for page in rival_pages),
        page_url=page,
        image_url=image,
        license_url=None,
        fetched_at="2026-01-01T00:00:00+00:00",
    )


PAIRS = [
    pair(1, "https://a.example/1", "https://cdn.a.example/1.jpg", "https://b.example/other", "https://c.example/x"),
    pair(2, "https://a.example/2", "https://img.b.example/2.jpg"),
    pair(3, "https://b.example/3", "https://img.c.example/3.jpg"),
    pair(4, "https://c.example/4", "https://c.example/4.jpg?w=9#top"),
    pair(5, "https://d.example/5", "https://d.example/5.jpg"),
    pair(6, "https://e.example/6", "https://e.example/6.jpg"),
]


def corpus_of(folder: Path, pairs: list[Pair] = PAIRS, shards: int = 3) -> Path:
    """A corpus of shards in which pair 1 is alone with pair 4, 2 with 5 and 3 with 6."""
    corpus = folder / "lait.parquet"
    for index in range(shards):
        rows = [pair.to_row() for pair in pairs[index::shards]]
        write_parquet(corpus / f"part-{index:05d}-of-{shards:05d}.parquet", rows, PAIR_SCHEMA, CORPUS_ROW_GROUP)
    return corpus


def listed(folder: Path, name: str, *lines: str) -> str:
    (folder / name).write_text("".join(f"{line}\n" for line in lines))
    return str(folder / name)


def left(corpus: Path) -> list[str]:
    return sorted(pair.page_url for pair in corpus_pairs(corpus))


def diff_of(corpus: Path, number: int = 1) -> set[tuple[str, str, str, str, str]]:
    rows = pq.read_table(corpus.with_name(f"{corpus.name}.takedown") / f"{number:05d}.parquet").to_pylist()
    keys = {pair.image_sha256: pair.page_url for pair in PAIRS}
    return {(keys[row["image_sha256"]], row["what"], row["reason"], row["host"], row["shard"][:10]) for row in rows}


def test_urls_hosts_and_hashes_take_their_rows_and_texts_out_and_the_diff_says_which(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = corpus_of(tmp_path)
    urls = listed(tmp_path, "urls.txt", "http://c.example/4.jpg?w=9  # asked for by its owner")
    hosts = listed(tmp_path, "hosts.txt", "b.example")
    hashes = listed(tmp_path, "hashes.txt", f"md5:{hashlib.md5(PAIRS[4].image).hexdigest()}", PAIRS[5].image_sha256)
    command = ["--corpus", str(corpus), "--urls", urls, "--hosts", hosts, "--hashes", hashes]
    assert main(command) == 0
    assert left(corpus) == ["https://a.example/1"]
    assert [rival.page_url for rival in next(corpus_pairs(corpus)).rivals] == ["https://c.example/x"]
    assert diff_of(corpus) == {
        ("https://a.example/1", "rivals", "host", "", "part-00000"),
        ("https://a.example/2", "row", "host", "img.b.example", "part-00001"),
        ("https://b.example/3", "row", "host", "b.example", "part-00002"),
        ("https://c.example/4", "row", "url", "c.example", "part-00000"),
        ("https://d.example/5", "row", "md5", "d.example", "part-00001"),
        ("https://e.example/6", "row", "sha256", "e.example", "part-00002"),
    }
    said = capsys.readouterr().out.splitlines()
    went = "5 of 6 pairs taken down (host 2, url 1, md5 1, sha256 1), rival texts out of 1 more; 3 shards rewritten"
    assert said == [f"{went}; diff {corpus}.takedown/00001.parquet"]


def test_only_shards_that_hold_a_named_row_are_rewritten(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path)
    schema = pq.read_schema(corpus / "part-00001-of-00003.parquet")
    before = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in corpus.iterdir()}
    assert main(["--corpus", str(corpus), "--hashes", listed(tmp_path, "h.txt", PAIRS[1].image_sha256)]) == 0
    after = {path.name: (path.read_bytes(), path.stat().st_mtime_ns) for path in corpus.iterdir()}
    assert [name for name in sorted(before) if before[name] != after[name]] == ["part-00001-of-00003.parquet"]
    table = pyarrow.dataset.dataset(corpus).to_table()
    assert (table.num_rows, table.schema.metadata) == (5, PAIR_SCHEMA.metadata)
    assert pq.read_schema(corpus / "part-00001-of-00003.parquet").equals(schema, check_metadata=True)


def test_a_copy_of_a_picture_is_found_by_its_pdq_hash(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path)
    file = io.BytesIO()
    with Image.open(io.BytesIO(PAIRS[2].image)) as image:
        image.resize((80, 80)).save(file, "PNG")
    copy = decode(file.getvalue())
    assert isinstance(copy, Image.Image)
    pdq = bytes(pdq_hashes(copy)[0][0].astype(">u2")).hex()
    assert main(["--corpus", str(corpus), "--hashes", listed(tmp_path, "h.txt", f"pdq:{pdq}")]) == 0
    assert diff_of(corpus) == {("https://b.example/3", "row", "pdq", "img.c.example", "part-00002")}


def test_several_processes_find_the_same_and_tell_of_damage_in_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    hosts = listed(tmp_path, "hosts.txt", "b.example", "d.example")
    (tmp_path / "two").mkdir()
    one, two = corpus_of(tmp_path), corpus_of(tmp_path / "two")
    assert main(["--corpus", str(one), "--hosts", hosts]) == 0
    assert main(["--corpus", str(two), "--hosts", hosts, "--workers", "2"]) == 0
    assert contents(two) == contents(one)
    assert diff_of(two) == diff_of(one)
    path = two / "part-00002-of-00003.parquet"
    path.write_bytes(path.read_bytes()[:4] + bytes(200) + path.read_bytes()[204:])
    said = refused(capsys, "--corpus", str(two), "--hosts", hosts, "--workers", "2")
    assert "part-00002-of-00003.parquet is damaged inside" in said


def test_a_shard_of_which_all_goes_stays_as_an_empty_one_and_a_single_file_is_a_corpus_too(tmp_path: Path) -> None:
    corpus_of(tmp_path, shards=1)
    corpus = tmp_path / "lait.parquet" / "part-00000-of-00001.parquet"
    schema, digests = pq.read_schema(corpus), [pair.image_sha256 for pair in PAIRS]
    assert main(["--corpus", str(corpus), "--hashes", listed(tmp_path, "h.txt", *digests)]) == 0
    assert pq.read_table(corpus).num_rows == 0
    assert pq.read_schema(corpus).equals(schema, check_metadata=True)


def test_what_is_not_there_changes_nothing_but_is_kept_for_later_builds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = corpus_of(tmp_path)
    before = {path: path.stat().st_mtime_ns for path in corpus.iterdir()}
    hosts = listed(tmp_path, "hosts.txt", "nowhere.example", "host:[2001:db8::1]")
    urls = listed(tmp_path, "urls.txt", "https://f.example:8080/a b?z=1&y=2#c")
    assert main(["--corpus", str(corpus), "--hosts", hosts, "--urls", urls]) == 0
    assert {path: path.stat().st_mtime_ns for path in corpus.iterdir()} == before
    assert capsys.readouterr().out == f"nothing in {corpus} is named; later builds of it apply {kept_list(corpus)}\n"
    kept = kept_list(corpus).read_text()
    assert kept.splitlines()[1:] == [
        "host:[2001:db8::1]",
        "host:nowhere.example",
        "url:http://f.example:8080/a%20b?y=2&z=1",
    ]
    assert main(["--corpus", str(corpus), "--hosts", hosts]) == 0
    assert kept_list(corpus).read_text() == kept  # what it wrote it reads as the same


def test_a_second_takedown_has_a_diff_of_its_own_and_the_list_holds_both(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path)
    assert main(["--corpus", str(corpus), "--hosts", listed(tmp_path, "a.txt", "d.example")]) == 0
    assert main(["--corpus", str(corpus), "--hosts", listed(tmp_path, "b.txt", "e.example")]) == 0
    assert {row[0] for row in diff_of(corpus, 1)} == {"https://d.example/5"}
    assert {row[0] for row in diff_of(corpus, 2)} == {"https://e.example/6"}
    digests = sorted(pair.image_sha256 for pair in PAIRS[4:])
    assert kept_list(corpus).read_text().splitlines()[1:] == [
        "host:d.example",
        "host:e.example",
        *(f"sha256:{digest}" for digest in digests),
    ]


def killed_at(number: int, command: Callable[[list[str]], int], arguments: list[str]) -> bool:
    """Run a command in a process that kills itself before its `number`-th rename or removal; whether it got so far."""
    child = os.fork()
    if not child:
        changes = 0

        def count(event: str, _arguments: object) -> None:
            nonlocal changes
            if event in {"os.rename", "os.remove"}:
                changes += 1
                if changes == number:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        status = 70
        try:
            status = command(arguments)
        finally:  # whatever it raises, pytest must not go on in the child
            os._exit(status)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.waitstatus_to_exitcode(status) == 0
    return False


def contents(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*.*") if path.is_file() and path.suffix != ".tmp")  # and not the lock
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_killed_before_any_of_its_renames_or_removals_it_loses_nothing_and_the_same_command_completes_it(
    tmp_path: Path,
) -> None:
    hosts = listed(tmp_path, "hosts.txt", "b.example", "d.example")
    (tmp_path / "whole").mkdir()
    assert main(["--corpus", str(corpus_of(tmp_path / "whole")), "--hosts", hosts]) == 0
    wanted, kills = contents(tmp_path / "whole"), 0
    for number in range(1, 100):
        (folder := tmp_path / str(number)).mkdir()
        corpus = corpus_of(folder)
        killed = killed_at(number, main, ["--corpus", str(corpus), "--hosts", hosts])
        assert len(list(corpus.glob("part-*.parquet"))) == 3
        assert {"https://a.example/1", "https://c.example/4", "https://e.example/6"} <= set(left(corpus))
        kills += killed
        if killed:
            # once it has begun it knows what it was about
            lists = [] if pending_marker(corpus).exists() else ["--hosts", hosts]
            assert main(["--corpus", str(corpus), *lists]) == 0
        assert contents(folder) == wanted  # but for drafts of small files, which may stay in the takedown folder
        assert list(corpus.glob(".*")) == []
        shutil.rmtree(folder)
        if not killed:
            break
    assert kills >= 16  # a rename and a removal: the marker, the list, then a diff and a shard each, and the diff


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main([*arguments]) == 2
    [said] = [line for line in capsys.readouterr().err.splitlines() if line and "shards" not in line]
    assert said.startswith("error: ")
    return said


def test_what_a_user_gets_wrong_is_one_clear_line_and_nothing_is_touched(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = corpus_of(tmp_path)
    before = contents(tmp_path)
    at = ["--corpus", str(corpus)]
    assert "give a list by --urls, --hosts or --hashes" in refused(capsys, *at)
    assert "none.txt cannot be read" in refused(capsys, *at, "--urls", str(tmp_path / "none.txt"))
    wrong = [listed(tmp_path, "w.txt", "a.example"), listed(tmp_path, "v.txt", "md5:12")]
    assert "holds a host; move it to a file for --hosts" in refused(capsys, *at, "--urls", wrong[0])
    assert "v.txt, line 1: md5 takes 32 hex digits" in refused(capsys, *at, "--hashes", wrong[1])
    assert "--workers 0 must be at least 1" in refused(capsys, *at, "--hosts", wrong[0], "--workers", "0")
    nowhere = str(tmp_path / "nowhere.parquet")
    assert "does not exist" in refused(capsys, "--corpus", nowhere, "--hosts", wrong[0])
    (tmp_path / "lait.parquet.build").mkdir()
    assert "finish it first by the same command" in refused(capsys, *at, "--hosts", wrong[0])
    with (tmp_path / "lait.parquet.build" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "another command is writing" in refused(capsys, *at, "--hosts", wrong[0])
    assert {name: data for name, data in contents(tmp_path).items() if name in before} == before
    assert not (tmp_path / "lait.parquet.takedown").exists()


def test_a_damaged_shard_is_told_before_anything_is_taken_down(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = corpus_of(tmp_path)
    path = corpus / "part-00002-of-00003.parquet"
    data = bytearray(path.read_bytes())
    data[4:200] = bytes(196)
    path.write_bytes(data)
    before = contents(corpus)
    said = refused(capsys, "--corpus", str(corpus), "--hosts", listed(tmp_path, "h.txt", "d.example"))
    assert "part-00002-of-00003.parquet is damaged inside" in said
    assert contents(corpus) == before
    assert read_json(pending_marker(corpus))["number"] == 1  # and the same command goes on when it is mended
