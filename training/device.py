"""Where the model runs."""

import torch

from pipelines.schema import DataError


def choose_device(name: str) -> torch.device:
    """The device called `name`; `auto` is the first CUDA device, or the CPU without one.

    Raises:
        DataError: torch knows no such device or cannot use it on this machine.
    """
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()  # read back: the device `meta` only pretends to compute
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        first_line = str(error).splitlines()[0]
        raise DataError(f"device {name} cannot be used ({first_line}); give --device cpu, cuda or auto") from error
    return device
