"""Says torch's antialiased resize of uint8 pictures in ONNX, equal in each pixel.

ONNX's own Resize differs by 1 of 255 in a part of the pixels: its runtimes sum in other numbers
than torch, which has weights of 16 bits and rounds between the two directions. Here each direction
is a product with a matrix of the same weights, made in the graph from the picture's size; as upper
and lower bytes, since products of bytes are exact on each processor, and quick. Each output is
made of few neighbors, so the product goes part by part, each of the pixels that it covers.
"""

import math
from typing import Any

import numpy as np
from onnx import TensorProto, numpy_helper
from onnxscript import opset18

op: Any = opset18
HIGH, WIDE = 2, 3  # axes of pictures (N, 3, H, W)
WEIGHT_LIMIT = 2.0**15  # of a weight as a whole number
MOST_BITS = 22  # behind the point of a weight
PART = 32  # outputs: fewer of them cover fewer pixels, and need more operators


def resize(images: Any, output_size: Any, *_: Any) -> Any:
    """`aten._upsample_bilinear2d_aa` of uint8 (N, 3, H, W) to a known size, each as ONNX values."""
    high, wide = output_size
    return _shrink(_shrink(images, WIDE, wide, []), HIGH, high, [wide])


def _shrink(images: Any, axis: int, size: int, after: list[int]) -> Any:
    """One axis brought to `size`; `after` are the lengths of the axes after it."""
    before = [0] * axis  # for ONNX: as long as it is
    parts = math.ceil(size / PART)
    each = math.ceil(size / parts)
    firsts, lasts, weights, one = _weights(images, axis, size, parts, each)
    sums = []
    for part in range(parts):
        place = _value([part])
        ends = op.Gather(firsts, place), op.Gather(lasts, place)
        pixels = op.Slice(images, *ends, _value([axis]))
        matrix = op.Gather(weights, _value(part))
        if axis == WIDE:
            sums.append(op.MatMulInteger(pixels, matrix))
        else:
            sums.append(op.MatMulInteger(op.Transpose(matrix, perm=[1, 0]), pixels))
    split = op.Reshape(op.Concat(*sums, axis=axis), _value([*before, parts, 2, each, *after]))
    upper, lower = (op.Gather(split, _value(byte), axis=axis + 1) for byte in (0, 1))
    whole = op.Reshape(_rounded(upper, lower, one), _value([*before, parts * each, *after]))
    return op.Slice(whole, *(_value([number]) for number in (0, size, axis)))


def _weights(images: Any, axis: int, size: int, parts: int, each: int) -> tuple[Any, Any, Any, Any]:
    """For each part its first pixel and the one after its last, int64 (parts), and its weights.

    These are uint8 (parts, pixels, 2 x each), the upper bytes before the lower; then what stands
    for 1 in them, int32. The last part may repeat the last output.
    """
    zero, half, one, two = (_double(number) for number in (0.0, 0.5, 1.0, 2.0))
    length = op.Squeeze(op.Shape(images, start=axis, end=axis + 1), _value([0]))
    length = op.Cast(length, to=TensorProto.DOUBLE)
    scale = op.Div(length, _double(size))
    reach = op.Max(scale, one)
    outputs = np.minimum(np.arange(parts * each), size - 1).reshape(parts, 1, each) + 0.5
    centers = op.Mul(_double(outputs), scale)
    span = op.Ceil(op.Add(op.Mul(scale, _double(each - 1)), op.Mul(two, reach)))
    count = op.Min(length, op.Add(span, _double(3.0)))
    firsts = op.Floor(op.Sub(op.Mul(_double(outputs[:, :, :1]), scale), op.Add(reach, one)))
    firsts = op.Min(op.Max(firsts, zero), op.Sub(length, count))
    steps = op.Unsqueeze(op.Add(op.Range(zero, count, one), half), _value([1]))
    distances = op.Div(op.Abs(op.Sub(op.Add(firsts, steps), centers)), reach)
    triangles = op.Max(op.Sub(one, distances), zero)
    shares = op.Div(triangles, op.ReduceSum(triangles, _value([1]), keepdims=1))
    # as many bits as the largest weight leaves
    powers = _double(2.0 ** np.arange(1, MOST_BITS + 1))
    largest = op.Floor(op.Add(op.Mul(op.ReduceMax(shares, keepdims=0), powers), half))
    fitting = op.Where(op.Less(largest, _double(WEIGHT_LIMIT)), powers, one)
    whole = op.ReduceMax(fitting, keepdims=0)
    weights = op.Floor(op.Add(op.Mul(shares, whole), half))
    upper = op.Floor(op.Div(weights, _double(256.0)))
    lower = op.Sub(weights, op.Mul(upper, _double(256.0)))
    ends = (
        op.Cast(op.Reshape(end, _value([parts])), to=TensorProto.INT64)
        for end in (firsts, op.Add(firsts, count))
    )
    bytes_ = op.Cast(op.Concat(upper, lower, axis=2), to=TensorProto.UINT8)
    return *ends, bytes_, op.Cast(whole, to=TensorProto.INT32)


def _rounded(upper: Any, lower: Any, one: Any) -> Any:
    """The pixels, uint8, of int32 sums by both bytes of the weights."""
    total = op.Add(op.Mul(upper, _value(np.int32(256))), lower)
    total = op.Add(total, op.Div(one, _value(np.int32(2))))
    return op.Cast(op.Min(op.Div(total, one), _value(np.int32(255))), to=TensorProto.UINT8)


def _double(value: Any) -> Any:
    return _value(np.asarray(value, np.float64))


def _value(value: Any) -> Any:
    return op.Constant(value=numpy_helper.from_array(np.asarray(value)))
