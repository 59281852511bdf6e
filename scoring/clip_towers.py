"""The two towers of an open_clip model as functions: of any model in PyTorch, of ours with what runs fastest."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from open_clip.transform import PreprocessCfg, image_transform_v2
from PIL import Image

from filters.backbone import cpu_session, whole_square
from filters.backbone_graph import backbone_graph
from scoring.text_encoder import TextEncoder

IMAGES_A_BATCH: Final = 4
TEXTS_A_BATCH: Final = 64
Vectors = NDArray[np.float32]
ImageTower = Callable[[Sequence[Image.Image]], Vectors]
TextTower = Callable[[Sequence[str]], Vectors]


def open_clip_towers(model: Any, tokenizer: Any) -> tuple[ImageTower, TextTower]:
    """The towers of any model of open_clip, in evaluation mode, on the processor; rows are not of length 1."""
    transform = image_transform_v2(PreprocessCfg(**model.visual.preprocess_cfg), is_train=False)
    # BERT's kind masks what is padded, so that the columns that are padding for all texts of a batch can go
    padding = getattr(getattr(getattr(model, "text", None), "config", None), "pad_token_id", None)

    @torch.inference_mode()
    def images(shown: Sequence[Image.Image]) -> Vectors:
        batches = (shown[start : start + IMAGES_A_BATCH] for start in range(0, len(shown), IMAGES_A_BATCH))
        pixels = (torch.stack([transform(image) for image in batch]) for batch in batches)
        return np.concatenate([model.encode_image(batch).float().numpy() for batch in pixels])

    @torch.inference_mode()
    def texts(said: Sequence[str]) -> Vectors:
        rows = []
        for start in range(0, len(said), TEXTS_A_BATCH):
            ids = tokenizer(list(said[start : start + TEXTS_A_BATCH]))
            if padding is not None:
                ids = ids[:, : int((ids != padding).sum(1).max())]
            rows.append(model.encode_text(ids).float().numpy())
        return np.concatenate(rows)

    return images, texts


def packaged_towers(model: Any) -> tuple[ImageTower, TextTower]:
    """The towers of `scoring.clip.our_model`: the trunk in ONNX Runtime, the sentences as `TextEncoder` makes them.

    The vectors are those of `open_clip_towers` up to rounding, in about half of the time.
    """
    session = cpu_session(backbone_graph(model.visual.trunk))
    projection, bias = (part.detach().numpy() for part in (model.visual.head.proj.weight, model.visual.head.proj.bias))
    text_projection = model.text.proj.weight.detach().numpy()
    encoder = TextEncoder()

    def images(shown: Sequence[Image.Image]) -> Vectors:
        features = [session.run(["map"], {"pixels": whole_square(image)[None]})[0].mean((2, 3)) for image in shown]
        vectors: Vectors = np.concatenate(features) @ projection.T + bias
        return vectors

    def texts(said: Sequence[str]) -> Vectors:
        vectors: Vectors = encoder.encode(said) @ text_projection.T
        return vectors

    return images, texts
