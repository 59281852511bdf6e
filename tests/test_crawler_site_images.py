import pytest

from crawler.extraction import Dropped, Extract, extract
from crawler.site_images import SiteImages

TEXT = "<p>" + "The bridge was closed for the whole winter because of the ice on the river. " * 5
STAND_IN = '<figure><img src="https://cdn.example/theme/newsroom-view.jpg" width=900 height=600></figure>'
OWN = '<p><img src="/uploads/ice-on-the-river.jpg" width=900 height=600></p>'
HTML = {"content-type": ["text/html; charset=utf-8"]}
NOW = "2024-05-01T00:00:00+00:00"


def winner(site: str, number: int, body: str, images: SiteImages) -> str | None:
    found = extract(f"<h1>Bridge {number}</h1>{body}".encode(), f"https://{site}/{number}", HTML, NOW, images)
    if isinstance(found, Dropped):
        return found.reason
    assert isinstance(found, Extract)
    return found.candidate.image_url.rpartition("/")[2]


def test_an_image_of_page_after_page_wins_three_times_and_no_more() -> None:
    images = SiteImages()
    answers = [winner("news.example", number, STAND_IN + TEXT, images) for number in range(5)]
    assert answers == ["newsroom-view.jpg"] * 3 + ["no_main_image"] * 2
    assert winner("other.example", 1, STAND_IN + TEXT, images) == "newsroom-view.jpg"


def test_behind_a_stand_in_the_next_best_image_wins() -> None:
    images = SiteImages()
    for number in range(3):
        images.note(f"https://www.news.example/{number}", "https://cdn.example/small/newsroom-view-300x200.jpg")
    assert winner("news.example", 4, STAND_IN + TEXT + OWN + TEXT, images) == "ice-on-the-river.jpg"


def test_the_longest_unseen_image_is_forgotten_first() -> None:
    images = SiteImages(remembered=2)
    for name in ("harbour-a", "harbour-a", "harbour-a", "harbour-b", "harbour-c"):
        images.note("https://a.example/", f"https://a.example/{name}.jpg")
    assert not images.is_stand_in("https://a.example/", "https://a.example/harbour-a.jpg")
    with pytest.raises(ValueError, match="remembered=0"):
        SiteImages(remembered=0)
