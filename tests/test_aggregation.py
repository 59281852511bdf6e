import random
from dataclasses import replace

import pytest

from pipelines.aggregation import (
    AggregationRules,
    Survivor,
    bands,
    near_pairs,
    one_image,
    roots,
    text_key,
)
from pipelines.schema import Pair, Rival


def survivor(page: str, relevance: float, text: str = "A red boat", rivals: tuple[Rival, ...] = ()) -> Survivor:
    pair = Pair(
        image_sha256="00" * 32,
        image=b"",
        image_phash="0" * 16,
        width=640,
        height=480,
        animated=False,
        text=text,
        text_source="alt",
        relevance=relevance,
        nsfw=0.0,
        natural=1.0,
        rivals=rivals,
        page_url=page,
        image_url=f"{page}/boat.jpg",
        license_url=None,
        fetched_at="2026-01-01T00:00:00+00:00",
    )
    return Survivor(pair, "analysed/a.parquet")


def flipped(phash: str, bits: list[int]) -> str:
    value = int(phash, 16)
    for bit in bits:
        value ^= 1 << bit
    return f"{value:016x}"


def test_hashes_within_the_distance_always_share_a_band() -> None:
    generator = random.Random(1)
    for distance in (0, 1, 3, 7):
        for _ in range(200):
            left = f"{generator.getrandbits(64):016x}"
            right = flipped(left, generator.sample(range(64), distance))
            assert set(bands(left, distance)) & set(bands(right, distance))


def test_bands_cover_all_64_bits_once() -> None:
    keys = list(bands("ffff0000ffff0000", 3))
    assert keys == ["0:" + "1" * 16, "1:" + "0" * 16, "2:" + "1" * 16, "3:" + "0" * 16]


def test_near_pairs_are_those_within_the_distance() -> None:
    zero, three, four = "0" * 16, flipped("0" * 16, [0, 20, 40]), flipped("0" * 16, [0, 1, 2, 3])
    assert list(near_pairs([zero, three, four, zero], 3)) == [(zero, three)]


def test_roots_join_chains_under_the_smallest_hash_in_any_order() -> None:
    edges = [("c", "d"), ("a", "b"), ("b", "c"), ("x", "y")]
    expected = {"a": "a", "b": "a", "c": "a", "d": "a", "x": "x", "y": "x"}
    assert roots(edges) == expected
    assert roots(reversed(edges)) == expected


def test_an_image_keeps_its_best_pair_and_the_others_texts_as_rivals() -> None:
    weak = survivor("http://b", 0.6, "A boat", (Rival("boats", "title", "http://b", None, "too_short"),))
    strong = survivor("http://a", 0.9, "A red boat at sea")
    image = one_image([weak, strong])
    assert image.best.pair.text == "A red boat at sea"
    assert image.merged == (weak,)
    assert image.best.pair.rivals == (
        Rival("A boat", "alt", "http://b", 0.6, None),
        Rival("boats", "title", "http://b", None, "too_short"),
    )


def test_equal_scores_are_decided_by_the_address_not_by_the_order() -> None:
    one, two = survivor("http://a", 0.8), survivor("http://b", 0.8)
    assert one_image([two, one]) == one_image([one, two])
    assert one_image([two, one]).best.pair.page_url == "http://a"


def test_a_rival_text_is_listed_once_and_never_the_pairs_own() -> None:
    rivals = (Rival("A boat", "title", "http://a", 0.5, None), Rival("A boat", "alt", "http://a", 0.25, None))
    image = one_image([survivor("http://a", 0.9, rivals=rivals), survivor("http://b", 0.8, rivals=rivals)])
    assert image.best.pair.rivals == rivals[:1]


def test_a_picture_on_countless_pages_keeps_its_best_hundred_rivals() -> None:
    copies = [survivor(f"http://a/{number:03d}", 1 - number / 1000, f"Boat {number}") for number in range(300)]
    rivals = one_image(copies).best.pair.rivals
    assert [rival.text for rival in rivals] == [f"Boat {number}" for number in range(1, 101)]


def test_text_keys_ignore_case_punctuation_and_white_space() -> None:
    assert text_key("A Red  boat!") == text_key("a red boat")
    assert text_key("a red boat") != text_key("a red goat")


@pytest.mark.parametrize("rules", [{"near_distance": -1}, {"near_distance": 8}, {"max_images_per_text": 0}])
def test_rules_that_make_no_sense_are_refused_with_their_value(rules: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=str(next(iter(rules.values())))):
        AggregationRules(**rules)


def test_rank_sorts_by_relevance_first() -> None:
    low, high = survivor("http://a", 0.1), survivor("http://z", 0.2)
    assert sorted([low, high], key=lambda one: one.rank) == [high, low]
    assert replace(low, pair=replace(low.pair, fetched_at="2027-01-01T00:00:00+00:00")).rank > low.rank
