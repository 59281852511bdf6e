"""The open_clip model: ours as packaged, any other swapped in, and what a missing or foreign file is answered with."""

import json
from pathlib import Path

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from scoring.clip import FOLDER, ClipEncoder, load_clip, our_model, our_tokenizer
from scoring.clip_towers import open_clip_towers
from scoring.clip_weights import CONFIG_FILE, FORMAT, WEIGHTS_FILE, packaged_trunk, quantised, save_our_weights
from scoring.text_encoder import TextEncoder

TEXTS = ("A red kite over a green hill", "Two cats asleep on a sofa", "A red kite over a green hill")
TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 2, "layers": 1},
}


def pictures() -> list[Image.Image]:
    random = np.random.default_rng(0)
    return [
        Image.fromarray(random.integers(0, 255, (height, width, 3), dtype=np.uint8))
        for height, width in ((120, 200), (224, 224), (90, 50), (64, 64), (300, 40))
    ]


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """The name of a tiny architecture that open_clip was told of, and a file with random weights of it."""
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "lait-test-tiny.json").write_text(json.dumps(TINY))
    open_clip.add_model_config(folder / "lait-test-tiny.json")
    return "lait-test-tiny", random_weights(folder / "tiny.safetensors", seed=0)


def random_weights(path: Path, seed: int) -> Path:
    torch.manual_seed(seed)
    model = open_clip.create_model("lait-test-tiny", load_weights=False)
    save_file(model.state_dict(), path)
    return path


@pytest.fixture(scope="module")
def ours() -> ClipEncoder:
    return load_clip()


def test_the_packaged_model_needs_no_network_and_gives_unit_vectors(ours: ClipEncoder) -> None:
    images, texts = ours.project_images(pictures()), ours.project_texts(TEXTS)
    assert images.shape == (5, 256)
    assert texts.shape == (3, 256)
    np.testing.assert_allclose(np.linalg.norm(images, axis=1), 1, atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(texts, axis=1), 1, atol=1e-5)


def test_the_fast_towers_say_what_open_clip_says(ours: ClipEncoder) -> None:
    plain = ClipEncoder("lait", "", 256, *open_clip_towers(our_model(), our_tokenizer()))
    cosines = (ours.project_images(pictures()) * plain.project_images(pictures())).sum(axis=1)
    np.testing.assert_allclose(cosines, 1, atol=1e-3)  # open_clip scales with Pillow, which rounds otherwise
    np.testing.assert_allclose(ours.project_texts(TEXTS), plain.project_texts(TEXTS), atol=1e-4)


def test_sentences_that_the_caller_has_are_not_encoded_again(ours: ClipEncoder) -> None:
    sentences = TextEncoder().encode(TEXTS)
    np.testing.assert_allclose(ours.project_texts(("x", "y", "z"), sentences), ours.project_texts(TEXTS), atol=1e-5)


def test_equal_texts_get_equal_vectors_in_their_places(ours: ClipEncoder) -> None:
    texts = ours.project_texts(TEXTS)
    np.testing.assert_array_equal(texts[0], texts[2])
    np.testing.assert_allclose(texts[1], ours.project_texts(TEXTS[1:2])[0], atol=1e-5)


def test_nothing_projects_to_nothing(ours: ClipEncoder) -> None:
    assert ours.project_images([]).shape == (0, 256)
    assert ours.project_texts([]).shape == (0, 256)


def test_a_matching_text_is_nearer_to_its_picture(ours: ClipEncoder) -> None:
    astronaut = pytest.importorskip("skimage.data").astronaut()
    [image] = ours.project_images([Image.fromarray(astronaut)])
    right, wrong = ours.project_texts(["A smiling woman in an orange suit", "Two dogs run through the snow"])
    assert image @ right > image @ wrong + 0.1


def test_any_other_model_of_open_clip_takes_its_place(tiny: tuple[str, Path]) -> None:
    name, file = tiny
    encoder = load_clip(name, str(file))
    model = open_clip.create_model(name, pretrained=str(file)).eval()
    with torch.inference_mode():
        expected = model.encode_text(open_clip.get_tokenizer(name)(list(TEXTS)), normalize=True).numpy()
    np.testing.assert_allclose(encoder.project_texts(TEXTS), expected, atol=1e-5)
    assert encoder.project_images(pictures()).shape == (5, 16)
    assert (encoder.name, encoder.width) == (name, 16)


def test_the_hash_tells_weights_apart(tiny: tuple[str, Path], tmp_path: Path) -> None:
    name, file = tiny
    other = random_weights(tmp_path / "other.safetensors", seed=1)
    assert load_clip(name, str(file)).weights_hash == load_clip(name, str(file)).weights_hash
    assert load_clip(name, str(file)).weights_hash != load_clip(name, str(other)).weights_hash


def test_a_model_without_weights_is_told_its_tags() -> None:
    with pytest.raises(ValueError, match=r"ViT-B-32 needs weights: .*tags for it \(openai, laion400m_e31"):
        load_clip("ViT-B-32")


def test_an_unknown_model_is_told_the_nearest() -> None:
    with pytest.raises(ValueError, match="knows no model ViT-B-33; the nearest are ViT-B-32"):
        load_clip("ViT-B-33", "openai")


def test_an_unknown_tag_is_neither_file_nor_tag() -> None:
    with pytest.raises(ValueError, match="no-such-tag is neither a file nor one of open_clip's tags for ViT-B-32"):
        load_clip("ViT-B-32", "no-such-tag")


def test_weights_of_another_model_are_told(tiny: tuple[str, Path]) -> None:
    with pytest.raises(ValueError, match=r"tiny.safetensors is no checkpoint of RN50 of open_clip .*; check both"):
        load_clip("RN50", str(tiny[1]))


def test_weights_that_cannot_be_downloaded_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(ValueError, match=r"download laion/CLIP-ViT-B-32-laion2B-s34B-b79K and give the file"):
        load_clip("ViT-B-32", "laion2b_s34b_b79k")


def test_a_folder_without_our_weights_says_how_to_make_them(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"open_clip_config.json is missing; make it: python -m scoring.fit_clip"):
        load_clip("lait", str(tmp_path))


@pytest.mark.parametrize("content", [b"", b"\x10\0\0\0\0\0\0\0{not json at all"])
def test_damaged_weights_are_told(content: bytes, tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).write_bytes((FOLDER / CONFIG_FILE).read_bytes())
    (tmp_path / WEIGHTS_FILE).write_bytes(content)
    with pytest.raises(ValueError, match="is no weights file, or damaged"):
        load_clip("lait", str(tmp_path))


def test_weights_of_another_format_or_shape_are_told(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).write_bytes((FOLDER / CONFIG_FILE).read_bytes())
    tensors = load_file(FOLDER / WEIGHTS_FILE)
    save_file(tensors, tmp_path / WEIGHTS_FILE)
    with pytest.raises(ValueError, match="is of the format None, not lait-clip 1"):
        load_clip("lait", str(tmp_path))
    del tensors["text.proj.weight"]
    save_file(tensors, tmp_path / WEIGHTS_FILE, metadata={"format": FORMAT})
    with pytest.raises(ValueError, match="does not fit the configuration beside it"):
        load_clip("lait", str(tmp_path))


def test_a_change_is_kept_in_steps_of_a_127th_of_its_rows_largest() -> None:
    steps, step = quantised(torch.tensor([[0.0, 1.27, -0.636], [0.0, 0.0, 0.0]]))
    assert steps.tolist() == [[0, 127, -64], [0, 0, 0]]
    np.testing.assert_allclose(step[0], 0.01, rtol=1e-6)


def test_weights_come_back_within_half_a_step(tmp_path: Path) -> None:
    (tmp_path / CONFIG_FILE).write_bytes((FOLDER / CONFIG_FILE).read_bytes())
    name = "blocks.6.0.conv_pw.weight"
    change = torch.linspace(-0.1, 0.1, 1152)[:, None, None, None]
    weight = packaged_trunk().state_dict()[name]
    projections = {key: tensor for key, tensor in load_file(FOLDER / WEIGHTS_FILE).items() if "step" not in key}
    save_our_weights(tmp_path / WEIGHTS_FILE, {name: weight + change}, projections)
    loaded = our_model(tmp_path).visual.trunk.state_dict()
    assert float((loaded[name] - weight - change).abs().max()) <= 0.1 / 127 / 2 + 1e-6
    untouched = "blocks.6.0.conv_dw.weight"
    assert torch.equal(loaded[untouched], packaged_trunk().state_dict()[untouched])
