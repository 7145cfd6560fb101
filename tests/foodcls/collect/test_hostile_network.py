"""Asks for inner addresses where they really answer: in a network namespace of the test's own."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[3]
PUBLIC = "93.184.216.34"


@pytest.fixture(scope="module")
def network() -> dict[str, Any]:
    """The outcome of each URL, and each address that a connection came to."""
    enter = ["unshare", "--net", "--mount"]
    if not shutil.which("ip") or subprocess.run([*enter, "true"], check=False).returncode:
        pytest.skip("needs `ip` (iproute2) and the right to make network namespaces")
    script = Path(__file__).with_name("hostile_network.py")
    done = subprocess.run([*enter, sys.executable, str(script)], cwd=ROOT, text=True, timeout=120,
                          capture_output=True, check=False, env={"PYTHONPATH": str(ROOT),
                          "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"})  # fmt: skip
    assert done.returncode == 0, done.stderr
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_public_addresses_are_fetched(network: dict[str, Any]) -> None:
    outcomes = network["outcomes"]
    assert outcomes[f"http://{PUBLIC}/a"] == outcomes["http://public.test/b"] == "ok"


def test_no_inner_address_is_ever_reached(network: dict[str, Any]) -> None:
    assert set(network["reached"]) == {PUBLIC}


def test_each_forbidden_place_is_refused_and_named(network: dict[str, Any]) -> None:
    outcomes, targets = network["outcomes"], network["targets"]
    redirects = [f"http://public.test/to/{number}" for number in range(len(targets))]
    allowed = {"blocked_address", "bad_url"}
    wrong = {url: outcomes[url] for url in [*targets, *redirects] if outcomes[url] not in allowed}
    assert not wrong
    for plain in ("http://10.0.0.1/", "http://169.254.169.254/latest/meta-data/", "http://[::1]/",
                  "http://inner.test/", "http://mixed.test/"):  # fmt: skip
        assert outcomes[plain] == "blocked_address"


def test_a_name_that_turns_private_is_refused_by_its_new_address(network: dict[str, Any]) -> None:
    outcomes = network["outcomes"]
    assert outcomes["http://rebind.test/first"] == "ok"
    assert outcomes["http://rebind.test/second"] == "blocked_address"
