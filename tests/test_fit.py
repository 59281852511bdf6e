import io
import re
from importlib.resources import files
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from crawler.items import Text
from scoring import fit
from scoring.dual_encoder import Moments
from scoring.fitting.class_texts import label_class_texts
from scoring.fitting.clip_folds import ClipFolds, captions_digest
from scoring.fitting.clip_photos import read_clip_photos
from scoring.fitting.dual_encoder_training import DualEncoderRecipe, train_dual_encoder
from scoring.fitting.page_texts import PageTexts
from scoring.fitting.photo_variants import web_variant
from scoring.fitting.training_pairs import NEGATIVE_KINDS, RIGHT_SHARE, label_lone_texts, label_pages, label_short_pages
from scoring.fitting.web_addresses import web_addresses
from scoring.fitting.web_texts import named, noise_text, plain, terse, title_case, web_dress
from scoring.relevance import RelevanceModel

PHOTOS = (
    ("astronaut.png", "An astronaut in an orange suit"),
    ("coffee.png", "A cup of coffee on a table"),
    ("chelsea.png", "A tabby cat looks up"),
    ("rocket.jpg", "A rocket on its launch pad"),
)


def photograph(name: str) -> Image.Image:
    with Image.open(str(files("skimage.data") / name)) as picture:
        return picture.convert("RGB")


def write_pairs(path: Path, copies: int) -> Path:
    """Tiles of four real photos, each tile with its photo's caption."""
    images, captions = [], []
    for name, caption in PHOTOS:
        photo = photograph(name)
        for copy in range(copies):
            tile = photo.crop((10 * copy, 10 * copy, 10 * copy + 200, 10 * copy + 200))
            buffer = io.BytesIO()
            tile.save(buffer, "JPEG")
            images.append(buffer.getvalue())
            captions.append([caption, f"{caption} ."])
    pq.write_table(pa.table({"image": images, "captions": captions}), path)
    return path


@pytest.mark.slow
def test_fit_writes_an_artefact_that_scores(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pairs = write_pairs(tmp_path / "pairs.parquet", copies=9)
    cache = tmp_path / "cache"
    assert fit.main(["--pairs", str(pairs), "--out", str(tmp_path / "a"), "--cache", str(cache)]) == 0
    said = capsys.readouterr().out
    chosen = re.search(r"threshold (\d\.\d\d)\.", said)
    assert chosen is not None
    use = f"Recipe(relevance_model=Path({str(tmp_path / 'a')!r}), relevance=RelevanceFilter(threshold={float(chosen[1])}))"
    assert said.splitlines()[-1] == use
    assert fit.main(["--pairs", str(pairs), "--out", str(tmp_path / "b"), "--cache", str(cache)]) == 0
    card = (tmp_path / "a" / "relevance.md").read_text()
    assert "36 photos with 72 captions" in card
    for line in ("| text only | ", "| cross-modal only | ", "| 60 | ", "| cross | 47 | ", "| mean probability |"):
        assert line in card
    assert (tmp_path / "a" / "relevance.txt").read_text() == (tmp_path / "b" / "relevance.txt").read_text()
    assert RelevanceModel(tmp_path / "a").parts.calibration.slope > 0


def write_folds(path: Path, pairs: Path) -> Path:
    """Folds of two dimensions in which each photo lies where its own captions do."""
    captions = read_clip_photos(pairs).split(0)[0].captions
    kinds = np.array([next(row for row, (_, said) in enumerate(PHOTOS) if own[0] == said) for own in captions])
    angles = kinds * np.pi / 4
    images = np.stack([np.stack([np.cos(angles), np.sin(angles)], 1)] * 2).astype(np.float32)
    fold_of = np.arange(len(captions)) % 2
    seen = tuple(Moments.of(images[0, fold_of != fold]) for fold in range(2))
    projection = np.random.default_rng(0).normal(size=(384, 2)).astype(np.float32)
    ClipFolds(fold_of, images, seen, np.stack([projection] * 2), captions_digest(captions)).save(path)
    return path


@pytest.mark.slow
def test_folds_teach_the_trees_what_our_open_clip_model_is_worth(tmp_path: Path) -> None:
    pairs = write_pairs(tmp_path / "pairs.parquet", copies=9)
    folds = write_folds(tmp_path / "folds.npz", pairs)
    assert fit.main(["--pairs", str(pairs), "--out", str(tmp_path / "a"), "--clip-folds", str(folds)]) == 0
    card = (tmp_path / "a" / "relevance.md").read_text()
    assert "python -m scoring.fit --pairs pairs.parquet --clip-folds folds.npz --seed 0" in card
    assert "encoders like it that were not trained on the photo" in card
    other = write_pairs(tmp_path / "other.parquet", copies=8)
    assert fit.main(["--pairs", str(other), "--out", str(tmp_path / "a"), "--clip-folds", str(folds)]) == 1


def test_folds_are_of_our_open_clip_model_only(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--pairs", str(tmp_path / "pairs.parquet"), "--clip", "none", "--clip-folds", str(tmp_path / "f.npz")]
    assert fit.main([*arguments, "--out", str(tmp_path)]) == 1
    assert "--clip-folds is for lait" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"image": [b"no image"] * 30, "captions": [["a dog"]] * 30}, "0 usable photos"),
        ({"picture": [b""], "captions": [["a dog"]]}, "needs image"),
    ],
)
def test_unusable_pairs_end_in_one_line(
    table: dict[str, list[object]], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pq.write_table(pa.table(table), tmp_path / "pairs.parquet")
    assert fit.main(["--pairs", str(tmp_path / "pairs.parquet"), "--out", str(tmp_path)]) == 1
    last = capsys.readouterr().err.strip().splitlines()[-1]
    assert message in last


@pytest.mark.parametrize(("content", "message"), [(None, "does not exist"), (b"PAR1", "not a whole Parquet file")])
def test_a_missing_or_torn_file_ends_in_one_line(
    content: bytes | None, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "pairs.parquet"
    if content is not None:
        path.write_bytes(content)
    assert fit.main(["--pairs", str(path), "--out", str(tmp_path)]) == 1
    assert message in capsys.readouterr().err


def test_a_folder_that_cannot_be_made_is_told_before_the_fit(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("in the way")
    assert fit.main(["--pairs", str(tmp_path / "pairs.parquet"), "--out", str(tmp_path / "file")]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err


def test_wrong_texts_come_from_other_photos_or_from_no_photo() -> None:
    captions = [[f"caption{image} number"] for image in range(200)]
    probabilities = np.eye(200, dtype=np.float32)
    labelled = label_pages(captions, probabilities, (), seed=1)
    assert set(labelled.kinds) == {"matched", *NEGATIVE_KINDS}
    for text, image, kind in zip(labelled.texts, labelled.image_of, labelled.kinds, strict=True):
        assert (f"caption{image} " in f"{text.text.lower()} ") is (kind == "matched")
    assert labelled.labels.sum() == labelled.kinds.count("matched")
    assert labelled.texts == label_pages(captions, probabilities, (), seed=1).texts
    assert np.diff(labelled.image_of).min() >= 0


def test_texts_are_right_as_often_as_their_source_says_whatever_their_number() -> None:
    captions = [[f"caption{image}"] for image in range(3000)]
    for label in (label_pages, label_short_pages):
        labelled = label(captions, np.ones((3000, 2), np.float32), (), seed=3)
        sources = np.array([text.source for text in labelled.texts])
        many = np.bincount(labelled.image_of)[labelled.image_of] > 2
        for rows in (many, ~many):
            shares = {source: labelled.labels[rows & (sources == source)].mean() for source in ("alt", "surrounding")}
            assert shares == pytest.approx({source: RIGHT_SHARE[source] for source in shares}, abs=0.06)


def test_noise_is_the_texts_of_the_pages_given_where_they_stood() -> None:
    page = PageTexts((Text("title", "News of the day"), Text("surrounding", "A sentence of prose.")))
    captions = [[f"caption{image}"] for image in range(300)]
    labelled = label_pages(captions, np.ones((300, 2), np.float32), [page], seed=4)
    noise = [text for text, kind in zip(labelled.texts, labelled.kinds, strict=True) if kind == "noise"]
    assert sum(text in page.texts for text in noise) > len(noise) / 5
    assert any(text.source in ("alt", "figcaption") for text in labelled.texts)  # a slot for one is added


def test_lone_texts_are_one_of_each_kind_without_rivals() -> None:
    captions = [[f"caption{image}"] for image in range(30)]
    labelled = label_lone_texts(captions, np.eye(30, dtype=np.float32), (), seed=5, dress=False)
    assert labelled.kinds == ("matched", *NEGATIVE_KINDS) * 30
    assert labelled.image_of.tolist() == list(range(120))
    assert {text.source for text in labelled.texts} == {"alt"}
    assert labelled.texts[0].text == "caption0"


def test_same_class_texts_come_from_the_most_similar_photos() -> None:
    probabilities = np.zeros((60, 2), np.float32)
    probabilities[:30, 0] = probabilities[30:, 1] = 1  # two classes of thirty
    captions = [[f"caption{image} number"] for image in range(60)]
    labelled = label_lone_texts(captions, probabilities, (), seed=2, dress=True)
    for text, row, kind in zip(labelled.texts, labelled.image_of, labelled.kinds, strict=True):
        if kind == "same_class":
            own_half = range(30) if row // 4 < 30 else range(30, 60)
            assert any(f"caption{other} " in f"{text.text.lower()} " for other in own_half)


def test_addresses_name_what_some_images_show_and_what_some_pages_say() -> None:
    images, pages = web_addresses(["A wet dog runs on sand"] * 400, ["Budget talks resume today"] * 400, seed=1)
    shown = sum(any(word in url for word in ("dog", "wet", "sand")) for url in images)
    said = sum(any(word in url for word in ("budget", "talk", "resume", "today")) for url in images)
    assert (shown / 400, said / 400) == pytest.approx((0.25, 0.35), abs=0.07)
    assert sum("budget" in url or "talk" in url for url in pages) > 150
    assert not any("dog" in url for url in pages)


def test_class_texts_follow_what_the_backbone_is_sure_of() -> None:
    probabilities = np.tile(np.array([0.9, 0.0995, 0.0005], np.float32), (200, 1))
    labelled = label_class_texts(probabilities, ["tabby", "cup", "zebra"], seed=1)
    assert set(labelled.kinds) == {"matched", "class_name"}
    assert set(np.bincount(labelled.image_of).tolist()) <= {0, 1, 2, 3}  # with up to two wrong rivals
    for text, kind in zip(labelled.texts, labelled.kinds, strict=True):
        assert ("tabby" if kind == "matched" else "zebra") in text.text.lower()


def test_one_photo_alone_cannot_have_another_ones_caption() -> None:
    with pytest.raises(ValueError, match="at least 2 images"):
        label_pages([["a dog"]], np.ones((1, 2), np.float32), (), seed=0)


def test_web_dress_by_hand() -> None:
    assert plain("A dog , wet , runs .") == "A dog, wet, runs."
    assert title_case("a dog runs on the beach") == "A Dog Runs on the Beach"
    assert terse("A dog is on the beach.") == "dog beach"
    assert named("A young man rides a bike", Random(1)).endswith(" rides a bike")


def test_a_dressed_caption_keeps_its_content_words() -> None:
    random = Random(3)
    for _ in range(200):
        dressed = web_dress("Two brown dogs chase a ball .", random).lower()
        assert all(word in dressed for word in ("brown", "dogs", "chase", "ball"))


def test_noise_texts_are_many_and_filled_in() -> None:
    random = Random(4)
    texts = [noise_text(random) for _ in range(500)]
    assert len(set(texts)) > 450
    assert not any("{" in text for text in texts)


def test_variants_of_a_photo_are_rgb_and_differ() -> None:
    photo = photograph("chelsea.png")
    variants = [web_variant(photo, Random(seed)) for seed in range(20)]
    assert {variant.mode for variant in variants} == {"RGB"}
    assert len({variant.size for variant in variants}) > 5
    assert web_variant(photo, Random(1)).tobytes() == variants[1].tobytes()


def test_the_dual_encoder_learns_which_text_belongs_to_which_image() -> None:
    random = np.random.default_rng(0)
    topics = random.normal(size=(8, 4))
    topic_of = np.repeat(np.arange(8), 25)
    features = (topics[topic_of] @ random.normal(size=(4, 30)) + 0.1 * random.normal(size=(200, 30))).astype(np.float32)
    sentences = (topics[topic_of] @ random.normal(size=(4, 20)) + 0.1 * random.normal(size=(200, 20))).astype(
        np.float32
    )
    recipe = DualEncoderRecipe(width=16, epochs=20, batch_size=50)
    dual = train_dual_encoder(features, sentences, np.arange(200), recipe)
    cosines = dual.project_images(features) @ dual.project_texts(sentences).T
    assert (topic_of[cosines.argmax(1)] == topic_of).mean() > 0.95


@pytest.mark.parametrize("wrong", [{"temperature": 0.0}, {"dropout": 1.0}, {"batch_size": 1}])
def test_an_impossible_recipe_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        DualEncoderRecipe(**wrong)  # type: ignore[arg-type]
