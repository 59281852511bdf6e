from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from filters.fit_natural import main
from filters.fitting.natural_left_out import calibrated, calibration, left_out_logits, left_out_table, threshold_table
from filters.fitting.natural_network import Network
from filters.fitting.natural_samples import MeasuredSource, random_view, read_source
from filters.natural import INPUT_SIZE, NaturalModel

skimage_data = pytest.importorskip("skimage.data")


TELLING = slice(0, 200)  # the features that tell the classes apart: enough of them for what dropout leaves


def network_of(feature: int, scale: float, bias: float) -> Network:
    """Logits are `scale` times the one feature plus the bias: a unit for its positive part and one for its negative."""
    hidden = np.zeros((INPUT_SIZE + 1, 2), np.float32)
    hidden[feature] = 1, -1
    out = np.array([scale, -scale, bias], np.float32)
    return Network(np.zeros(INPUT_SIZE, np.float32), np.ones(INPUT_SIZE, np.float32), hidden, out)


def measured(name: str, natural: bool, first_feature: float, count: int = 6) -> MeasuredSource:
    features = np.random.default_rng([*name.encode()]).normal(0, 1e-5, (count, INPUT_SIZE)).astype(np.float32)
    features[:, TELLING] += first_feature
    return MeasuredSource(name, natural, features, features)


SOURCES = [
    measured("a", True, 5),
    measured("b", True, 5),
    measured("c", False, -5),
    measured("d", False, -5, count=20),
]


def crops(folder: Path, picture: Image.Image, count: int) -> Path:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for number in range(count):
        left, top = (int(value) for value in rng.integers(0, min(picture.size) // 3, 2))
        side = min(picture.size) // 2
        picture.crop((left, top, left + side, top + side)).save(folder / f"{number}.png")
    return folder


def test_left_out_sources_are_told_apart_by_what_the_others_teach() -> None:
    logits = left_out_logits(SOURCES, folds=2)

    assert [bool((part > 0).all()) for part in logits] == [True, True, False, False]
    assert [bool((part < 0).all()) for part in logits] == [False, False, True, True]


def test_one_source_of_a_class_cannot_be_left_out() -> None:
    with pytest.raises(ValueError, match="only one source of photos"):
        left_out_logits([SOURCES[0], *SOURCES[2:]])


def test_calibration_weighs_sources_alike_so_that_size_does_not_shift_it() -> None:
    logits = [np.array([1.0, -1.0]), np.array([1.0] * 3), np.array([-1.0] * 300), np.array([-1.0, 1.0])]
    sources = [
        measured("a", True, 0, 2),
        measured("b", True, 0, 3),
        measured("c", False, 0, 300),
        measured("d", False, 0, 2),
    ]

    scale, shift = calibration(sources, logits)

    # of the photos 3/4 have logit 1, of the graphics 3/4 have -1, in weight: the odds there are 3
    assert scale == pytest.approx(np.log(3), abs=1e-3)
    assert shift == pytest.approx(0, abs=1e-3)


def test_a_source_has_no_part_in_its_own_calibration() -> None:
    logits = [np.array([1.0, -1.0]), np.array([1.0, -1.0]), np.array([-1.0, 1.0]), np.array([-1.0, 1.0])]
    odd = [np.array([500.0, -900.0]), *logits[1:]]
    sources = [measured(name, name in "ab", 0, 2) for name in "abcd"]

    scale, shift = calibration(sources[1:], logits[1:])

    np.testing.assert_allclose(calibrated(sources, odd)[0], odd[0] * scale + shift)


def test_stretched_network_has_stretched_logits() -> None:
    features = np.zeros((2, INPUT_SIZE), np.float32)
    features[:, 5] = 1, -2

    assert network_of(5, 3, 0.5).logits(features).tolist() == [3.5, -5.5]
    assert network_of(5, 3, 0.5).stretched(2, 1).logits(features).tolist() == [8.0, -10.0]


def test_a_feature_far_from_all_others_says_no_more_than_eight_deviations() -> None:
    features = np.zeros((2, INPUT_SIZE), np.float32)
    features[:, 5] = 8, 1e9

    assert network_of(5, 1, 0).logits(features).tolist() == [8.0, 8.0]


def test_saved_network_gives_the_same_scores(tmp_path: Path) -> None:
    network = network_of(5, 3, 0.5)
    network.save(tmp_path / "n.npz")
    features = np.random.default_rng(0).normal(size=(4, INPUT_SIZE)).astype(np.float32)

    scores = NaturalModel(tmp_path / "n.npz").score_features(features)

    np.testing.assert_allclose(scores, 1 / (1 + np.exp(-network.logits(features))), atol=1e-6)


def test_table_counts_left_out_images_at_the_threshold() -> None:
    logits = [
        np.array([3.0, 3, 3, 0, 0, 0]),
        np.array([3.0] * 6),
        np.array([-3.0] * 6),
        np.array([3.0] * 5 + [-3] * 15),
    ]

    final = network_of(0, 1, 0)  # logits of 5 and -5; the threshold is at 2.2
    table = left_out_table(SOURCES, logits, final, threshold=0.9)

    assert "| a | photos | 6 | 0.500 | 1.000 |" in table
    assert "| d | graphics | 20 | 0.750 | 1.000 |" in table
    assert "| photos kept, mean over sources | | 2 sources | 0.750 | |" in table
    assert "| graphics dropped, of all pictures | | 26 | 0.808 | |" in table
    assert "| 0.90 | 0.750 | 0.750 | 1 of 2 | 0.808 | 0.875 | 1 of 2 |" in threshold_table(SOURCES, logits, [0.9])


def test_random_views_follow_their_generator_and_stay_within_their_sizes() -> None:
    image = Image.fromarray(skimage_data.coffee())

    views = [random_view(image, np.random.default_rng(seed)) for seed in (1, 1, 2, 3, 4)]

    assert views[0].tobytes() == views[1].tobytes()
    assert views[0].tobytes() != views[2].tobytes()
    assert all(view.mode == "RGB" and 180 <= min(view.size) <= 300 for view in views)


def test_source_is_a_folder_or_a_parquet_file_and_skips_what_is_no_image(tmp_path: Path) -> None:
    folder = crops(tmp_path / "red", Image.new("RGB", (90, 90), "red"), 3)
    (folder / "README").write_text("no image")
    rows = [(folder / f"{number}.png").read_bytes() for number in range(3)]
    pq.write_table(pa.table({"image": [{"bytes": row, "path": None} for row in rows]}), tmp_path / "nested.parquet")
    rng = np.random.default_rng(0)

    assert len(read_source(folder, True, 10, rng).images) == 3
    assert read_source(folder, True, 10, rng).name == "red"
    assert len(read_source(tmp_path / "nested.parquet", True, 2, rng).images) == 2


def test_empty_folder_is_one_clear_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--photos", str(tmp_path), "--graphics", str(tmp_path)]) == 1
    assert "holds no image that can be decoded; give a folder" in capsys.readouterr().err


@pytest.mark.slow
def test_command_writes_an_artefact_that_loads_and_prints_the_table(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    photos = [
        crops(tmp_path / name, Image.fromarray(getattr(skimage_data, name)()).convert("RGB"), 6)
        for name in ("coffee", "chelsea")
    ]
    graphics = [crops(tmp_path / colour, Image.new("RGB", (300, 300), colour), 6) for colour in ("red", "green")]
    command = ["--photos", *map(str, photos), "--graphics", *map(str, graphics), "--drawn", "1", "--workers", "1"]

    assert main([*command, "--out", str(tmp_path / "new" / "a.npz")]) == 0
    said = capsys.readouterr().out
    assert "| green | graphics | 6 | 1.000 | 1.000 |" in said
    assert said.splitlines()[-1].endswith(f"Recipe(natural_model=Path({str(tmp_path / 'new' / 'a.npz')!r}))")
    assert main([*command, "--out", str(tmp_path / "b.npz")]) == 0
    assert (tmp_path / "new" / "a.npz").stat().st_size < 1_000_000
    scores = [
        NaturalModel(tmp_path / name).score_features(np.ones((1, INPUT_SIZE), np.float32))
        for name in ("new/a.npz", "b.npz")
    ]
    assert scores[0].tolist() == scores[1].tolist()
