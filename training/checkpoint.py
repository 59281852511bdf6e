"""Checkpoints: folders `step-000060` with the model, its tokenizer and what training needs to go on; no pickle.

`model.safetensors`, `config.json` and `tokenizer.json` are what a user of the model loads; `training.safetensors`
(optimiser and random state) and `training.json` (step and run) are for the next run of the same command.
"""

import errno
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from pipelines.schema import DataError
from training.atomic import atomic_folder, clear_leftovers, remove_folder
from training.model import ImageBERT, read_weights
from training.tokenizer import WordPiece

STATE_FILE: Final = "training.safetensors"
RUN_FILE: Final = "training.json"


def save_checkpoint(
    out: Path,
    step: int,
    model: ImageBERT,
    tokenizer: WordPiece,
    optimizer: torch.optim.Optimizer,
    run: Mapping[str, Any],
    keep: int,
) -> Path:
    """Write the checkpoint after `step` steps into `out`, drop all but the `keep` newest, and return its folder.

    Raises:
        OSError: it cannot be written; nothing of it stays, and no older one goes.
    """
    path = out / f"step-{step:06d}"
    try:
        with atomic_folder(path) as folder:
            model.save_pretrained(folder)
            tokenizer.save(folder)
            save_file(_optimizer_tensors(optimizer) | _random_tensors(), folder / STATE_FILE)
            (folder / RUN_FILE).write_text(json.dumps({"step": step, "run": run}, indent=2) + "\n")
    except SafetensorError as error:  # safetensors' own error hides the system's
        raise OSError(errno.EIO, str(error), str(path)) from error
    for old in checkpoints(out)[:-keep]:
        remove_folder(old)
    return path


def tidy(out: Path, fresh: bool) -> None:
    """Remove what killed processes left in `out` of half-written checkpoints; with `fresh` the whole ones too."""
    clear_leftovers(out, "step-*")
    for path in checkpoints(out) if fresh else ():
        remove_folder(path)


def checkpoints(out: Path) -> list[Path]:
    """The whole checkpoints in `out`, oldest first."""
    return sorted((path.parent for path in out.glob(f"step-[0-9]*/{RUN_FILE}")), key=_step)


def _step(path: Path) -> int:
    return int(path.name.removeprefix("step-"))


def read_run(checkpoint: Path) -> tuple[int, dict[str, Any]]:
    """The step a checkpoint was saved after, and the run it belongs to; DataError if it is damaged."""
    try:
        found = json.loads((checkpoint / RUN_FILE).read_text())
        return int(found["step"]), dict(found["run"])
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{checkpoint / RUN_FILE} is damaged ({error}); delete the folder {checkpoint}") from error


def last_checkpoint(out: Path, run: Mapping[str, Any]) -> tuple[int, Path | None]:
    """The step and the folder of the newest checkpoint in `out`; (0, None) if there is none.

    Raises:
        DataError: it belongs to a run other than `run`, or is damaged.
    """
    found = checkpoints(out)
    if not found:
        return 0, None
    step, saved_run = read_run(found[-1])
    before, now = _flat(saved_run), _flat(run)
    if changed := [name for name in now if before.get(name) != now[name]]:
        values = ", ".join(f"{name} was {before.get(name)}, is {now[name]}" for name in changed[:3])
        raise DataError(f"{out} holds another run ({values}); give another --out, or --fresh to delete it")
    return step, found[-1]


def _flat(tree: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in tree.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {prefix + name: value}
    return flat


def restore(checkpoint: Path, model: ImageBERT, optimizer: torch.optim.Optimizer) -> None:
    """Put model, optimiser and torch's random state back to where they were when `checkpoint` was saved.

    Raises:
        DataError: the checkpoint is damaged.
    """
    device = next(model.parameters()).device
    try:
        model.load_state_dict(read_weights(checkpoint))
        tensors = load_file(checkpoint / STATE_FILE)
        optimizer.load_state_dict({**optimizer.state_dict(), "state": _optimizer_state(tensors)})
        torch.set_rng_state(tensors["random.cpu"])
        if device.type == "cuda" and "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"])
    except (SafetensorError, FileNotFoundError, KeyError, RuntimeError) as error:
        raise DataError(f"{checkpoint} is damaged ({error}); delete that folder") from error


def _optimizer_tensors(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    states: dict[int, dict[str, Tensor]] = optimizer.state_dict()["state"]
    return {
        f"optimizer.{index}.{name}": tensor.detach().cpu().contiguous()
        for index, state in states.items()
        for name, tensor in state.items()
    }


def _optimizer_state(tensors: Mapping[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    states: dict[int, dict[str, Tensor]] = {}
    for key, tensor in tensors.items():
        kind, *place = key.split(".")
        if kind == "optimizer":
            index, name = place
            states.setdefault(int(index), {})[name] = tensor
    return states


def _random_tensors() -> dict[str, Tensor]:
    states = {"random.cpu": torch.get_rng_state()}
    if torch.cuda.is_available():
        states["random.cuda"] = torch.cuda.get_rng_state()
    return states
