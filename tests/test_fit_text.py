import json
from pathlib import Path

import numpy as np
import pytest

from filters.fit_text import main
from filters.fitting.text_regression import embeddings, fit, left_out, table
from filters.fitting.text_report import report, same_text, score
from filters.fitting.text_samples import LabelledText, read_labels, ruled
from filters.text import TextFilter
from filters.text_model import TextModel
from filters.words import words

ANIMALS = ("dog", "cat", "horse", "sheep", "goat", "duck", "goose", "hen", "fox", "deer", "mouse", "rabbit")


def texts() -> list[LabelledText]:
    return [
        labelled
        for number, animal in enumerate(ANIMALS)
        for labelled in (
            LabelledText(f"A brown {animal} runs along the wet beach", "alt", keep=True, site=f"{number}.example"),
            LabelledText(f"I hope you love our {animal} stories", "alt", keep=False, site=f"{number}.example"),
        )
    ]


def written(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def rows() -> list[dict[str, object]]:
    return [
        {"text": text.text, "source": text.source, "label": "keep" if text.keep else "drop", "site": text.site}
        for text in texts()
    ]


def test_texts_of_left_out_sites_are_told_apart_by_what_the_others_teach() -> None:
    labelled = texts()
    found = left_out(table([text.text for text in labelled], ["alt"] * len(labelled)), labelled, seed=0)

    assert [bool(value > 0.5) for value in found] == [text.keep for text in labelled]


def test_too_few_sites_cannot_be_left_out() -> None:
    labelled = texts()[:4]
    with pytest.raises(ValueError, match="at least 10 sites, not 2"):
        left_out(table([text.text for text in labelled], ["alt"] * 4), labelled, seed=0)


def test_the_saved_model_answers_as_the_fitted_one(tmp_path: Path) -> None:
    labelled = texts()
    told = table([text.text for text in labelled], ["alt"] * len(labelled))
    weights = fit(told, np.array([text.keep for text in labelled]), np.ones(len(labelled)), embeddings())
    weights.save(tmp_path / "text.npz")

    model = TextModel(tmp_path / "text.npz")
    answers = [model.probability(text.text, words(text.text), "alt") for text in labelled]
    assert answers == pytest.approx(weights.probabilities(told), abs=0.02)


def test_scores_count_what_is_kept_rightly_wrongly_and_not() -> None:
    found = score([True, True, True, False], [True, True, False, True])

    assert (found.precision, found.recall, found.f1) == pytest.approx((2 / 3, 2 / 3, 2 / 3))


def test_texts_are_the_same_whatever_case_space_and_end_marks() -> None:
    assert same_text("A  dog runs.", "a dog runs")
    assert not same_text("A dog runs", "A dog ran")


def test_the_report_counts_by_source_and_by_labelled_reason() -> None:
    labelled = [
        LabelledText(
            "A brown dog runs on the wet beach. Photo: Jo Doe", "alt", True, clean="A brown dog runs on the wet beach"
        ),
        LabelledText("DSC_0123.JPG", "alt", False, "file_name"),
        LabelledText("Share this story", "heading", False, "boilerplate"),
    ]

    assert report(labelled, TextFilter()).splitlines() == [
        "| source | texts | to be kept | precision | recall | F1 | cleaned right |",
        "| --- | --- | --- | --- | --- | --- | --- |",
        "| alt | 2 | 1 | 1.00 | 1.00 | 1.000 | 1.00 |",
        "| heading | 1 | 0 | 0.00 | 0.00 | 0.000 | - |",
        "| all | 3 | 1 | 1.00 | 1.00 | 1.000 | 1.00 |",
        "",
        "| labelled | texts | dropped | as |",
        "| --- | --- | --- | --- |",
        "| (keep) | 1 | 0 |  |",
        "| boilerplate | 1 | 1 | boilerplate 1 |",
        "| file_name | 1 | 1 | file_name 1 |",
    ]


def test_the_rules_alone_decide_what_the_model_sees() -> None:
    found = ruled([LabelledText("Getty Images", "alt", False), LabelledText("I hope you love our dogs", "alt", False)])

    assert [row.reason for row in found] == ["credit_only", None]


def test_the_command_compares_fits_and_names_what_it_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "made" / "text.npz"

    assert main([str(written(tmp_path / "labels.jsonl", rows())), "--out", str(out), "--seeds", "1"]) == 0

    printed = capsys.readouterr().out
    assert "24 texts of 12 sites" in printed
    assert "| rules alone | - | 0.500 | 1.000 | 0.667 |" in printed
    assert "| rules, then model | 0.5 | 1.000 | 1.000 | 1.000 |" in printed
    assert f"TextFilter(model=Path({str(out)!r}))" in printed
    dog = "A brown dog runs along the beach"
    assert TextModel(out).probability(dog, words(dog), "alt") > 0.5


def test_the_report_fits_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "text.npz"

    assert main(["--report", str(written(tmp_path / "labels.jsonl", rows())), "--out", str(out)]) == 0

    assert not out.exists()
    assert "| all | 24 | 12 |" in capsys.readouterr().out


@pytest.mark.parametrize("line", ["{", '{"text": "a"}', '{"text": "a", "source": "alt", "label": "maybe"}', "[]"])
def test_a_line_that_is_no_labelled_text_is_named(
    tmp_path: Path, line: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "labels.jsonl"
    path.write_text(f"\n{json.dumps(rows()[0])}\n{line}\n", encoding="utf-8")

    assert main([str(path)]) == 1
    assert f"{path}, line 3: not of the form" in capsys.readouterr().err


def test_weights_and_sites_are_read(tmp_path: Path) -> None:
    path = written(tmp_path / "labels.jsonl", [rows()[0] | {"weight": 0.4, "page_id": "7"}, rows()[1] | {"site": ""}])

    assert [(text.weight, text.site) for text in read_labels([path])] == [(0.4, "0.example"), (1.0, "")]
