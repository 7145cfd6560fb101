import pytest
import torch

from foodcls.errors import TrainingError
from foodcls.network.precision import autocast, choose_precision, supports_bf16

CPU = torch.device("cpu")


@pytest.mark.parametrize("has_units", [True, False])
def test_auto_asks_the_processor(monkeypatch: pytest.MonkeyPatch, has_units: bool) -> None:
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: has_units)
    monkeypatch.setattr(torch.cpu, "_is_amx_tile_supported", lambda: False)
    assert supports_bf16(CPU) is has_units
    assert choose_precision("auto", CPU) == ("bf16" if has_units else "fp32")
    # who names one gets it
    assert [choose_precision(one, CPU) for one in ("fp32", "bf16")] == ["fp32", "bf16"]


def test_a_graphics_card_without_bf16_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: False)
    card = torch.device("cuda")
    assert choose_precision("auto", card) == "fp32"
    with pytest.raises(TrainingError, match="no.*bf16|bf16.*none"):
        choose_precision("bf16", card)


def test_products_are_rounded_in_bf16_and_only_there() -> None:
    ones, third = torch.ones(1, 3), torch.full((3, 1), 1 / 3)
    with autocast("bf16", CPU):
        coarse = ones @ third
    with autocast("fp32", CPU):
        fine = ones @ third
    assert coarse.dtype == torch.bfloat16 and fine.dtype == torch.float32
    assert abs(float(fine) - 1) < 1e-6
