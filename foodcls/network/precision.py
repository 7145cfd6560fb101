"""Chooses the precision of a network: fp32, or bf16 where the hardware is made for it."""

from contextlib import AbstractContextManager
from typing import Any

import torch

from foodcls.errors import TrainingError


def choose_precision(wanted: str, device: torch.device) -> str:
    """`auto`, `fp32` or `bf16` as one of the two; auto is bf16 where that is the faster one.

    The hardware is asked: without units for bf16 a processor is some three hundred times slower.
    TrainingError for bf16 on a graphics card that has none; a processor then is slow but right.
    """
    if wanted == "bf16" and device.type == "cuda" and not supports_bf16(device):
        raise TrainingError("precision bf16: this graphics card has none; use auto or fp32")
    if wanted == "auto":
        return "bf16" if supports_bf16(device) else "fp32"
    return wanted


def supports_bf16(device: torch.device) -> bool:
    """Whether this hardware multiplies bf16 by instructions of its own."""
    if device.type == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    # torch.cpu has no public question for this
    cpu: Any = torch.cpu
    return bool(cpu._is_avx512_bf16_supported() or cpu._is_amx_tile_supported())


def autocast(precision: str, device: torch.device) -> AbstractContextManager[object]:
    """Mixed precision: products in the block are computed in it; weights and losses stay fp32."""
    return torch.autocast(device.type, torch.bfloat16, enabled=precision == "bf16")
