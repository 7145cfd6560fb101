"""Says torch's antialiased resize of uint8 pictures in ONNX, equal in each pixel.

ONNX's own Resize differs by 1 of 255 in a part of the pixels: its runtimes sum in other numbers
than torch, which has weights of 16 bits and rounds between the two directions. Here each direction
is a product with a matrix of the same weights, made in the graph from the picture's size; as upper
and lower bytes, since products of bytes are exact on each processor, and quick.
"""

from typing import Any

import numpy as np
from onnx import TensorProto, numpy_helper
from onnxscript import opset18

op: Any = opset18
HIGH, WIDE = 2, 3  # axes of pictures (N, 3, H, W)
WEIGHT_LIMIT = 2.0**15  # of a weight as a whole number
MOST_BITS = 22  # behind the point of a weight


def resize(images: Any, output_size: Any, *_: Any) -> Any:
    """`aten._upsample_bilinear2d_aa` of uint8 (N, 3, H, W) to a known size, each as ONNX values."""
    high, wide = output_size
    upper, lower, one = _weights(images, WIDE, wide)
    rows = _rounded(op.MatMulInteger(images, upper), op.MatMulInteger(images, lower), one)
    upper, lower, one = _weights(images, HIGH, high)
    upper, lower = op.Transpose(upper, perm=[1, 0]), op.Transpose(lower, perm=[1, 0])
    return _rounded(op.MatMulInteger(upper, rows), op.MatMulInteger(lower, rows), one)


def _weights(images: Any, axis: int, size: int) -> tuple[Any, Any, Any]:
    """Upper and lower bytes of weights, uint8 (length of the axis, size), and what stands for 1."""
    zero, half, one = _double(0.0), _double(0.5), _double(1.0)
    length = op.Squeeze(op.Shape(images, start=axis, end=axis + 1), _value(np.array([0])))
    length = op.Cast(length, to=TensorProto.DOUBLE)
    scale = op.Div(length, _double(size))
    centers = op.Mul(_double(np.arange(size)[None] + 0.5), scale)
    places = op.Unsqueeze(op.Add(op.Range(zero, length, one), half), _value(np.array([1])))
    distances = op.Div(op.Abs(op.Sub(places, centers)), op.Max(scale, one))
    triangles = op.Max(op.Sub(one, distances), zero)
    shares = op.Div(triangles, op.ReduceSum(triangles, _value(np.array([0])), keepdims=1))
    # as many bits as the largest weight leaves
    powers = _double(2.0 ** np.arange(1, MOST_BITS + 1))
    largest = op.Floor(op.Add(op.Mul(op.ReduceMax(shares, keepdims=0), powers), half))
    fitting = op.Where(op.Less(largest, _double(WEIGHT_LIMIT)), powers, one)
    whole = op.ReduceMax(fitting, keepdims=0)
    weights = op.Floor(op.Add(op.Mul(shares, whole), half))
    upper = op.Floor(op.Div(weights, _double(256.0)))
    lower = op.Sub(weights, op.Mul(upper, _double(256.0)))
    upper, lower = op.Cast(upper, to=TensorProto.UINT8), op.Cast(lower, to=TensorProto.UINT8)
    return upper, lower, op.Cast(whole, to=TensorProto.INT32)


def _rounded(upper: Any, lower: Any, one: Any) -> Any:
    """The pixels, uint8, of int32 sums by both bytes of the weights."""
    total = op.Add(op.Mul(upper, _value(np.int32(256))), lower)
    total = op.Add(total, op.Div(one, _value(np.int32(2))))
    return op.Cast(op.Min(op.Div(total, one), _value(np.int32(255))), to=TensorProto.UINT8)


def _double(value: Any) -> Any:
    return _value(np.asarray(value, np.float64))


def _value(value: Any) -> Any:
    return op.Constant(value=numpy_helper.from_array(np.asarray(value)))
