import gzip
import json
from math import log
from pathlib import Path

import numpy as np
import pytest

from crawler.fit_main_image import OFF_PAGE, main
from crawler.fitting.labelled_pages import LabelledPage, read_pages, table_of
from crawler.fitting.page_softmax import FEATURES, SPEAKS_AGAINST, SPEAKS_FOR, fit, folds_by_site, winners

TEXT = "<p>" + "The keeper climbed the stairs every evening to light the lamp for passing ships. " * 3 + "</p>"


def record(site: int) -> dict[str, object]:
    """A page with its main image first; one of every four without any but a logo."""
    url = f"https://site{site}.example/story"
    logo = '<header><img src="/img/site-logo.png" width=200 height=60></header>'
    hero = '<figure><img class="hero" src="/up/lamp-at-dusk.jpg" alt="The keeper lights the lamp"></figure>'
    other = '<p><img src="/up/view-of-the-sea.jpg"></p>'
    if site % 4 == 0:
        return {"url": url, "gold_urls": [], "html_original": f"{logo}<h1>Rules</h1>{TEXT * 2}"}
    body = f"{logo}<h1>The keeper</h1>{hero}{TEXT}{other}{TEXT}"
    return {"url": url, "gold_urls": [f"{url}/../up/lamp-at-dusk.jpg"], "html_original": body, "html_masked": body}


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    path = tmp_path / "pages.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.writelines(json.dumps(record(site)) + "\n" for site in range(20))
    return path


def test_weights_are_learnt_from_a_file_of_pages(
    pages: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--pages", str(pages), "--out", str(tmp_path / "model")]) == 0
    out = capsys.readouterr().out
    # 15 pages in two variants with logo, hero and another image; 5 pages in one variant with the logo
    assert "35 page variants of 20 sites, 95 contenders" in out
    assert out.count("100.0 % ± 0.0") == 3
    weights = json.loads((tmp_path / "model" / "main_image.json").read_text())
    assert set(weights) == {*FEATURES, "none", "off_page"}
    assert weights["off_page"] == OFF_PAGE
    assert weights["hero_name"] > 0 > weights["logo_url"]
    assert weights["picture"] == 0  # on none of the pages
    assert all(weights[name] >= 0 for name in SPEAKS_FOR)
    assert all(weights[name] <= 0 for name in SPEAKS_AGAINST)


def test_the_right_contender_is_known_by_its_address(pages: Path) -> None:
    first = next(page for page in read_pages(pages) if page.has_main_image)
    assert (first.site, first.variant, first.right) == ("site1.example", "original", (False, True, False))


def test_without_shrinkage_the_odds_of_an_image_are_those_of_the_pages() -> None:
    """Nine pages with one image, the right one, and one page where it is wrong, which counts three times: 9 to 3."""
    pages = [LabelledPage(f"s{n}", "original", n > 0, ({"hero_name": 1.0},), (n > 0,)) for n in range(10)]
    table = table_of(pages, ("hero_name",))
    hero, none = fit(table, np.ones(10, np.bool_), shrinkage=1e-9)
    assert hero - none == pytest.approx(log(9 / 3), abs=1e-3)


def test_none_wins_a_tie() -> None:
    page = LabelledPage("s", "original", False, ({"alone": 1.0}, {"alone": 0.5}), (False, False))
    table = table_of([page], ("alone",))
    assert winners(table, np.array([1.0, 1.0])).tolist() == [2]
    assert winners(table, np.array([1.0, 0.9])).tolist() == [0]


def test_the_pages_of_a_site_are_in_one_fold() -> None:
    table = table_of([LabelledPage(f"s{n % 7}", "original", False, (), ()) for n in range(70)], ())
    folds = folds_by_site(table, 5, seed=1)
    assert all(len({folds[n] for n in range(site, 70, 7)}) == 1 for site in range(7))


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("not json", "line 1: no labelled page"),
        ('{"url": "http://a.example/"}', "line 1: no labelled page"),
        ("", "0 sites"),
    ],
)
def test_a_file_that_cannot_be_learnt_from_is_an_error_of_one_line(
    line: str, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pages.jsonl"
    path.write_text(line)
    assert main(["--pages", str(path), "--out", str(tmp_path)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert message in error
    assert error.count("\n") == 1


def test_a_feature_without_a_sign_is_an_error() -> None:
    page = LabelledPage("s", "original", False, ({"new": 1.0},), (False,))
    with pytest.raises(ValueError, match="feature 'new' has no sign"):
        table_of([page], FEATURES)
