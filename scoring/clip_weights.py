"""The weights of our open_clip model: what training changed of two packaged towers, in eight bits, and the projections."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from filters.backbone_weights import load_network
from scoring.text_encoder import packaged_model

CONFIG_FILE: Final = "open_clip_config.json"
WEIGHTS_FILE: Final = "changes.safetensors"
FORMAT: Final = "lait-clip 1"
TRUNK: Final = "visual.trunk."
STEPS: Final = ".steps"  # int8, the change in steps
STEP: Final = ".step"  # the size of a step, one an output channel


def packaged_trunk() -> Any:
    """EfficientNet-Lite0 without its classifier, batch norms folded, as `filters.backbone` runs it."""
    trunk = load_network()
    trunk.reset_classifier(0)
    return trunk


def quantised(change: Tensor) -> tuple[Tensor, Tensor]:
    """The change as whole steps in -127..127 (int8) and the step of each row of its first dimension (float32)."""
    rows = change.reshape(len(change), -1)
    step = (rows.abs().amax(1) / 127).clamp_min(1e-12)
    steps = (rows / step[:, None]).round().to(torch.int8).reshape(change.shape)
    return steps, step


def save_our_weights(path: Path, trunk: Mapping[str, Tensor], projections: Mapping[str, Tensor]) -> None:
    """Write the artefact.

    Args:
        path: of the file.
        trunk: the trained tensors of the trunk by their names in `packaged_trunk()`.
        projections: `visual.head.proj.weight`, `visual.head.proj.bias`, `text.proj.weight`, `logit_scale`.
    """
    base = packaged_trunk().state_dict()
    tensors = {name: tensor.detach().half().contiguous() for name, tensor in projections.items()}
    for name, tensor in trunk.items():
        steps, step = quantised(tensor.detach() - base[name])
        tensors[f"{TRUNK}{name}{STEPS}"], tensors[f"{TRUNK}{name}{STEP}"] = steps, step
    save_file(tensors, path, metadata={"format": FORMAT})


def load_our_weights(model: Any, path: Path) -> None:
    """Fill both towers of our open_clip model from their packages, then apply the changes in the file.

    Raises:
        ValueError: the file is damaged, of another format, or does not fit the model.
    """
    try:
        with safe_open(path, "pt") as file:
            written = (file.metadata() or {}).get("format")
        changes = load_file(path)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{path} is no weights file, or damaged ({error}); make it again") from error
    if written != FORMAT:
        raise ValueError(f"{path} is of the format {written}, not {FORMAT}; make it again: python -m scoring.fit_clip")
    trunk = packaged_trunk()
    model.visual.trunk = trunk
    state = {f"{TRUNK}{name}": tensor for name, tensor in trunk.state_dict().items()}
    for name, tensor in load_file(packaged_model() / "model.safetensors").items():
        state[f"text.transformer.{name}"] = tensor
    for name, tensor in changes.items():
        if name.endswith(STEPS):
            changed = name.removesuffix(STEPS)
            step = changes[f"{changed}{STEP}"].reshape(-1, *[1] * (tensor.ndim - 1))
            state[changed] = state[changed] + tensor.float() * step
        elif not name.endswith(STEP):
            state[name] = tensor.float()
    try:
        model.load_state_dict(_known(state, model))
    except (RuntimeError, KeyError) as error:
        raise ValueError(f"{path} does not fit the configuration beside it ({error}); make both again") from error


def _known(state: dict[str, Tensor], model: Any) -> dict[str, Tensor]:
    """Without what the packaged BERT has and the tower has no use for: the pooler behind [CLS], the positions' numbers."""
    unused = (".pooler.", ".position_ids")
    known = model.state_dict().keys()
    return {name: tensor for name, tensor in state.items() if name in known or not any(part in name for part in unused)}
