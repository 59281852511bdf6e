import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.run import UsageError, main, with_runner


def test_the_default_runner_is_named_and_uses_every_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 4)
    assert with_runner(["--input", "x"]) == [
        "--runner=FnApiRunner",
        "--direct_running_mode=multi_processing",
        "--direct_num_workers=4",
        "--input",
        "x",
    ]


def test_one_core_needs_no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert with_runner([])[1] == "--direct_running_mode=in_memory"


def test_arguments_that_are_complete_stay_as_they_are() -> None:
    given = with_runner(["--direct_num_workers", "2"])
    assert with_runner(given) == given


@pytest.mark.parametrize(("short", "name"), [("flink", "FlinkRunner"), ("Spark", "SparkRunner")])
def test_short_names_stand_for_cluster_runners(short: str, name: str) -> None:
    assert with_runner(["--runner", short, "--parallelism=8"]) == [f"--runner={name}", "--parallelism=8"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--direct_running_mode=multi_threading"], "loses records"),
        (["--runner=warp"], "unknown runner 'warp'"),
        (["--runner=dask"], "pip install 'apache-beam"),
        (["--runner=dataflow"], "pip install 'apache-beam"),
    ],
)
def test_runners_that_cannot_work_are_refused_with_the_reason(arguments: list[str], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        with_runner(arguments)


def test_the_script_gets_its_arguments_and_its_exit_status_comes_back(tmp_path: Path) -> None:
    script = tmp_path / "script.py"
    script.write_text("import sys; print(sys.argv[1:]); sys.exit(7)")
    command = [sys.executable, "-m", "pipelines.run", "run", str(script), "--color", "red", "--direct_num_workers=1"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 7
    assert done.stdout.strip() == str(
        ["--runner=FnApiRunner", "--direct_running_mode=in_memory", "--direct_num_workers=1", "--color", "red"]
    )


def test_a_missing_script_is_one_clear_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "nowhere.py"]) == 2
    assert capsys.readouterr().err == (
        "beam: error: nowhere.py does not exist; give a Beam script, such as pipelines/build_lait.py\n"
    )


def test_a_namesake_on_the_path_is_pointed_out(tmp_path: Path) -> None:
    (tmp_path / "beam_client-1.0.dist-info").mkdir()
    (tmp_path / "beam_client-1.0.dist-info" / "METADATA").write_text("Name: beam-client\nVersion: 1.0\n")
    command = [sys.executable, "-m", "pipelines.run", "run", "nowhere.py"]
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, "PYTHONPATH": path})
    assert "`python -m pipelines.run` is always this one" in done.stderr.splitlines()[0]


def test_help_names_the_runners(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["--help"])
    assert end.value.code == 0
    assert "flink, spark, dataflow or dask" in capsys.readouterr().out
