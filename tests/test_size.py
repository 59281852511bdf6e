import pytest

from filters.size import SizeFilter


@pytest.mark.parametrize(
    ("width", "height", "reason"),
    [
        (301, 301, None),
        (300, 301, "too_small"),
        (301, 300, "too_small"),
        (4000, 300, "too_small"),
        (903, 301, None),  # exactly three to one
        (904, 301, "extreme_aspect"),
        (301, 904, "extreme_aspect"),
        (0, 0, "too_small"),
    ],
)
def test_both_sides_must_be_over_300_pixels_and_no_more_than_three_to_one(
    width: int, height: int, reason: str | None
) -> None:
    assert SizeFilter().reason_to_drop(width, height, 1) == reason


@pytest.mark.parametrize(("byte_count", "reason"), [(4999, "too_few_bytes"), (5000, None)])
def test_a_byte_floor_can_be_set(byte_count: int, reason: str | None) -> None:
    assert SizeFilter(min_bytes=5000).reason_to_drop(640, 480, byte_count) == reason


@pytest.mark.parametrize(("byte_count", "reason"), [(20_000_001, "too_many_bytes"), (20_000_000, None), (0, None)])
def test_a_byte_ceiling_can_be_set(byte_count: int, reason: str | None) -> None:
    assert SizeFilter(max_bytes=20_000_000).reason_to_drop(640, 480, byte_count) == reason
    assert SizeFilter().reason_to_drop(640, 480, byte_count) is None


def test_the_neighbours_settings_can_be_had() -> None:
    cc3m = SizeFilter(min_side=400, max_aspect=2.0)

    assert cc3m.reason_to_drop(401, 400, 1) == "too_small"
    assert cc3m.reason_to_drop(1000, 450, 1) == "extreme_aspect"
    assert cc3m.reason_to_drop(900, 450, 1) is None


def test_no_floor_still_drops_an_image_without_pixels() -> None:
    assert SizeFilter(min_side=0).reason_to_drop(0, 5, 1) == "too_small"


def test_settings_that_make_no_sense_are_refused_with_their_values() -> None:
    with pytest.raises(ValueError, match="min_side -1"):
        SizeFilter(min_side=-1)
    with pytest.raises(ValueError, match="min_bytes -5"):
        SizeFilter(min_bytes=-5)
    with pytest.raises(ValueError, match="max_bytes 10 is below min_bytes 20"):
        SizeFilter(min_bytes=20, max_bytes=10)
    with pytest.raises(ValueError, match=r"not 0\.5"):
        SizeFilter(max_aspect=0.5)
    with pytest.raises(ValueError, match="not nan"):
        SizeFilter(max_aspect=float("nan"))


@pytest.mark.parametrize("value", [float("nan"), float("inf"), 300.5])
@pytest.mark.parametrize("name", ["min_side", "min_bytes", "max_bytes"])
def test_pixels_and_bytes_are_whole_numbers(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"{name} {value}"):
        SizeFilter(**{name: value})  # type: ignore[arg-type]
