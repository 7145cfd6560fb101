import subprocess
import sys

import torch

from foodcls.network import model_zoo


def test_torchvision_and_timm_import_in_a_fresh_process() -> None:
    code = (
        "from foodcls.network.model_zoo import timm, torchvision;"
        "import torch;"
        "model = torchvision.models.resnet18(weights=None).eval();"
        "print(tuple(model(torch.zeros(1, 3, 32, 32)).shape), timm.is_model('resnet18'))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split("\n")[0] == "(1, 1000) True"


def test_declared_operators_stay_declared() -> None:
    # the schemas die with the object that declared them
    schema = str(torch.ops.torchvision.nms.default._schema)
    assert "iou_threshold" in schema
    assert model_zoo.torchvision.__name__ == "torchvision"
