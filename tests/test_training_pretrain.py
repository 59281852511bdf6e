import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from pipelines.schema import PAIR_SCHEMA, DataError
from tests.training_world import drawn_shape, pair, world, write_corpus
from training.atomic import sole_writer
from training.checkpoint import checkpoints
from training.loop import Run, TrainingError, train
from training.metrics import read_metrics
from training.model import ImageBERT
from training.prepare import Settings, prepare
from training.pretrain import main
from training.recipes import RECIPES, Recipe, base, small, tiny
from training.region_store import RegionStore

PAIRS = world()[::14]  # 12 different ones
PACKAGE = Path(__file__).parent.parent


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A corpus whose regions have been found already."""
    folder = write_corpus(tmp_path_factory.mktemp("world") / "lait.parquet", PAIRS, per_shard=8)
    prepare(Settings(corpus=folder, out=folder.parent / "probe", recipe=tiny(), device="cpu"))
    return folder


def command(corpus: Path, out: Path, *more: str) -> list[str]:
    return ["--corpus", str(corpus), "--out", str(out), "--recipe", "tiny", "--device", "cpu", *more]


def run_of(corpus: Path, out: Path, steps: int = 6) -> Run:
    recipe = replace(tiny(), checkpoint_steps=3)
    return prepare(Settings(corpus=corpus, out=out, recipe=recipe, steps=steps, device="cpu"))


def losses(out: Path) -> list[float]:
    return [row["loss"] for row in read_metrics(out / "metrics.jsonl")]


def test_a_run_leaves_metrics_a_table_and_a_loadable_checkpoint(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "checkpoints" / "imagebert"
    assert main(command(corpus, out, "--steps", "12")) == 0
    rows = [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == list(range(1, 13))
    assert rows[-1]["epoch"] == 8  # 12 steps of 8 samples over 12 pairs
    assert set(rows[-1]) == {"step", "epoch", "loss", "lr", "samples_per_s"} | {
        f"{task}_loss" for task in ("mlm", "moc", "mrfr", "itm")
    } | {f"{task}_accuracy" for task in ("mlm", "moc", "itm")}
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "pretraining to step 12: 12 pairs, batch size 8, 2.3 M parameters"
    assert [line.split()[0] for line in printed[1:]] == ["task", "MLM", "MOC", "MRFR", "ITM", "checkpoint:"]
    assert printed[-1] == f"checkpoint: {out}/step-000012"
    assert sorted(path.name for path in (out / "step-000012").iterdir()) == [
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "training.json",
        "training.safetensors",
    ]
    assert ImageBERT.from_pretrained(out / "step-000012").config.region_feature_size == 1280


def test_missing_regions_are_found_first_and_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_corpus(tmp_path / "lait.parquet", PAIRS[:3])
    assert main(command(folder, tmp_path / "out", "--steps", "1")) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == f"finding the regions of 1 corpus shards, once: they stay in {tmp_path}/lait.regions"
    assert len(RegionStore([tmp_path / "lait.regions" / "part-00000"])) == 3


def test_going_on_from_a_checkpoint_gives_what_an_unbroken_run_gives(corpus: Path, tmp_path: Path) -> None:
    train(run_of(corpus, tmp_path / "whole"))
    train(run_of(corpus, tmp_path / "broken"))
    (tmp_path / "broken" / "step-000006" / "training.json").unlink()  # as if killed before it was whole
    settings = Settings(
        corpus=corpus, out=tmp_path / "broken", recipe=replace(tiny(), checkpoint_steps=3), steps=6, device="cpu"
    )
    run = prepare(settings)
    assert [path.name for path in checkpoints(run.out)] == ["step-000003"]
    train(run, 3, checkpoints(run.out)[-1])
    assert losses(tmp_path / "broken") == losses(tmp_path / "whole")
    assert len(losses(tmp_path / "broken")) == 6
    weights = [(tmp_path / name / "step-000006" / "model.safetensors").read_bytes() for name in ("whole", "broken")]
    assert weights[0] == weights[1]


def test_only_the_newest_checkpoints_stay(corpus: Path, tmp_path: Path) -> None:
    train(run_of(corpus, tmp_path, steps=10))
    assert [path.name for path in checkpoints(tmp_path)] == ["step-000009", "step-000010"]


def test_sigterm_saves_and_the_same_command_goes_on(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = command(corpus, tmp_path, "--steps", "40")
    process = subprocess.Popen(
        [sys.executable, "-m", "training.pretrain", *arguments], cwd=PACKAGE, stdout=subprocess.PIPE, text=True
    )
    while process.poll() is None and len(read_metrics(tmp_path / "metrics.jsonl")) < 3:
        time.sleep(0.02)
    process.send_signal(signal.SIGTERM)
    printed, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    (saved,) = checkpoints(tmp_path)
    done = int(saved.name.removeprefix("step-"))
    assert 3 <= done < 40
    assert printed.splitlines()[-1] == (
        f"interrupted after step {done}; saved {saved}, the same command goes on from there"
    )
    assert main(arguments) == 0
    assert f"pretraining from step {done} to step 40" in capsys.readouterr().out
    assert [row["step"] for row in read_metrics(tmp_path / "metrics.jsonl")] == list(range(1, 41))


def test_a_finished_run_is_not_trained_again_unless_fresh(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(corpus, tmp_path, "--steps", "2")) == 0
    before = (tmp_path / "step-000002" / "model.safetensors").stat().st_mtime_ns
    assert main(command(corpus, tmp_path, "--steps", "2")) == 0
    assert "all 2 steps are done already; give another --out, or --fresh" in capsys.readouterr().out
    assert (tmp_path / "step-000002" / "model.safetensors").stat().st_mtime_ns == before
    assert main(command(corpus, tmp_path, "--steps", "2", "--fresh")) == 0
    assert (tmp_path / "step-000002" / "model.safetensors").stat().st_mtime_ns > before
    assert len(read_metrics(tmp_path / "metrics.jsonl")) == 2


def test_other_settings_do_not_go_on_from_a_checkpoint(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(command(corpus, tmp_path, "--steps", "2")) == 0
    assert main(command(corpus, tmp_path, "--steps", "2", "--seed", "7", "--batch-size", "4")) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        f"error: {tmp_path} holds another run (recipe.batch_size was 8, is 4, seed was 0, is 7); "
        "give another --out, or --fresh to delete it"
    )


def test_one_text_for_all_images_switches_itm_off(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    images = [drawn_shape(colour, "circle", "white") for colour in ("red", "green")]
    folder = write_corpus(tmp_path / "lait.parquet", [(image, "a circle") for image in images])
    assert main(command(folder, tmp_path / "out", "--steps", "2")) == 0
    assert "warning: the corpus has one text only (2 pairs), so there are no negatives: ITM is off" in (
        capsys.readouterr().out
    )
    assert all("itm_loss" not in row for row in read_metrics(tmp_path / "out" / "metrics.jsonl"))


def test_images_that_cannot_be_decoded_are_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_corpus(tmp_path / "lait.parquet", [*PAIRS[:3], (b"GIF89a", "a broken image")])
    assert main(command(folder, tmp_path / "out", "--steps", "1")) == 0
    assert "1 of 4 pairs are left out: their images have no regions" in capsys.readouterr().out


def test_a_loss_that_is_not_finite_stops_and_names_the_image(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_corpus(tmp_path / "lait.parquet", PAIRS[:2])
    assert main(command(folder, tmp_path / "first", "--steps", "1")) == 0
    features = np.load(tmp_path / "lait.regions" / "part-00000" / "features.npy", mmap_mode="r+")
    features[:] = np.inf
    features.flush()
    assert main(command(folder, tmp_path / "second", "--steps", "2")) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    assert error.startswith("error: the loss of step 1 is not finite (mlm nan")
    image = min(pq.read_table(folder)["image_sha256"].to_pylist())
    assert error.endswith(
        f"the regions of image {image} are not finite: delete the regions' folder, they are found again"
    )
    assert checkpoints(tmp_path / "second") == []


def test_a_loss_that_is_not_finite_on_sound_images_asks_for_a_lower_rate(corpus: Path, tmp_path: Path) -> None:
    run = run_of(corpus, tmp_path)
    torch.nn.init.constant_(run.model.heads.itm.bias, float("nan"))
    with pytest.raises(TrainingError, match=r"the loss of step 1 is not finite .*itm nan\); give a lower --lr$"):
        train(run)


def test_a_full_disk_ends_in_one_line_and_leaves_no_half_checkpoint(corpus: Path, tmp_path: Path) -> None:
    """A limit on the size of files stands in for the full disk: the system refuses the same writes."""
    process = subprocess.run(
        [sys.executable, "-m", "training.pretrain", *command(corpus, tmp_path, "--steps", "1")],
        cwd=PACKAGE,
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, 1_000_000)),
    )
    assert process.returncode == 2
    assert process.stderr.splitlines()[-1].startswith(f"error: cannot write {tmp_path}/step-000001")
    assert "Traceback" not in process.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "metrics.jsonl"]


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        (["--steps", "0"], "steps 0 is not positive"),
        (["--epochs", "0"], "epochs 0 is not positive"),
        (["--batch-size", "0"], "batch_size 0 is not positive"),
        (["--lr", "-1"], "learning_rate -1.0 is not in (0, 1)"),
        (["--lr", "nan"], "learning_rate nan is not in (0, 1)"),
        (["--lr", "0"], "learning_rate 0.0 is not in (0, 1)"),
        (["--seed", "-1"], "seed -1 is not in [0, 2 ** 63)"),
        (["--seed", str(2**64)], f"seed {2**64} is not in [0, 2 ** 63)"),
        (["--device", "meta"], "device meta cannot be used"),
        (["--device", "gpu"], "device gpu cannot be used"),
        (["--init", "/nowhere"], "--init /nowhere is no folder"),
        (["--recipe", "base"], "give --init FOLDER"),
        (["--corpus", "/nowhere/lait.parquet"], "/nowhere/lait.parquet does not exist; check the path"),
    ],
)
def test_what_the_user_gets_wrong_is_said_in_one_line(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], complaint: str
) -> None:
    assert main(command(corpus, tmp_path / "out", *more)) == 2
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert complaint in error
    assert not (tmp_path / "out").exists()


def test_an_unknown_recipe_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        main(["--recipe", "huge"])
    assert stop.value.code == 2
    assert "invalid choice: 'huge'" in capsys.readouterr().err


def test_a_corpus_of_zero_pairs_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "lait.parquet"
    folder.mkdir()
    pq.write_table(PAIR_SCHEMA.empty_table(), folder / "part-00000.parquet")
    assert main(command(folder, tmp_path / "out")) == 2
    assert capsys.readouterr().err == (
        f"error: {folder} holds 0 pairs; nothing to train on: look at the rejects' reasons in its build folder\n"
    )


def test_an_output_that_is_a_file_is_refused(corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "taken").write_text("")
    assert main(command(corpus, tmp_path / "taken")) == 2
    assert capsys.readouterr().err.startswith(f"error: cannot write {tmp_path}/taken: File exists")


def test_a_damaged_checkpoint_is_named(corpus: Path, tmp_path: Path) -> None:
    train(run_of(corpus, tmp_path, steps=3))
    state = tmp_path / "step-000003" / "training.safetensors"
    state.write_bytes(state.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"step-000003 is damaged .* delete that folder"):
        train(run_of(corpus, tmp_path), 3, state.parent)


def test_base_is_the_papers_recipe() -> None:
    recipe = base()
    assert (recipe.batch_size, recipe.learning_rate, recipe.epochs) == (48, 1e-4, 17)
    assert (recipe.max_regions, recipe.text_positions) == (100, 44)
    assert recipe.masking.token_share == recipe.masking.region_share == 0.15
    assert set(RECIPES) == {"tiny", "small", "base"}


def test_a_corpus_rebuilt_with_other_images_gets_other_regions_and_not_the_old_checkpoint(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_corpus(tmp_path / "lait.parquet", PAIRS[:3])
    assert main(command(folder, tmp_path / "out", "--steps", "1")) == 0
    shutil.rmtree(folder)
    rebuilt = [(image, text) for (image, _), (_, text) in zip(PAIRS[3:6], PAIRS[:3], strict=True)]
    write_corpus(folder, rebuilt)
    assert main(command(folder, tmp_path / "out", "--steps", "1")) == 2
    assert "holds another run (corpus was " in capsys.readouterr().err
    store = RegionStore([tmp_path / "lait.regions" / "part-00000"])
    shas = [pair(*each).image_sha256 for each in (*rebuilt, PAIRS[0])]
    assert store.rows(np.array(shas, "S64")).tolist() == [0, 1, 2, -1]


def test_a_folder_that_another_run_is_writing_is_refused(
    corpus: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with sole_writer(tmp_path):
        assert main(command(corpus, tmp_path, "--steps", "1", "--fresh")) == 2
    assert capsys.readouterr().err == (
        f"error: another process is writing {tmp_path}; wait for its end, or give another folder\n"
    )


def test_half_a_checkpoint_that_a_kill_left_is_no_checkpoint_and_goes(corpus: Path, tmp_path: Path) -> None:
    assert main(command(corpus, tmp_path, "--steps", "2")) == 0
    shutil.copytree(tmp_path / "step-000002", tmp_path / ".step-000001.tmp")
    assert main(command(corpus, tmp_path, "--steps", "2")) == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == [".lock", "metrics.jsonl", "step-000002"]


def test_one_pair_with_a_text_of_unknown_signs_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_corpus(tmp_path / "lait.parquet", [(PAIRS[0][0], "\U0001f701 \U0001f702")])
    assert main(command(folder, tmp_path / "out", "--steps", "2")) == 0
    assert "warning: the corpus has one text only (1 pairs)" in capsys.readouterr().out
    rows = read_metrics(tmp_path / "out" / "metrics.jsonl")
    assert [{"mlm_loss", "moc_loss", "mrfr_loss", "itm_loss"} & set(row) for row in rows] == [
        {"mlm_loss", "moc_loss", "mrfr_loss"}
    ] * 2


def test_a_corpus_of_broken_images_only_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = write_corpus(tmp_path / "lait.parquet", [(b"GIF89a", "a broken image")])
    assert main(command(folder, tmp_path / "out", "--steps", "1")) == 2
    assert "none of the 1 pairs has an image that can be decoded" in capsys.readouterr().err


def test_threads_of_the_commands_sleep_when_they_wait() -> None:
    """Spinning ones made a step on a busy machine up to four times as long; PyTorch reads this when it is loaded."""
    code = "import os, sys, training; print(os.environ['OMP_WAIT_POLICY'], 'torch' in sys.modules)"
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    done = subprocess.run([sys.executable, "-c", code], cwd=PACKAGE, capture_output=True, env=environment, check=True)
    assert done.stdout == b"PASSIVE False\n"


def test_small_corpora_get_smaller_batches_and_steps_enough() -> None:
    assert [small().fitted(pairs).batch_size for pairs in (3, 16, 40, 1000)] == [8, 8, 20, 48]
    assert small().steps(16) == 150
    assert small().steps(48_000) == 17_000
    assert replace(small(), epochs=1, min_steps=1).steps(49) == 2


@pytest.mark.parametrize("change", [{"batch_size": 0}, {"learning_rate": 1.0}, {"warmup_share": 1.0}])
def test_impossible_recipes_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(change))):
        Recipe(**{**{name: getattr(tiny(), name) for name in Recipe.__slots__}, **change})
