"""The backbone as an ONNX graph, which ONNX Runtime computes in about half of PyTorch's time on a processor."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from filters.backbone_weights import PIXEL_MEAN, PIXEL_SCALE

OPSET: Final = 17
IR_VERSION: Final = 8


def backbone_graph(network: Any) -> bytes:
    """A serialised ONNX model of the network that `load_network` gives.

    Its input `pixels` is uint8 [B, S, S, 3], the sides multiples of 32. Its outputs are float32: `map` [B, 1280, S/32,
    S/32], and `layers` [B, L, 1, 1], the means of all channels behind each stage and then their maxima.
    """
    graph = GraphBuilder()
    inputs = helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["B", "S", "S", 3])
    pixels = graph.add("Cast", "pixels", to=TensorProto.FLOAT)
    centred = graph.add("Sub", pixels, graph.constant(np.float32(PIXEL_MEAN)))
    result = graph.add("Div", centred, graph.constant(np.float32(PIXEL_SCALE)))
    result = graph.add("Transpose", result, perm=[0, 3, 1, 2])
    result = graph.relu6(graph.convolution(result, network.conv_stem))
    stages = []
    for stage in network.blocks:
        for block in stage:
            result = graph.block(result, block)
        stages.append(result)
    pooled = [graph.add(kind, stage) for kind in ("GlobalAveragePool", "GlobalMaxPool") for stage in stages]
    feature_map = graph.relu6(graph.convolution(result, network.conv_head))
    return graph.model(inputs, [(feature_map, "map"), (graph.add("Concat", *pooled, axis=1), "layers")])


class GraphBuilder:
    """Collects nodes and weights; each method adds a step and returns the name of its result."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.weights: list[onnx.TensorProto] = []

    def add(self, kind: str, *inputs: str, **attributes: Any) -> str:
        """One ONNX operator."""
        name = f"{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name, **attributes))
        return name

    def constant(self, value: NDArray[Any] | np.float32) -> str:
        """A weight."""
        name = f"weight_{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.ascontiguousarray(value), name))
        return name

    def convolution(self, inputs: str, layer: Any) -> str:
        """A PyTorch convolution, padded as TensorFlow pads: the odd pixel right and at the bottom."""
        parts = [self.constant(part.detach().numpy()) for part in (layer.weight, layer.bias)]
        return self.add("Conv", inputs, *parts, strides=list(layer.stride), group=layer.groups, auto_pad="SAME_UPPER")

    def relu6(self, inputs: str) -> str:
        """Clipped to 0 .. 6."""
        return self.add("Clip", inputs, *(self.constant(np.float32(bound)) for bound in (0, 6)))

    def block(self, inputs: str, block: Any) -> str:
        """An inverted residual, or the first block, which has no expansion."""
        expanded = self.relu6(self.convolution(inputs, block.conv_pw)) if hasattr(block, "conv_pwl") else inputs
        filtered = self.relu6(self.convolution(expanded, block.conv_dw))
        projected = self.convolution(filtered, block.conv_pwl if hasattr(block, "conv_pwl") else block.conv_pw)
        return self.add("Add", projected, inputs) if block.has_skip else projected

    def model(self, inputs: onnx.ValueInfoProto, outputs: Sequence[tuple[str, str]]) -> bytes:
        """The finished graph, serialised; `outputs` are (result, name outside) pairs of float32."""
        for result, name in outputs:
            self.nodes.append(helper.make_node("Identity", [result], [name], name))
        values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for _, name in outputs]
        graph = helper.make_graph(self.nodes, "backbone", [inputs], values, self.weights)
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)
        return bytes(model.SerializeToString())
