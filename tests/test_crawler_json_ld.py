import json

import pytest

from crawler.json_ld import MAX_SCRIPT, named_images


def named(data: object) -> list[tuple[str, str]]:
    return list(named_images(json.dumps(data)))


def test_an_image_object_has_its_caption_and_an_address_has_none() -> None:
    picture = {"@type": "ImageObject", "contentUrl": "/a.jpg", "caption": "The mill at dawn"}
    assert named({"@type": "Article", "image": ["/b.jpg", picture]}) == [("/b.jpg", ""), ("/a.jpg", "The mill at dawn")]


def test_a_caption_that_is_no_text_is_none() -> None:
    assert named({"@type": "Article", "image": {"url": "/a.jpg", "caption": {"@value": "x"}}}) == [("/a.jpg", "")]


def test_a_reference_stands_for_the_object_of_the_graph() -> None:
    graph = [
        {"@type": "WebPage", "primaryImageOfPage": {"@id": "#i"}},
        {"@type": "ImageObject", "@id": "#i", "url": "/a.jpg", "caption": "The mill"},
        {"@type": "Organization", "image": "/logo.png"},
    ]
    assert named({"@graph": graph}) == [("/a.jpg", "The mill")]


@pytest.mark.parametrize(
    "script", ["", "{", '{"image": ', "[" * 100_000 + '"image"', '{"image": "/a.jpg"}' + " " * MAX_SCRIPT]
)
def test_what_cannot_be_read_names_none(script: str) -> None:
    assert list(named_images(script)) == []
