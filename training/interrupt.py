"""Ctrl-C and SIGTERM, at once or as soon as it is safe."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


@dataclass(slots=True)
class Stop:
    """Whether somebody asked to stop."""

    requested: bool = False


@contextmanager
def terminate_as_interrupt() -> Iterator[None]:
    """Inside the block SIGTERM raises KeyboardInterrupt, as Ctrl-C does."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def deferred_stop() -> Iterator[Stop]:
    """Inside the block Ctrl-C and SIGTERM only set `requested`; the second of them raises KeyboardInterrupt."""
    stop = Stop()

    def request(signum: int, frame: FrameType | None) -> None:
        if stop.requested:
            signal.default_int_handler(signum, frame)
        stop.requested = True

    before = {number: signal.signal(number, request) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
