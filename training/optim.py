"""AdamW as BERT uses it, and its learning rate over the steps."""

import torch
from torch import nn

from training.recipes import Recipe


def build_optimizer(model: nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    """AdamW over the model's parameters; biases and norms, the only vectors among them, do not decay."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    groups = [
        {"params": [parameter for parameter in parameters if parameter.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [parameter for parameter in parameters if parameter.ndim < 2], "weight_decay": 0.0},
    ]
    fused = all(parameter.device.type in {"cpu", "cuda"} for parameter in parameters)
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, betas=recipe.betas, fused=fused)


def learning_rate(step: int, steps: int, recipe: Recipe) -> float:
    """The rate of a step counted from 0: up to the peak in the first `warmup_share` of `steps`, then down towards 0."""
    warmup = int(recipe.warmup_share * steps)
    if step < warmup:
        return recipe.learning_rate * (step + 1) / (warmup + 1)
    return recipe.learning_rate * (steps - step) / (steps - warmup)


def set_learning_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Let the next step use `rate`."""
    for group in optimizer.param_groups:
        group["lr"] = rate
