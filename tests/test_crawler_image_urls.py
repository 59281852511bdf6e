import time

import pytest

from crawler.image_key import image_key
from crawler.image_urls import (
    Source,
    first_address,
    image_sources,
    is_placeholder,
    largest,
    srcset_entries,
    width_in_url,
)


@pytest.mark.parametrize(
    ("srcset", "entries"),
    [
        ("a.jpg 300w, b.jpg 1200w", [("a.jpg", 300), ("b.jpg", 1200)]),
        ("a.jpg, b.jpg 2x", [("a.jpg", None), ("b.jpg", 1_400)]),
        (
            "https://c.example/w_300,h_200/a.jpg 300w,https://c.example/w_900,h_600/a.jpg 900w",
            [("https://c.example/w_300,h_200/a.jpg", 300), ("https://c.example/w_900,h_600/a.jpg", 900)],
        ),
        ("data:image/gif;base64,R0 1w, a.jpg 640w", [("a.jpg", 640)]),
        ("", []),
        ("two words.jpg 300w, b.jpg 600w", [("b.jpg", 600)]),
        (", ,a.jpg ,", [("a.jpg", None)]),
        ("," * 100_000, []),
    ],
)
def test_srcset_entries_with_commas_in_addresses(srcset: str, entries: list[tuple[str, int | None]]) -> None:
    assert [(entry.address, entry.width) for entry in srcset_entries(srcset)] == entries


@pytest.mark.parametrize(
    ("url", "width"),
    [
        ("/a-300x200.jpg", 300),
        ("/a.jpg?w=640&h=480", 640),
        ("/w_1200/a.jpg", 1200),
        ("/2024/05/a.jpg", None),
        ("/a.jpg?id=12345", None),
    ],
)
def test_width_claimed_by_an_address(url: str, width: int | None) -> None:
    assert width_in_url(url) == width


def test_an_unstated_width_beats_a_thumbnail_and_loses_to_a_large_one() -> None:
    plain, thumbnail, large = Source("p.jpg", None), Source("t.jpg", 150), Source("l.jpg", 1600)
    assert largest([thumbnail, plain]) == plain
    assert largest([plain, large]) == large


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/x/harbour-at-dawn-300x200.jpg", "https://cdn.example/y/harbour-at-dawn.webp?w=9"),
        ("https://r.example/fit/https%3A%2F%2Fa.example%2Fharbour-at-dawn.jpg", "/img/harbour-at-dawn.jpg"),
        ("/photos/1234/large.jpg", "https://a.example/photos/1234/large.jpg"),
    ],
)
def test_addresses_of_one_image_share_a_key(one: str, other: str) -> None:
    assert image_key(one) == image_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/photos/1234/large.jpg", "/photos/1235/large.jpg"),
        ("/image?id=1", "/image?id=2"),
        ("/a/harbour-1.jpg", "/a/harbour-2.jpg"),
        ("/p/IMG_1234.jpg", "/p/IMG_1235.jpg"),
        ("/p/DSC_0192.jpg", "/p/DSC_0193.jpg"),
        ("https://i.example/vi/AAA/hqdefault.jpg", "https://i.example/vi/BBB/hqdefault.jpg"),
        ("/m/111/original.jpg", "/m/222/original.jpg"),
        ("/p/harbour-festival-2019.jpg", "/p/harbour-festival-2020.jpg"),
    ],
)
def test_different_images_have_different_keys(one: str, other: str) -> None:
    assert image_key(one) != image_key(other)


def test_sources_leave_placeholders_out() -> None:
    attributes: dict[str, str | None] = {
        "src": "/img/spacer.gif",
        "data-src": "/a/b.jpg",
        "srcset": "/a/c-900x600.jpg",
        "data-url": "{{ url }}",
    }
    assert [source.address for source in image_sources(attributes)] == ["/a/b.jpg", "/a/c-900x600.jpg"]


def test_a_word_of_a_placeholder_in_a_long_name_is_none() -> None:
    assert is_placeholder("/img/loading-2x.gif")
    assert not is_placeholder("/img/empty-chairs-at-the-hearing.jpg")


def test_beside_a_lazy_address_src_is_a_stand_in_whatever_its_name() -> None:
    attributes: dict[str, str | None] = {"src": "/theme/grey-tile.png", "data-src": "/up/boat.jpg"}
    assert image_sources(attributes) == [Source("/up/boat.jpg", None)]
    assert first_address({"src": "/theme/t.png", "data-srcset": "/up/boat.jpg 800w"}) == "/up/boat.jpg"
    assert first_address({"src": "/theme/t.png", "data-src": "true"}) == "/theme/t.png"


def test_what_a_share_button_reads_is_a_last_resort() -> None:
    assert first_address({"src": "/up/boat.jpg", "data-url": "/news/boats"}) == "/up/boat.jpg"
    assert first_address({"data-pin-media": "/up/boat.jpg"}) == "/up/boat.jpg"


def test_the_key_of_a_hostile_address_takes_bounded_work() -> None:
    started = time.process_time()
    image_key("http://a.example/" + "-100x100" * 100_000 + "!")
    assert time.process_time() - started < 1


@pytest.mark.parametrize(
    ("srcset", "widths"),
    [
        ("a.jpg 1x, b.jpg 2x", [700, 1_400]),
        ("a.jpg .w, b.jpg 640w", [None, 640]),
        (f"a.jpg {'9' * 400}w", [None]),
        ("a.jpg 1.5.2x", [None]),
    ],
)
def test_descriptors_that_cannot_be_believed_say_nothing(srcset: str, widths: list[int | None]) -> None:
    assert [entry.width for entry in srcset_entries(srcset)] == widths


def test_a_lazy_address_may_be_a_bare_file_name() -> None:
    assert first_address({"src": "/theme/t.png", "data-src": "harbour.jpg"}) == "harbour.jpg"
