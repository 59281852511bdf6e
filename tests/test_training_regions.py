from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from filters.backbone import Backbone
from filters.image import decode
from pipelines.schema import DataError
from tests.training_world import drawn_shape, pair, world, write_corpus
from training.atomic import sole_writer
from training.extract_regions import default_folder, extract_regions, main, missing_shards
from training.region_store import RegionStore, StoreKind, write_shard
from training.regions import GridDetector, Regions


class MeanColour:
    """One region, or two on images that are wider than high; its feature is the mean colour."""

    name = "mean-colour"
    max_regions = 2
    feature_size = 3
    class_names: tuple[str, ...] = ("thing", "other")

    def detect(self, images: Sequence[Image.Image]) -> list[Regions]:
        return [self._one(image, 2 if image.width > image.height else 1) for image in images]

    def _one(self, image: Image.Image, count: int) -> Regions:
        mean = np.asarray(image, np.float32).mean((0, 1)).astype(np.float16)
        boxes = np.tile(np.array([0, 0, 1, 1], np.float32), (count, 1))
        return Regions(np.tile(mean, (count, 1)), boxes, np.zeros(count, np.int32), np.ones(count, np.float32))


KIND = StoreKind.of(MeanColour())
PAIRS = world()[:5]


def digests(pairs: Sequence[tuple[bytes, str]]) -> "np.ndarray[tuple[int], np.dtype[np.bytes_]]":
    return np.array([pair(*each).image_sha256 for each in pairs], "S64")


def test_grid_cells_carry_the_backbones_feature_class_and_confidence() -> None:
    image = decode(drawn_shape("red", "circle", "blue"))
    assert isinstance(image, Image.Image)
    (regions,) = GridDetector().detect([image])
    grid = Backbone().grid([image])
    assert regions.features_RD.shape == (49, 1280)
    assert regions.features_RD.dtype == np.float16
    assert (np.diff(regions.confidences_R) <= 0).all()
    for index in (0, 20, 48):
        left, top, right, bottom = regions.boxes_R4[index]
        row, column = round(float(top) * 7), round(float(left) * 7)
        assert (right - left, bottom - top) == pytest.approx((1 / 7, 1 / 7), abs=1e-6)
        logits = grid.class_logits_BGGC[0, row, column].astype(np.float64)
        probabilities = np.exp(logits) / np.exp(logits).sum()
        np.testing.assert_allclose(regions.features_RD[index], grid.features_BGGD[0, row, column], rtol=1e-3)
        assert regions.labels_R[index] == probabilities.argmax()
        assert regions.confidences_R[index] == pytest.approx(probabilities.max(), rel=1e-4)


def test_only_the_surest_regions_stay() -> None:
    image = decode(drawn_shape("red", "circle", "blue"))
    assert isinstance(image, Image.Image)
    (regions,) = GridDetector().detect([image])
    assert len(regions.first(10)) == 10
    assert regions.first(10).confidences_R.min() >= regions.confidences_R[10:].max()


def test_what_was_extracted_is_found_by_digest_in_any_order(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "lait.parquet", PAIRS, per_shard=2)
    extraction = extract_regions(corpus, tmp_path / "regions", MeanColour())
    store = RegionStore(extraction.paths)
    assert (extraction.images, len(store), len(extraction.paths)) == (5, 5, 3)
    rows = store.rows(digests(PAIRS[::-1]))
    for (data, _), row in zip(PAIRS[::-1], rows, strict=True):
        image = decode(data)
        assert isinstance(image, Image.Image)
        (expected,) = MeanColour().detect([image])
        assert np.array_equal(store.regions(int(row)).features_RD, expected.features_RD)
        assert store.regions(int(row)).boxes_R4.tolist() == [[0, 0, 1, 1]]


def test_unknown_and_undecodable_images_have_no_row(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "lait.parquet", [PAIRS[0], (b"no image", "a text"), PAIRS[1]])
    extraction = extract_regions(corpus, tmp_path / "regions", MeanColour())
    store = RegionStore(extraction.paths)
    wanted = digests([PAIRS[1], (b"no image", ""), PAIRS[4], PAIRS[0]])
    assert store.rows(wanted).tolist() == [2, -1, -1, 0]
    assert extraction.failures == {"undecodable": 1}


def test_images_with_fewer_regions_give_only_their_own(tmp_path: Path) -> None:
    with write_shard(tmp_path / "part", ["0" * 64, "1" * 64], KIND) as writer:
        writer.append(MeanColour().detect([Image.new("RGB", (2, 2))])[0])
        writer.append(MeanColour().detect([Image.new("RGB", (4, 2))])[0])
    store = RegionStore([tmp_path / "part"])
    assert [len(store.regions(row)) for row in (0, 1)] == [1, 2]


def test_features_are_memory_mapped(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "lait.parquet", PAIRS)
    store = RegionStore(extract_regions(corpus, tmp_path / "regions", MeanColour()).paths)
    assert isinstance(store.regions(0).features_RD, np.memmap)


def test_a_second_run_extracts_only_shards_that_are_missing_or_changed(tmp_path: Path) -> None:
    corpus, folder = write_corpus(tmp_path / "lait.parquet", PAIRS, per_shard=2), tmp_path / "regions"
    extract_regions(corpus, folder, MeanColour())
    assert extract_regions(corpus, folder, MeanColour()).images == 0
    write_corpus(tmp_path / "other", world()[5:7])
    (tmp_path / "other" / "part-00000.parquet").replace(corpus / "part-00001.parquet")
    assert [path.name for path in missing_shards(corpus, folder, KIND)] == ["part-00001.parquet"]
    assert extract_regions(corpus, folder, MeanColour()).images == 2
    assert (RegionStore([folder / "part-00001"]).rows(digests(world()[5:7])) >= 0).all()


def test_regions_of_another_detector_are_made_anew(tmp_path: Path) -> None:
    corpus, folder = write_corpus(tmp_path / "lait.parquet", PAIRS), tmp_path / "regions"
    extract_regions(corpus, folder, MeanColour())
    assert len(missing_shards(corpus, folder, StoreKind.of(GridDetector()))) == 1


def test_a_shard_that_fails_midway_leaves_nothing(tmp_path: Path) -> None:
    def fail_midway() -> None:
        with write_shard(tmp_path / "regions" / "part", ["0" * 64] * 2, KIND) as writer:
            writer.append(None)
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        fail_midway()
    assert list((tmp_path / "regions").iterdir()) == []


def test_a_damaged_store_is_refused(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "lait.parquet", PAIRS)
    (path,) = extract_regions(corpus, tmp_path / "regions", MeanColour()).paths
    (path / "features.npy").write_bytes(b"")
    with pytest.raises(DataError, match="are missing or damaged"):
        RegionStore([path])


def test_a_missing_shard_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"run python -m training\.extract_regions"):
        RegionStore([tmp_path / "part"])


def test_regions_of_a_corpus_given_as_the_current_folder_go_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "lait.parquet" / "inner").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "lait.parquet" / "inner")
    assert default_folder(Path("..")) == tmp_path / "lait.regions"
    monkeypatch.chdir("..")
    assert default_folder(Path()) == tmp_path / "lait.regions"


def test_two_commands_do_not_fill_one_folder_at_once_but_a_full_one_may_be_read(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "lait.parquet", PAIRS[:2])
    (tmp_path / "regions").mkdir()
    with sole_writer(tmp_path / "regions"):
        with pytest.raises(DataError, match="another process is writing"):
            extract_regions(corpus, tmp_path / "regions", MeanColour())
        assert [path.name for path in (tmp_path / "regions").iterdir()] == [".lock"]
    extract_regions(corpus, tmp_path / "regions", MeanColour())
    with sole_writer(tmp_path / "regions"):
        assert extract_regions(corpus, tmp_path / "regions", MeanColour()).images == 0


def test_command_extracts_beside_the_corpus(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = write_corpus(tmp_path / "lait.parquet", PAIRS[:2])
    assert main(["--corpus", str(corpus), "--device", "cpu"]) == 0
    assert capsys.readouterr().out == f"{tmp_path}/lait.regions: 1 shards, 2 images done now\n"
    assert len(RegionStore([default_folder(corpus) / "part-00000"])) == 2


def test_command_says_what_is_wrong_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--corpus", str(tmp_path / "nowhere.parquet")]) == 2
    error = capsys.readouterr().err
    assert error == f"error: {tmp_path}/nowhere.parquet does not exist; check the path\n"


def test_command_refuses_an_output_that_is_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = write_corpus(tmp_path / "lait.parquet", PAIRS[:1])
    (tmp_path / "taken").write_text("")
    assert main(["--corpus", str(corpus), "--out", str(tmp_path / "taken"), "--device", "cpu"]) == 2
    assert f"error: cannot write {tmp_path}/taken: File exists" in capsys.readouterr().err
