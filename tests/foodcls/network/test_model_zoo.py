import torch

from foodcls.network import model_zoo


def test_declared_operators_stay_declared() -> None:
    # the schemas die with the object that declared them
    schema = str(torch.ops.torchvision.nms.default._schema)
    assert "iou_threshold" in schema
    assert model_zoo.torchvision.__name__ == "torchvision"
