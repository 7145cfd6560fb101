"""Refuses .onnx files that would reach out of themselves, or run without end.

A model may name other files as its weights, operators of other makers, whole functions, and loops.
Ours hold none. What passes can still take time and memory.
"""

from collections.abc import Iterator
from typing import Any

from onnx import AttributeProto, ModelProto, TensorProto, load_model_from_string

from foodcls.export.safety.archive import refuse

INPUT, OUTPUTS = "images", ("probabilities", "known")
PROVENANCE = "provenance."  # before the names of its entries in the metadata
OWN_DOMAINS = ("", "ai.onnx")
# run other graphs, again and again
LOOPS = ("Loop", "Scan", "SequenceMap")
GRAPHS = (AttributeProto.GRAPH, AttributeProto.GRAPHS)


def vet(data: bytes) -> ModelProto:
    """The model in a file's bytes; ValueError, or protobuf's DecodeError, where it is not sound."""
    model = load_model_from_string(data)
    if model.functions or model.training_info:
        refuse("it holds functions or a training")
    for domain in (item.domain for item in model.opset_import):
        if domain not in OWN_DOMAINS:
            refuse(f"it uses operators of {domain!r}")
    if [item.name for item in model.graph.input] != [INPUT] or [
        item.name for item in model.graph.output
    ] != list(OUTPUTS):
        refuse(f"it does not turn {INPUT} into {' and '.join(OUTPUTS)}")
    kind = model.graph.input[0].type.tensor_type
    sizes = kind.shape.dim
    is_free = not any(one.HasField("dim_value") for one in sizes[:3])
    if kind.elem_type != TensorProto.UINT8 or len(sizes) != 4 or not is_free:
        refuse("it takes no pictures of any size")
    for graph in _graphs(model.graph):
        _check_graph(graph)
    return model


def _graphs(graph: Any) -> Iterator[Any]:
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for inner in (attribute.g, *attribute.graphs) if attribute.type in GRAPHS else ():
                yield from _graphs(inner)


def _check_graph(graph: Any) -> None:
    if graph.sparse_initializer:
        refuse("it holds sparse weights")
    for node in graph.node:
        if node.domain not in OWN_DOMAINS or node.op_type in LOOPS:
            refuse(f"it uses {node.domain or 'ai.onnx'}.{node.op_type}")
    attributes = [attribute for node in graph.node for attribute in node.attribute]
    if any(one.HasField("sparse_tensor") or one.sparse_tensors for one in attributes):
        refuse("it holds sparse weights")
    tensors = [tensor for one in attributes for tensor in (one.t, *one.tensors)]
    for tensor in (*graph.initializer, *tensors):
        if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
            refuse("it keeps its weights in another file")
