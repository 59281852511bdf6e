"""The part of the packaged image trunk that training changes, as fast on a CPU as it gets, and the part that it keeps.

Shapes: B images, H x W cells, C channels; channels are last, so that a 1 x 1 convolution is one matrix product.
"""

import copy
from collections.abc import Sequence
from typing import Any, Final

import torch
import torch.nn.functional as F  # noqa: N812 - torch's own convention
from torch import Tensor, nn

from scoring.clip_weights import packaged_trunk

FIRST_TRAINED: Final = 4  # stage; those before it see edges and textures, which six thousand photos cannot teach better


def kept_part(trunk: Any, pixels: Tensor) -> Tensor:
    """What the trained part reads, [B, 14, 14, 80], from pixels as `filters.backbone` scales them, [B, 3, 224, 224]."""
    hidden = trunk.bn1(trunk.conv_stem(pixels))
    for stage in trunk.blocks[:FIRST_TRAINED]:
        hidden = stage(hidden)
    features: Tensor = hidden.permute(0, 2, 3, 1)
    return features


class _Changed(nn.Module):
    """A convolution whose change is what is trained, in units of each row's root mean square.

    One learning rate so suits all layers, and weight decay would pull to the packaged weights, not to zero.
    """

    weight: Tensor
    bias: Tensor
    row_unit: Tensor
    bias_unit: Tensor

    def __init__(self, convolution: Any) -> None:
        super().__init__()
        weight, bias = convolution.weight.detach().clone(), convolution.bias.detach().clone()
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)
        self.register_buffer("row_unit", weight.flatten(1).square().mean(1).sqrt().view(-1, 1, 1, 1))
        self.register_buffer("bias_unit", bias.square().mean().sqrt())
        self.weight_change = nn.Parameter(torch.zeros_like(weight))
        self.bias_change = nn.Parameter(torch.zeros_like(bias))

    def tensors(self) -> tuple[Tensor, Tensor]:
        """Weight and bias as they are now."""
        return self.weight + self.row_unit * self.weight_change, self.bias + self.bias_unit * self.bias_change


class _Pointwise(_Changed):
    def forward(self, cells: Tensor) -> Tensor:
        weight, bias = self.tensors()  # half precision: the processor multiplies it several times as fast
        return F.linear(cells.bfloat16(), weight[:, :, 0, 0].bfloat16(), bias.bfloat16())


class _Depthwise(_Changed):
    def __init__(self, convolution: Any) -> None:
        super().__init__(convolution)
        self.stride: int = convolution.stride[0]
        self.size: int = convolution.kernel_size[0]

    def forward(self, cells: Tensor) -> Tensor:
        weight, bias = self.tensors()
        channels, padding = cells.permute(0, 3, 1, 2), self.size // 2
        if self.stride > 1:  # TensorFlow's "same" is lopsided here; elsewhere the convolution pads, which is faster
            missing = (-(-cells.shape[1] // self.stride) - 1) * self.stride + self.size - cells.shape[1]
            before, after = missing // 2, missing - missing // 2
            channels, padding = F.pad(channels, (before, after, before, after)), 0
        filtered = F.conv2d(channels, weight, bias, stride=self.stride, padding=padding, groups=len(weight))
        return filtered.permute(0, 2, 3, 1)


class _Block(nn.Module):
    def __init__(self, block: Any, drop: float) -> None:
        super().__init__()
        self.conv_pw, self.conv_dw, self.conv_pwl = (
            _Pointwise(block.conv_pw),
            _Depthwise(block.conv_dw),
            _Pointwise(block.conv_pwl),
        )
        self.has_skip = bool(block.has_skip)
        self.drop = drop

    def forward(self, cells: Tensor) -> Tensor:
        widened = F.relu6(self.conv_pw(cells)).float()
        added: Tensor = self.conv_pwl(F.relu6(self.conv_dw(widened))).float()
        if not self.has_skip:
            return added
        if self.training and self.drop:  # stochastic depth (Huang et al., arXiv 1603.09382)
            added = added * (torch.rand(len(added), 1, 1, 1) > self.drop) / (1 - self.drop)
        return cells + added


class TrainedPart(nn.Module):
    """The last stages and the head of EfficientNet-Lite0, pooled; at first they say what the packaged ones say.

    Args:
        drop: share of the residual branches that are left out in training.
    """

    def __init__(self, drop: float) -> None:
        super().__init__()
        trunk = packaged_trunk()
        self.blocks = nn.ModuleDict()
        for number, stage in enumerate(trunk.blocks):
            if number >= FIRST_TRAINED:
                self.blocks[str(number)] = nn.ModuleDict(
                    {str(row): _Block(block, drop) for row, block in enumerate(stage)}
                )
        self.conv_head = _Pointwise(trunk.conv_head)

    def forward(self, cells: Tensor) -> Tensor:
        """Pooled features [B, 1280] from `kept_part`'s [B, 14, 14, 80]."""
        for stage in self.blocks.values():
            assert isinstance(stage, nn.ModuleDict)
            for block in stage.values():
                cells = block(cells)
        pooled: Tensor = F.relu6(self.conv_head(cells)).float().mean((1, 2))
        return pooled

    def changed_tensors(self) -> dict[str, Tensor]:
        """The tensors as they are now, by their names in `scoring.clip_weights.packaged_trunk`."""
        found = {}
        for name, module in self.named_modules():
            if isinstance(module, _Changed):
                found[f"{name}.weight"], found[f"{name}.bias"] = module.tensors()
        return {name: tensor.detach() for name, tensor in found.items()}


def half_trunk() -> Any:
    """The packaged trunk in bfloat16: a third of the time, and noise far below that of a crop."""
    return copy.deepcopy(packaged_trunk()).bfloat16().to(memory_format=torch.channels_last)


def pooled(part: TrainedPart, activations: Sequence[Tensor]) -> Tensor:
    """The part's features of all batches of activations, in evaluation mode, [N, 1280]."""
    training = part.training
    part.eval()
    with torch.inference_mode():
        features = torch.cat([part(batch) for batch in activations])
    part.train(training)
    return features
