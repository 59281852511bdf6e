from collections import Counter

import pytest

from pipelines.funnel import Funnel, total


def test_a_funnel_in_which_every_candidate_ended_somewhere_passes() -> None:
    Funnel(10, pairs=3, merged=1, errors=1, rejects=Counter({"size/too_small": 5})).check()


def test_a_lost_candidate_fails_the_check_with_the_numbers() -> None:
    with pytest.raises(RuntimeError, match=r"10 candidates, but 3 pairs \+ 5 rejects .* = 9"):
        Funnel(10, pairs=3, merged=1, rejects=Counter({"size/too_small": 5})).check()


def test_parts_add_up() -> None:
    parts = [Funnel(4, rejects=Counter({"nsfw/nsfw": 2})), Funnel(pairs=1, rejects=Counter({"nsfw/nsfw": 1}))]
    assert total(parts) == Funnel(4, pairs=1, rejects=Counter({"nsfw/nsfw": 3}))


def test_drops_come_in_the_order_of_the_stages() -> None:
    rejects = Counter({"relevance/irrelevant": 1, "text/oov": 1, "text/too_short": 5, "image/svg": 2})
    assert Funnel(rejects=rejects).drops() == [
        ("image", "svg", 2),
        ("text", "too_short", 5),
        ("text", "oov", 1),
        ("relevance", "irrelevant", 1),
    ]


def test_json_round_trip() -> None:
    funnel = Funnel(7, 3, 1, 1, Counter({"size/too_small": 2}))
    assert Funnel.from_json(funnel.to_json()) == funnel


def test_the_table_has_a_line_for_every_number() -> None:
    table = Funnel(1234, 1000, 30, 4, Counter({"size/too_small": 200})).table().splitlines()
    assert [line.split()[-1] for line in table] == ["1,234", "200", "4", "30", "1,000"]
