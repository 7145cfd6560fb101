import logging

import pytest

from foodcls.errors import InputError
from foodcls.network.licenses import check_license, weights_license
from foodcls.network.network import start_network
from foodcls.recipe.train_settings import Train


@pytest.mark.parametrize(
    ("backbone", "license"),
    [
        ("tf_efficientnet_lite0", "apache-2.0"),
        ("convnextv2_tiny", "cc-by-nc-4.0"),
        ("convnext_tiny.dinov3_lvd1689m", "dinov3-license"),
        ("eva_giant_patch14_224.clip_ft_in1k", "mit"),
        ("vit_h_14", "cc-by-nc-4.0"),
        ("resnet34", "not stated"),
    ],
)
def test_the_license_is_the_one_that_the_library_tells(backbone: str, license: str) -> None:
    assert weights_license(Train(backbone=backbone)) == license


def test_random_weights_have_no_license_and_a_file_does_not_say() -> None:
    assert weights_license(Train(weights="none")) == ""
    assert weights_license(Train(weights="none").model_copy(update={"weights": "f.pt"})) == (
        "not stated"
    )


def test_a_license_that_forbids_the_stated_use_is_refused_before_any_download() -> None:
    noncommercial = Train(backbone="convnextv2_tiny", use="commercial", input_size=32)
    with pytest.raises(InputError, match=r"convnextv2_tiny.*cc-by-nc-4.0.*research alone"):
        start_network(noncommercial, 2)
    check_license(noncommercial.model_copy(update={"use": "research"}))
    check_license(noncommercial.model_copy(update={"use": None}))


def test_terms_of_their_own_are_warned_of(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        check_license(Train(backbone="tf_efficientnet_lite0", use="commercial"))
        assert not caplog.messages
        check_license(Train(backbone="convnext_tiny.dinov3_lvd1689m", use="commercial"))
    assert "dinov3-license: make sure" in caplog.text
