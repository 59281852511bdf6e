"""A network in an ONNX file, small enough to know its answers: the mean of each channel."""

from pathlib import Path

import onnx
from onnx import TensorProto, helper


def write_channel_means(path: Path) -> Path:
    """A model of pictures [B, 3, H, W] that answers with the mean of each channel, [B, 3]."""
    nodes = [
        helper.make_node("GlobalAveragePool", ["picture"], ["pooled"]),
        helper.make_node("Flatten", ["pooled"], ["means"]),
    ]
    taken = helper.make_tensor_value_info("picture", TensorProto.FLOAT, ["B", 3, "H", "W"])
    given = helper.make_tensor_value_info("means", TensorProto.FLOAT, ["B", 3])
    graph = helper.make_graph(nodes, "channel_means", [taken], [given])
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path
