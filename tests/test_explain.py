from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from crawler.items import Text
from scoring import explain as explaining
from scoring.describe import Describer
from scoring.explain import Explanation, explain
from scoring.features import FEATURES
from scoring.relevance import RelevanceModel

PHOTO = Path(str(files("skimage.data") / "coffee.png"))
CAPTION = "A cup of coffee on a saucer with a spoon"
HEADLINE = Text("title", "Ten Ways to Save on Your Mortgage")


@pytest.fixture(scope="module")
def model() -> RelevanceModel:
    return RelevanceModel()


@pytest.fixture(scope="module")
def describer() -> Describer:
    return Describer()


def explained(text: Text | str, model: RelevanceModel, describer: Describer) -> Explanation:
    with Image.open(PHOTO) as photo:
        return explain(photo.convert("RGB"), text, [HEADLINE], model, describer)


def test_contributions_and_average_add_up_to_the_score_that_the_model_gives(
    model: RelevanceModel, describer: Describer
) -> None:
    found = explained(CAPTION, model, describer)
    log_odds = found.average + sum(contribution.log_odds for contribution in found.contributions)
    assert 1 / (1 + np.exp(-log_odds)) == pytest.approx(found.relevance, abs=1e-4)
    with Image.open(PHOTO) as photo:
        image = photo.convert("RGB")
    pictures = model.with_joint(describer.pictures([image], [image.size]), [image])
    ((score, _),) = model.scores(pictures, [[Text("alt", CAPTION), HEADLINE]])
    assert found.relevance == pytest.approx(score)


def test_every_feature_is_accounted_for_and_the_strongest_come_first(
    model: RelevanceModel, describer: Describer
) -> None:
    found = explained(CAPTION, model, describer)
    assert sorted(contribution.feature for contribution in found.contributions) == sorted(FEATURES)
    strengths = [abs(contribution.log_odds) for contribution in found.contributions]
    assert strengths == sorted(strengths, reverse=True)
    (characters,) = (known for known in found.contributions if known.feature == "characters")
    assert (characters.value, characters.group) == (len(CAPTION), "text")


def test_ten_features_are_printed_between_the_score_and_the_rest(
    model: RelevanceModel, describer: Describer, capsys: pytest.CaptureFixture[str]
) -> None:
    found = explained(CAPTION, model, describer)
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"relevance {found.relevance:.3f}"
    assert [line.split()[0] for line in lines[2:12]] == [known.feature for known in found.contributions[:10]]
    assert lines[12].startswith("the other features")
    assert len(lines) == 14


def test_the_command_explains_a_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert explaining.main([str(PHOTO), CAPTION, "--rival", "title: Ten Ways to Save on Your Mortgage"]) == 0
    assert capsys.readouterr().out.startswith("relevance 0.")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["{missing}", CAPTION], "missing.jpg"),
        (["{text}", CAPTION], "is not a usable image"),
        ([str(PHOTO), CAPTION, "--rival", "nowhere: a text"], "is not SOURCE:TEXT"),
        ([str(PHOTO), CAPTION, "--model", "{empty}"], "relevance.npz is missing"),
    ],
)
def test_what_a_user_can_put_right_ends_in_one_line(
    arguments: list[str], said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "text.jpg").write_text("no image")
    places = {"missing": tmp_path / "missing.jpg", "text": tmp_path / "text.jpg", "empty": tmp_path}
    assert explaining.main([argument.format(**places) for argument in arguments]) == 1
    assert said in capsys.readouterr().err.strip().splitlines()[-1]
