"""A network in an ONNX file, small enough to know its answers: the mean of each channel."""

from pathlib import Path


def number(field: int, value: int) -> bytes:
    """A field of protocol buffers that holds a small number."""
    return bytes([field << 3]) + varint(value)


def block(field: int, value: bytes | str) -> bytes:
    """A field of protocol buffers that holds text, bytes or a message."""
    data = value.encode() if isinstance(value, str) else value
    return bytes([field << 3 | 2]) + varint(len(data)) + data


def varint(value: int) -> bytes:
    """A number, seven bits a byte."""
    return bytes([value]) if value < 128 else bytes([value & 127 | 128]) + varint(value >> 7)


def tensor(name: str, *sides: int | str) -> bytes:
    """A float input or output of that name and shape."""
    shape = b"".join(block(1, block(2, side) if isinstance(side, str) else number(1, side)) for side in sides)
    return block(1, name) + block(2, block(1, number(1, 1) + block(2, shape)))


def write_channel_means(path: Path) -> Path:
    """A model of pictures [B, 3, H, W] that answers with the mean of each channel, [B, 3]."""
    pool = block(1, "picture") + block(2, "pooled") + block(4, "GlobalAveragePool")
    flatten = block(1, "pooled") + block(2, "means") + block(4, "Flatten")
    graph = block(1, pool) + block(1, flatten) + block(2, "channel_means")
    graph += block(11, tensor("picture", "B", 3, "H", "W")) + block(12, tensor("means", "B", 3))
    # ir_version 8, the operators of version 13
    path.write_bytes(number(1, 8) + block(7, graph) + block(8, block(1, "") + number(2, 13)))
    return path
