import hashlib
import io
import json
import shutil
import subprocess
import sys
import tarfile
from dataclasses import replace
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from PIL import Image

from pipelines.export import main
from pipelines.schema import PAIR_SCHEMA, Pair
from pipelines.shards import read_json
from pipelines.takedown import main as take_down
from tests.image_files import photo, saved
from tests.test_takedown import PAIRS, contents, corpus_of, killed_at, listed


def with_image(pair: Pair, image: bytes) -> Pair:
    return replace(pair, image=image, image_sha256=hashlib.sha256(image).hexdigest())


def mixed() -> list[Pair]:
    """A JPEG, one turned by EXIF, a PNG, one that is transparent, a WebP and a GIF."""
    turned = Image.Exif()
    turned[0x0112] = 6
    clear = photo(64, 48).convert("RGBA")
    clear.putalpha(0)
    files = [
        saved(photo(64, 48), "JPEG"),
        saved(photo(64, 48), "JPEG", exif=turned),
        saved(photo(64, 48), "PNG"),
        saved(clear, "PNG"),
        saved(photo(64, 48), "WEBP"),
        saved(photo(64, 48), "GIF"),
    ]
    return [with_image(pair, image) for pair, image in zip(PAIRS, files, strict=True)]


def export(corpus: Path, to: str, out: Path, *more: str) -> int:
    return main(["--corpus", str(corpus), "--to", to, "--out", str(out), *more])


def members(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}  # type: ignore[union-attr]


def test_a_tar_holds_picture_text_and_the_rest_under_the_images_digest(tmp_path: Path) -> None:
    corpus = corpus_of(tmp_path, shards=1)
    assert export(corpus, "webdataset", tmp_path / "out", "--shard-pairs", "4") == 0
    assert read_json(tmp_path / "out" / "sizes.json") == {"00000.tar": 4, "00001.tar": 2}
    found = members(tmp_path / "out" / "00001.tar")
    first, key = PAIRS[4], PAIRS[4].image_sha256
    assert list(found)[:3] == [f"{key}.jpg", f"{key}.txt", f"{key}.json"]
    assert found[f"{key}.jpg"] == first.image
    assert found[f"{key}.txt"].decode() == first.text
    told = json.loads(found[f"{key}.json"])
    assert (told["url"], told["caption"], told["sha256"]) == (first.image_url, first.text, key)
    assert (told["page_url"], told["relevance"], told["image_as_served"]) == (first.page_url, 0.75, True)


def test_a_file_that_a_trainer_would_read_wrong_is_written_anew_and_says_so(tmp_path: Path) -> None:
    pairs = mixed()
    assert export(corpus_of(tmp_path, pairs, shards=1), "webdataset", tmp_path / "out") == 0
    found = members(tmp_path / "out" / "00000.tar")
    names = {name.partition(".")[0]: name for name in found if not name.endswith((".txt", ".json"))}
    suffixes = [names[pair.image_sha256].rpartition(".")[2] for pair in pairs]
    assert suffixes == ["jpg", "jpg", "png", "jpg", "webp", "jpg"]
    served = [found[names[pair.image_sha256]] == pair.image for pair in pairs]
    assert served == [True, False, True, False, True, False]
    assert [json.loads(found[f"{pair.image_sha256}.json"])["image_as_served"] for pair in pairs] == served
    with Image.open(io.BytesIO(found[names[pairs[1].image_sha256]])) as upright:
        assert upright.size == (48, 64)
    with Image.open(io.BytesIO(found[names[pairs[3].image_sha256]])) as on_white:
        assert on_white.getpixel((10, 10)) == (255, 255, 255)


# In processes of their own: these libraries leave files open, which our tests take for an error.
READ_BY_WEBDATASET = """
import sys, webdataset as wds
pipeline = wds.DataPipeline(
    wds.SimpleShardList(sys.argv[1]),
    wds.tarfile_to_samples(),
    wds.decode("pilrgb"),
    wds.rename(image="jpg;png;jpeg;webp", text="txt", told="json"),
    wds.to_tuple("image", "text", "told"),
)
for image, text, told in pipeline:
    print(text, *image.size, told["sha256"])
"""
READ_BY_OPEN_CLIP = """
import sys, torch
from argparse import Namespace
from open_clip_train.data import get_wds_dataset
options = Namespace(
    train_data=sys.argv[1],
    train_num_samples=None,
    train_data_upsampling_factors=None,
    dataset_resampled=False,
    seed=0,
    workers=0,
    world_size=1,
    batch_size=6,
)
size = lambda image: torch.tensor([image.width, image.height])
number = lambda text: [torch.tensor([int(text.rpartition(" ")[2])])]
loader = get_wds_dataset(options, size, is_train=True, tokenizer=number).dataloader
print(loader.num_samples, loader.num_batches)
for images, texts in loader:
    print(tuple(images.shape), sorted(texts.flatten().tolist()))
"""


def read_by(script: str, shards: str) -> list[str]:
    command = [sys.executable, "-c", script, shards]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def test_webdataset_reads_every_pair(tmp_path: Path) -> None:
    pytest.importorskip("webdataset")
    assert export(corpus_of(tmp_path, mixed()), "webdataset", tmp_path / "out") == 0
    said = read_by(READ_BY_WEBDATASET, str(tmp_path / "out" / "{00000..00002}.tar"))
    sizes = ["64 48", "48 64", *["64 48"] * 4]
    wanted = [f"{pair.text} {size} {pair.image_sha256}" for pair, size in zip(mixed(), sizes, strict=True)]
    assert sorted(said) == sorted(wanted)


def test_open_clips_trainer_reads_every_pair_and_needs_not_be_told_how_many_there_are(tmp_path: Path) -> None:
    pytest.importorskip("webdataset")
    assert export(corpus_of(tmp_path, mixed()), "webdataset", tmp_path / "out") == 0
    said = read_by(READ_BY_OPEN_CLIP, str(tmp_path / "out" / "{00000..00002}.tar"))
    assert said == ["6 1", "(6, 2) [1, 2, 3, 4, 5, 6]"]


def test_img2datasets_parquet_has_its_columns_and_every_picture_as_jpeg(tmp_path: Path) -> None:
    pairs = mixed()
    assert export(corpus_of(tmp_path, pairs), "img2dataset", tmp_path / "out") == 0
    assert sorted(path.name for path in (tmp_path / "out").glob("0*")) == [
        f"0000{index}{end}" for index in range(3) for end in (".parquet", "_stats.json")
    ]
    assert read_json(tmp_path / "out" / "00002_stats.json")["successes"] == 2
    rows = pq.read_table(tmp_path / "out" / "00001.parquet").to_pylist()
    assert [(row["key"], row["status"], row["url"], row["caption"]) for row in rows] == [
        ("0000100000", "success", pairs[1].image_url, pairs[1].text),
        ("0000100001", "success", pairs[4].image_url, pairs[4].text),
    ]
    assert {row["jpg"][:3] for row in rows} == {b"\xff\xd8\xff"}
    assert rows[0]["sha256"] == pairs[1].image_sha256


def test_urls_hold_no_picture(tmp_path: Path) -> None:
    assert export(corpus_of(tmp_path, shards=1), "urls", tmp_path / "out") == 0
    table = pq.read_table(tmp_path / "out" / "00000.parquet")
    assert table.column_names[:3] == ["url", "caption", "sha256"]
    assert not {"image", "jpg", "rivals"} & set(table.column_names)
    assert table["url"].to_pylist() == [pair.image_url for pair in PAIRS]


@pytest.mark.parametrize("to", ["webdataset", "img2dataset", "urls"])
def test_the_same_corpus_gives_the_same_bytes_however_it_is_cut_short(tmp_path: Path, to: str) -> None:
    corpus = corpus_of(tmp_path)
    assert export(corpus, to, tmp_path / "whole", "--shard-pairs", "1") == 0
    for number in (1, 4, 7, 12, 21):
        out = tmp_path / f"killed-{number}"
        command = ["--corpus", str(corpus), "--to", to, "--out", str(out), "--shard-pairs", "1"]
        assert killed_at(number, main, command)
        assert main(command) == 0
        assert contents(out) == contents(tmp_path / "whole")


def test_a_finished_export_is_left_alone_and_after_a_takedown_only_what_changed_is_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus, out = corpus_of(tmp_path), tmp_path / "out"
    assert export(corpus, "webdataset", out) == 0
    before = {path.name: path.stat().st_mtime_ns for path in out.glob("*.tar")}
    assert export(corpus, "webdataset", out) == 0
    assert {path.name: path.stat().st_mtime_ns for path in out.glob("*.tar")} == before
    assert take_down(["--corpus", str(corpus), "--hosts", listed(tmp_path, "h.txt", "d.example")]) == 0
    capsys.readouterr()
    assert export(corpus, "webdataset", out) == 0
    assert capsys.readouterr().out == f"5 pairs in 3 files of {out}/\n"
    after = {path.name: path.stat().st_mtime_ns for path in out.glob("*.tar")}
    assert [name for name in sorted(before) if before[name] != after[name]] == ["00001.tar"]
    assert read_json(out / "sizes.json") == {"00000.tar": 2, "00001.tar": 1, "00002.tar": 2}
    shutil.rmtree(corpus)
    assert export(corpus_of(tmp_path, PAIRS[:1], 1), "webdataset", out) == 0
    assert [path.name for path in out.glob("*.tar")] == ["00000.tar"]


def test_an_empty_corpus_makes_one_empty_file_and_a_picture_that_is_none_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert export(corpus_of(tmp_path, [], 1), "webdataset", tmp_path / "out") == 0
    assert members(tmp_path / "out" / "00000.tar") == {}
    bad = [*PAIRS[:2], with_image(PAIRS[2], PAIRS[2].image[:200])]
    assert export(corpus_of(tmp_path / "b", bad, 1), "img2dataset", tmp_path / "bad") == 0
    assert "2 pairs in 1 files" in capsys.readouterr().out


def refused(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    assert main([*arguments]) == 2
    [said] = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")]
    return said


def test_what_a_user_gets_wrong_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = corpus_of(tmp_path)
    at = ["--corpus", str(corpus), "--to", "urls"]
    assert "must lie in 1..100000" in refused(capsys, *at, "--out", str(tmp_path / "o"), "--shard-pairs", "0")
    assert "lait.parquet, not made by this command" in refused(capsys, *at, "--out", str(tmp_path))
    file = listed(tmp_path, "file.txt", "mine")
    assert "cannot write to" in refused(capsys, *at, "--out", file)
    nowhere = ["--corpus", str(tmp_path / "nowhere"), "--to", "urls", "--out", str(tmp_path / "o")]
    assert "does not exist" in refused(capsys, *nowhere)
    assert main([*at, "--out", str(tmp_path / "urls")]) == 0
    at[-1] = "webdataset"
    assert "holds an export --to urls" in refused(capsys, *at, "--out", str(tmp_path / "urls"))
    path = corpus / "part-00001-of-00003.parquet"
    data = bytearray(path.read_bytes())
    data[4:200] = bytes(196)
    path.write_bytes(data)
    assert "part-00001-of-00003.parquet is damaged inside" in refused(capsys, *at, "--out", str(tmp_path / "tars"))
    assert [path.name for path in (tmp_path / "tars").glob("*.tar")] == ["00000.tar"]
    assert pq.read_schema(corpus / "part-00000-of-00003.parquet").metadata == PAIR_SCHEMA.metadata
