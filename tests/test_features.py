import numpy as np
import pytest

from crawler.items import TEXT_SOURCES, Text
from filters.backbone import ImageEmbedding
from scoring.class_space import ClassNouns, ClassSpace, said_in_words
from scoring.cross_features import CROSS_FEATURES, FALLING, RISING, Matchers, cross_features
from scoring.dual_encoder import DualEncoder, Floats, Moments, unit
from scoring.features import FEATURE_GROUPS, FEATURES, IMAGE_FEATURES, image_features, pair_features
from scoring.text_encoder import TextEncoder
from scoring.text_features import TEXT_FEATURES, text_features, zipf


def text_row(text: str, source: str = "alt") -> dict[str, float]:
    return dict(zip(TEXT_FEATURES, text_features([Text(source, text)])[0].tolist(), strict=True))


def toy_dual() -> DualEncoder:
    """Image features and sentences live in two dimensions, and both heads are the identity."""
    identity, origin = np.eye(2, dtype=np.float32), np.zeros(2, np.float32)
    return DualEncoder(
        feature_mean=origin,
        feature_spread=np.ones(2, np.float32),
        image_head=identity,
        text_head=identity,
        image_mean=origin,
        image_covariance=identity * np.float32(0.25),
        text_mean=np.array([0.6, 0.0], np.float32),
        text_covariance=identity,
    )


def toy_matchers() -> Matchers:
    """Two classes, cat along the first axis and cup along the second."""
    identity = np.eye(2, dtype=np.float32)
    space = ClassSpace(identity, np.zeros(2, np.float32), identity)
    return Matchers(toy_dual(), space, ClassNouns.of(["tabby cat", "cup"]))


def toy_embedding() -> ImageEmbedding:
    """One image whose feature points halfway between the axes and whose class is a cat at three to one."""
    return ImageEmbedding(np.array([[3.0, 3.0]], np.float32), np.array([[0.75, 0.25]], np.float32))


def cross_rows(texts: list[str], sentences: Floats) -> list[dict[str, float]]:
    rows = cross_features(toy_embedding(), texts, sentences, np.zeros(len(texts), np.int64), toy_matchers())
    return [dict(zip(CROSS_FEATURES, row.tolist(), strict=True)) for row in rows]


def test_text_statistics_of_a_sentence_counted_by_hand() -> None:
    row = text_row("Two Dogs run, 10 m apart: on a beach.")
    assert row["characters"] == 37
    assert row["words"] == 8  # two dogs run m apart on a beach
    assert row["word_length_mean"] == 3
    assert row["word_length_max"] == 5
    assert row["function_word_share"] == pytest.approx(2 / 8)  # on, a
    assert row["place_word_share"] == pytest.approx(1 / 8)
    assert row["capitalised_share"] == pytest.approx(1 / 7)  # Dogs, among all but the first word
    assert row["digit_share"] == pytest.approx(2 / 37)
    assert row["punctuation_share"] == pytest.approx(3 / 37)
    assert (row["commas"], row["separators"], row["sentences"], row["ends_in_stop"]) == (1, 1, 1, 1)


def test_an_unknown_word_counts_as_out_of_vocabulary() -> None:
    row = text_row("a dog named Qwxzvorlu")
    assert row["oov_share"] == 0.25
    assert row["zipf_min"] == 0
    assert row["zipf_mean"] == pytest.approx((zipf("a") + zipf("dog") + zipf("named")) / 4, abs=1e-6)


def test_repeated_words_lower_the_distinct_share() -> None:
    assert text_row("sale sale sale now")["distinct_share"] == 0.5


def test_a_text_without_words_has_missing_word_statistics() -> None:
    row = text_row("12:30 - 14")
    assert row["words"] == 0
    assert np.isnan(row["zipf_mean"])
    assert row["digit_share"] == pytest.approx(0.6)


def test_the_source_is_one_hot() -> None:
    row = text_row("a dog", source="figcaption")
    assert {source: row[f"source_{source}"] for source in TEXT_SOURCES if row[f"source_{source}"]} == {"figcaption": 1}


def test_image_statistics_of_a_known_distribution() -> None:
    probabilities = np.array([[0.5, 0.25, 0.25, 0.0]], np.float32)
    features = np.array([[0.0, 2.0]], np.float32)
    values = image_features(ImageEmbedding(features, probabilities), toy_dual())[0].tolist()
    row = dict(zip(IMAGE_FEATURES, values, strict=True))
    assert row["class_entropy"] == pytest.approx(1.5 * np.log(2), abs=1e-5)
    assert row["class_top"] == 0.5
    assert row["class_top_margin"] == 0.25
    assert row["feature_mean"] == 1
    assert row["feature_zero_share"] == 0.5
    assert row["feature_strangeness"] == 2  # (0 + 4) / 2


def test_cross_features_of_one_text_by_hand() -> None:
    (row,) = cross_rows(["a cat"], np.array([[1.0, 0.0]], np.float32))
    assert row["dual_cosine"] == pytest.approx(np.sqrt(0.5))
    assert row["dual_over_images"] == pytest.approx(np.sqrt(0.5) / 0.5)  # spread 0.5 in every direction
    assert row["dual_over_texts"] == pytest.approx(np.sqrt(0.5) - 0.6 * np.sqrt(0.5))
    assert row["said_cosine"] == pytest.approx(3 / np.sqrt(10))
    assert row["class_top_cosine"] == 1
    assert row["class_expected_cosine"] == 0.75
    assert row["class_log_likelihood"] == pytest.approx(np.log(0.75), abs=1e-4)
    assert (row["class_named_mass"], row["class_named_best_rank"], row["class_named_count"]) == (0.75, 0, 1)


def test_rivals_are_compared_and_a_lone_text_has_none() -> None:
    sentences = unit(np.array([[1.0, 1.0], [1.0, 0.0], [-1.0, 1.0]], np.float32))
    best, middle, worst = cross_rows(["x", "y", "z"], sentences)
    assert best["dual_rival_gap"] == pytest.approx(1 - np.sqrt(0.5))
    assert middle["dual_rival_gap"] == pytest.approx(np.sqrt(0.5) - 1)
    assert [row["dual_rival_rank"] for row in (best, middle, worst)] == [0, 0.5, 1]
    (alone,) = cross_rows(["x"], sentences[:1])
    assert alone["rivals"] == 0
    assert np.isnan(alone["dual_rival_gap"])


def test_a_text_that_names_no_class_has_no_named_mass() -> None:
    (row,) = cross_rows(["a quiet street"], np.array([[0.0, 1.0]], np.float32))
    assert np.isnan(row["class_named_mass"])
    assert row["class_named_count"] == 0


def test_what_an_image_shows_is_the_weighted_mean_of_its_likeliest_names() -> None:
    probabilities = np.zeros((1, 12), np.float32)
    probabilities[0, :2] = [0.6, 0.3]
    vectors = np.eye(12, dtype=np.float32)
    expected = np.array([2, 1]) / np.sqrt(5)
    assert said_in_words(probabilities, vectors)[0, :2] == pytest.approx(expected)


def test_moments_read_a_cosine_against_the_population() -> None:
    population = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]], np.float32)
    moments = Moments.of(population)  # mean 0, variance 2/3 along each axis
    above = moments.standardise(np.array([1.0], np.float32), np.array([[1.0, 0.0]], np.float32))
    assert above[0] == pytest.approx(np.sqrt(1.5))


def test_every_feature_has_one_name_and_one_group() -> None:
    assert len(set(FEATURES)) == len(FEATURES) == sum(len(names) for names in FEATURE_GROUPS.values())
    assert set(CROSS_FEATURES) > RISING | FALLING
    sentences = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    texts = [Text("alt", "a cat"), Text("title", "a cup")]
    rows = pair_features(toy_embedding(), texts, sentences, np.zeros(2, np.int64), toy_matchers())
    assert rows.shape == (2, len(FEATURES))
    assert rows.dtype == np.float32


def test_a_dual_encoder_survives_its_arrays() -> None:
    again = DualEncoder.from_arrays(toy_dual().to_arrays())
    assert again.image_covariance.tolist() == [[0.25, 0], [0, 0.25]]
    assert again.project_images(np.array([[3.0, 4.0]], np.float32))[0].tolist() == pytest.approx([0.6, 0.8])


def test_sentence_vectors_are_unit_and_do_not_depend_on_the_batch() -> None:
    encoder = TextEncoder(batch_size=2)
    texts = [
        "a dog on a beach",
        "x",
        "a long sentence about nothing in particular, said twice over",
        "a dog on a beach",
    ]
    together = encoder.encode(texts)
    assert together.shape == (4, 384)
    assert np.linalg.norm(together, axis=1) == pytest.approx(np.ones(4), abs=1e-5)
    assert together[0].tolist() == together[3].tolist()
    alone = np.concatenate([encoder.encode([text]) for text in texts])
    assert np.abs(together - alone).max() < 1e-6


def test_like_sentences_are_near_and_unlike_ones_far() -> None:
    dog, puppy, budget = TextEncoder().encode(["a dog runs", "a puppy is running", "the annual budget report"])
    assert dog @ puppy > 0.6
    assert dog @ budget < 0.2


def test_no_text_gives_no_vector() -> None:
    assert TextEncoder().encode([]).shape == (0, 384)


@pytest.mark.parametrize("max_tokens", [2, 513])
def test_an_impossible_length_is_refused(max_tokens: int) -> None:
    with pytest.raises(ValueError, match=str(max_tokens)):
        TextEncoder(max_tokens=max_tokens)
