from math import exp
from pathlib import Path

import numpy as np
import pytest

from filters.text_features import FEATURES, SOURCES, text_features
from filters.text_model import MODEL_PATH, TextModel, word_pieces
from filters.words import words

DOG = "A brown dog runs along the wet beach at sunset"


def features(text: str, source: str = "alt") -> dict[str, float]:
    return dict(zip(FEATURES, text_features(text, words(text), source), strict=True))


def probability(text: str, source: str = "alt") -> float:
    return TextModel().probability(text, words(text), source)


def changed(tmp_path: Path, **arrays: object) -> Path:
    path = tmp_path / "text.npz"
    with np.load(MODEL_PATH) as packaged:
        np.savez(path, **{name: packaged[name] for name in packaged.files} | arrays)
    return path


def test_shares_are_of_the_words() -> None:
    found = features("You can see 2 Dogs running")

    assert found["reader"] == 1
    assert found["share_reader"] == pytest.approx(1 / 6)
    assert found["numbers"] == pytest.approx(1 / 6)
    assert found["ing"] == pytest.approx(1 / 6)
    assert found["capitalised"] == pytest.approx(2 / 6)


def test_marks_and_first_words_are_told() -> None:
    found = features("Click the dog?")

    assert (found["order_first"], found["ends_in_question"], found["three_words"]) == (1, 1, 1)
    assert (found["ends_in_full_stop"], found["four_words"], found["writer"]) == (0, 0, 0)


@pytest.mark.parametrize("source", [*SOURCES, "elsewhere"])
def test_a_source_is_one_feature_and_an_unknown_one_none(source: str) -> None:
    found = features(DOG, source)

    assert [name for name in SOURCES if found[f"from_{name}"]] == [name for name in SOURCES if name == source]


def test_curly_apostrophes_and_possessives_do_not_make_a_word_unknown() -> None:
    assert features("The dog\u2019s owner isn\u2019t here")["unknown"] == 0


def test_a_description_is_likelier_than_chat() -> None:
    assert probability(DOG) > 0.9
    assert probability("Thank you so much, we are so happy you liked it!", "surrounding") < 0.1


def test_contributions_add_up_to_the_logit() -> None:
    told = TextModel().contributions(DOG, "alt")

    logit = sum(value for _, value in told)
    assert 1 / (1 + exp(-logit)) == pytest.approx(probability(DOG))
    assert {"bias", "from_alt", "dog", "first a", "last sunset"} <= {name for name, _ in told}


def test_a_text_without_known_word_pieces_still_has_one() -> None:
    assert len(word_pieces("\u200b")) >= 1


def test_a_missing_model_names_the_command_that_makes_it(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"none\.npz is missing; .*python -m filters\.fit_text"):
        TextModel(tmp_path / "none.npz")


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "text.npz"
    path.write_bytes(MODEL_PATH.read_bytes()[:1000])
    with pytest.raises(ValueError, match="no text model, or damaged"):
        TextModel(path)


def test_a_model_for_other_features_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=f"no text model of these {len(FEATURES)} features"):
        TextModel(changed(tmp_path, features=np.array([*FEATURES[:-1], "other"])))


def test_a_model_for_another_vocabulary_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="for another vocabulary"):
        TextModel(changed(tmp_path, vocabulary=np.array("0123456789abcdef")))


def test_the_artefact_is_small() -> None:
    assert MODEL_PATH.stat().st_size < 100_000
