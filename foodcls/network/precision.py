"""Says with which numbers a network computes: 32 bits, or 16 where hardware is made for them."""

from contextlib import AbstractContextManager
from typing import Any

import torch

from foodcls.errors import TrainingError


def choose_precision(wanted: str, device: torch.device) -> str:
    """`auto`, `fp32` or `bf16` as one of the two; auto is bf16 where that is the faster one.

    Asked, not assumed: without units for bf16 a processor is some three hundred times slower.
    TrainingError for bf16 on a graphics card that has none; a processor then is slow but right.
    """
    if wanted == "bf16" and device.type == "cuda" and not computes_bf16(device):
        raise TrainingError("precision bf16: this graphics card has none; use auto or fp32")
    if wanted == "auto":
        return "bf16" if computes_bf16(device) else "fp32"
    return wanted


def computes_bf16(device: torch.device) -> bool:
    """Whether this hardware multiplies bf16 by instructions of its own."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # torch.cpu has no public question for this
    cpu: Any = torch.cpu
    return bool(cpu._is_avx512_bf16_supported() or cpu._is_amx_tile_supported())


def computing(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Let what runs inside multiply in this precision; sums, losses and weights stay fp32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
