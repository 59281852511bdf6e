from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from crawler.items import TEXT_SOURCES, Text
from filters.backbone import ImageEmbedding
from scoring import features
from scoring.class_space import ClassNouns, ClassSpace, said_in_words
from scoring.components import Axes, Components
from scoring.coverage import Coverage
from scoring.cross_features import (
    CLASS_TEXT_FEATURES,
    DUAL_FEATURES,
    NAMED_FEATURES,
    SAID_FEATURES,
    Matchers,
)
from scoring.dual_encoder import DualEncoder, Floats, Moments, unit
from scoring.features import BLOCKS, FEATURE_GROUPS, FEATURES, PairBatch, pair_features
from scoring.fitting.tree_rules import FALLING, RISING, TOPICAL
from scoring.image_features import CLASS_FEATURES, PICTURE_FEATURES, class_features, picture_features
from scoring.page_features import (
    ADDRESS_FEATURES,
    AGREEMENT_FEATURES,
    PLACE_FEATURES,
    address_features,
    agreement_features,
    place_features,
)
from scoring.pictures import Pictures, joined
from scoring.rivals import RIVAL_FEATURES, groups_of, rival_columns
from scoring.text_encoder import TextEncoder
from scoring.text_features import TEXT_FEATURES, text_features
from scoring.word_facts import WORD_FACTS, WordTable, facts_of, zipf

CROSS_FEATURES = (*DUAL_FEATURES, *SAID_FEATURES, *CLASS_TEXT_FEATURES, *NAMED_FEATURES)


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
    population = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], np.float32)
    components = Components.fit(population, population, population)
    return Matchers(toy_dual(), space, ClassNouns.of(["tabby cat", "cup"]), components, Coverage(identity))


def toy_pictures() -> Pictures:
    """One image whose feature points halfway between the axes and whose class is a cat at three to one."""
    return Pictures.of(ImageEmbedding(np.array([[3.0, 3.0]], np.float32), np.array([[0.75, 0.25]], np.float32)))


def toy_batch(texts: list[str], sentences: Floats) -> PairBatch:
    return PairBatch(
        toy_pictures(), tuple(Text("alt", text) for text in texts), sentences, np.zeros(len(texts), np.int64)
    )


def cross_rows(texts: list[str], sentences: Floats) -> list[dict[str, float]]:
    rows = pair_features(toy_batch(texts, sentences), toy_matchers())
    return [dict(zip(FEATURES, row.tolist(), strict=True)) for row in rows]


def named_rows(names: tuple[str, ...], rows: Floats) -> list[dict[str, float]]:
    return [dict(zip(names, row.tolist(), strict=True)) for row in rows]


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


def test_a_batch_says_the_same_as_each_text_alone() -> None:
    texts = [Text("alt", text) for text in ("Two dogs run.", "", "SALE now!", "12:30", "a Dog in New York City")]
    alone = np.concatenate([text_features([text]) for text in texts])
    np.testing.assert_array_equal(text_features(texts), alone)


def test_classes_of_words_are_shares_of_the_words() -> None:
    row = text_row("A man in a red shirt said hello")
    assert row["article_share"] == pytest.approx(2 / 8)
    assert (row["person_share"], row["colour_share"], row["garment_share"], row["speech_share"]) == (1 / 8,) * 4
    assert (row["starts_with_article"], row["starts_with_number"]) == (1, 0)
    assert row["zipf_first"] == pytest.approx(zipf("a"), abs=1e-6)


def test_casing_is_read_behind_the_first_word() -> None:
    row = text_row("The New York Times said NO")
    assert row["capitalised_share"] == pytest.approx(4 / 5)
    assert row["capitalised_run"] == 3
    assert row["shouted_share"] == pytest.approx(1 / 6)


def test_marks_and_numbers_are_counted() -> None:
    row = text_row('"Sale" (50% off) - 2,000 items in 2024 & more... #deal')
    assert (row["quotes"], row["parentheses"], row["numbers"], row["years"]) == (2, 1, 3, 1)
    assert (row["ampersands"], row["ellipses"], row["hashes_and_ats"], row["currency_and_percent"]) == (1, 1, 1, 1)


def test_facts_of_a_word_are_the_same_in_a_table_that_grows() -> None:
    table = WordTable()
    words = [f"word{number}" for number in range(3000)] + ["running", "nation"]
    rows = table.facts(words)
    assert rows[-2].tolist() == pytest.approx(facts_of("running"))
    assert rows[-1, WORD_FACTS.index("abstract")] == 1
    np.testing.assert_array_equal(table.facts(words), rows)


def test_class_statistics_of_a_known_distribution() -> None:
    probabilities = np.array([[0.5, 0.25, 0.25, 0.0]], np.float32)
    embedding = ImageEmbedding(np.array([[0.0, 2.0]], np.float32), probabilities)
    (row,) = named_rows(CLASS_FEATURES, class_features(Pictures.of(embedding), toy_dual()))
    assert row["class_entropy"] == pytest.approx(1.5 * np.log(2), abs=1e-5)
    assert (row["class_top"], row["class_second"], row["class_top_margin"]) == (0.5, 0.25, 0.25)
    assert row["feature_mean"] == 1
    assert row["feature_zero_share"] == 0.5
    assert row["feature_strangeness"] == 2  # (0 + 4) / 2


def test_what_was_measured_of_a_picture_is_passed_on_and_the_rest_is_missing() -> None:
    pictures = replace(toy_pictures(), sizes_B2=np.array([[640, 480]], np.float32), nsfw_B=np.array([0.25], np.float32))
    (row,) = named_rows(PICTURE_FEATURES, picture_features(pictures))
    assert (row["width"], row["height"], row["shorter_side"], row["nsfw"]) == (640, 480, 480, 0.25)
    assert row["aspect"] == pytest.approx(4 / 3)
    assert np.isnan([row["natural"], row["pixels_black"]]).all()


def test_pictures_are_taken_and_joined_column_by_column() -> None:
    both = joined([toy_pictures(), toy_pictures().with_addresses(["https://a.example/b.jpg"], ["https://a.example/"])])
    assert len(both) == 2
    assert both.take([1]).image_urls == ("https://a.example/b.jpg",)
    assert both.joint_BD is None
    with pytest.raises(ValueError, match=r"lengths \[1, 2\]"):
        replace(both, image_urls=("",))


def test_rivals_by_hand() -> None:
    assert groups_of(np.array([4, 4, 4, 7])) == [slice(0, 3), slice(3, 4)]
    scores = np.array([0.5, 0.1, 0.3, 0.9], np.float32)
    best, worst, middle, alone = named_rows(RIVAL_FEATURES, rival_columns(scores, [slice(0, 3), slice(3, 4)]))
    assert [row["rival_gap"] for row in (best, worst, middle)] == pytest.approx([0.2, -0.4, -0.2])
    assert [row["rival_rank"] for row in (best, worst, middle)] == [0, 1, 0.5]
    assert best["rival_share"] == pytest.approx(1 / (1 + np.exp(-8) + np.exp(-4)))
    assert best["rival_deviation"] == pytest.approx(0.2 / np.std([0.5, 0.1, 0.3]), abs=1e-4)
    assert np.isnan(list(alone.values())).all()


def test_place_on_the_page_by_hand() -> None:
    texts = [Text("alt", "a" * 10), Text("surrounding", "b" * 20), Text("surrounding", "c" * 30), Text("title", "x")]
    rows = named_rows(PLACE_FEATURES, place_features(texts, np.array([0, 0, 0, 1])))
    assert (rows[2]["rivals"], rows[2]["source_texts"], rows[2]["place_in_source"], rows[2]["place_on_page"]) == (
        2,
        2,
        1,
        2,
    )
    assert (rows[2]["page_has_alt"], rows[2]["page_has_figcaption"], rows[2]["sources_on_page"]) == (1, 0, 2)
    assert rows[0]["characters_to_mean"] == 0.5
    assert rows[0]["longer_rivals"] == pytest.approx(2 / 3)
    assert rows[3]["rivals"] == 0
    assert np.isnan(rows[3]["longer_rivals"])


def test_agreement_counts_shared_content_words_and_sentence_cosines_by_source() -> None:
    texts = [Text("alt", "Two dogs on a beach"), Text("title", "A dog"), Text("title", "The news"), Text("alt", "dog")]
    sentences = unit(np.array([[1, 0], [1, 1], [0, 1], [1, 0]], np.float32))
    rows = named_rows(AGREEMENT_FEATURES, agreement_features(texts, sentences, np.array([0, 0, 0, 1])))
    assert (
        rows[0]["words_shared_most"] == rows[0]["words_shared_with_title"] == pytest.approx(1 / 3)
    )  # of two dog beach
    assert rows[1]["words_shared_with_alt"] == 1
    assert rows[0]["words_shared_mean"] == pytest.approx(1 / 6)
    assert rows[0]["sentence_near_title"] == pytest.approx(np.sqrt(0.5))
    assert np.isnan(rows[0]["words_shared_with_alt"])  # itself is the only one
    assert np.isnan(list(rows[3].values())).all()


def test_addresses_are_read_for_the_words_of_the_text() -> None:
    texts = [Text("alt", "Two dogs on a beach"), Text("title", "The news today"), Text("alt", "A kite")]
    images = ["https://a.example/i/two-dogs-640x480.jpg?w=300", ""]
    pages = ["https://a.example/news/dog%20days", ""]
    rows = named_rows(ADDRESS_FEATURES, address_features(texts, np.array([0, 0, 1]), images, pages))
    assert (rows[0]["file_name_words"], rows[0]["file_name_words_said"]) == (2, 1)
    assert rows[0]["text_words_in_file_name"] == pytest.approx(2 / 3)
    assert rows[0]["page_url_words_said"] == pytest.approx(1 / 3)  # of news dog day
    assert rows[1]["text_words_in_page_url"] == pytest.approx(1 / 2)
    assert np.isnan(list(rows[2].values())).all()


def test_axes_are_of_unit_variance_and_strongest_first() -> None:
    random = np.random.default_rng(0)
    vectors = (random.normal(size=(500, 3)) * [1, 5, 2] + 7).astype(np.float32)
    axes = Axes.of(vectors, 2)
    components = axes.components(vectors)
    assert components.std(0, ddof=1) == pytest.approx([1, 1], abs=1e-3)
    assert components.mean(0) == pytest.approx([0, 0], abs=1e-4)
    assert np.abs(axes.directions).argmax(0).tolist() == [1, 2]
    assert Axes.of(vectors, 5).components(vectors)[:, 3:].tolist() == [[0, 0]] * 500


def test_coverage_is_the_cosine_with_the_nearest_centre() -> None:
    coverage = Coverage(np.array([[1.0, 0.0], [0.6, 0.8]], np.float32))
    again = Coverage.from_arrays(coverage.to_arrays())
    features = np.array([[4.0, 0.0], [0.0, 9.0]], np.float32)  # of which the roots count
    assert again.columns(features)[:, 0].tolist() == pytest.approx([1.0, 0.8], abs=1e-3)


def test_components_survive_their_arrays() -> None:
    components = toy_matchers().components
    again = Components.from_arrays(components.to_arrays())
    assert again.text.directions == pytest.approx(components.text.directions, abs=1e-2)


def test_cross_features_of_one_text_by_hand() -> None:
    (row,) = cross_rows(["a cat"], np.array([[1.0, 0.0]], np.float32))
    assert row["dual_cosine"] == pytest.approx(np.sqrt(0.5))
    assert row["dual_over_images"] == pytest.approx(np.sqrt(0.5) / 0.5)  # spread 0.5 in every direction
    assert row["dual_over_texts"] == pytest.approx(np.sqrt(0.5) - 0.6 * np.sqrt(0.5))
    assert row["said_cosine"] == pytest.approx(3 / np.sqrt(10))
    assert (row["class_cosine_1"], row["class_cosine_2"]) == (1, 0)
    assert np.isnan(row["class_cosine_3"])  # there are two classes
    assert row["class_weighted_cosine"] == 0.75
    assert row["class_rank_of_text"] == 0
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


def test_there_are_hundreds_of_features_each_with_one_name_and_one_group() -> None:
    assert len(set(FEATURES)) == len(FEATURES) == sum(len(names) for names in FEATURE_GROUPS.values())
    assert len(FEATURES) >= 300
    assert set(FEATURES) > RISING | FALLING | TOPICAL
    assert not RISING & FALLING
    sentences = np.array([[1.0, 0.0], [0.0, 1.0]], np.float32)
    rows = pair_features(toy_batch(["a cat", "a cup"], sentences), toy_matchers())
    assert rows.shape == (2, len(FEATURES))
    assert rows.dtype == np.float32


def test_the_joint_encoders_features_are_missing_without_one() -> None:
    batch = toy_batch(["a cat", "a cup"], np.eye(2, dtype=np.float32))
    columns = [FEATURES.index(name) for name in FEATURE_GROUPS["clip"]]
    assert np.isnan(pair_features(batch, toy_matchers())[:, columns]).all()
    moments = Moments(np.zeros(2, np.float32), np.eye(2, dtype=np.float32))
    matchers = replace(toy_matchers(), joint_images=moments, joint_texts=moments)
    shown = replace(batch.pictures, joint_BD=np.array([[0.6, 0.8]], np.float32))
    batch = replace(batch, pictures=shown, joint_texts=np.eye(2, dtype=np.float32))
    cosines = pair_features(batch, matchers)[:, FEATURES.index("clip_cosine")]
    assert cosines.tolist() == pytest.approx([0.6, 0.8])


def test_features_that_fail_are_missing_on_their_image_only_and_counted(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    working = BLOCKS["place"]

    def failing(batch: PairBatch, matchers: Matchers) -> Floats:
        if any("bad" in text.text for text in batch.texts):
            raise ZeroDivisionError("a bug in one feature")
        return working.columns(batch, matchers)

    whole = joined([toy_pictures(), toy_pictures()])
    texts = (Text("alt", "a cat"), Text("alt", "bad luck"), Text("title", "a cup"))
    batch = PairBatch(whole, texts, np.ones((3, 2), np.float32), np.array([0, 1, 1]))
    expected = pair_features(batch, toy_matchers())
    monkeypatch.setitem(features.BLOCKS, "place", replace(working, columns=failing))
    failures: Counter[str] = Counter()
    rows = pair_features(batch, toy_matchers(), failures)
    assert failures == {"place": 2}
    assert "bad luck" in caplog.text
    columns = [FEATURES.index(name) for name in PLACE_FEATURES]
    assert np.isnan(rows[1:, columns]).all()
    expected[1:, columns] = np.nan
    np.testing.assert_array_equal(rows, expected)


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
