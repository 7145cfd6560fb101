from pathlib import Path

import pytest

from foodcls.workspace.doctor import RESNET34, examine
from foodcls.workspace.finding import Finding


def named(findings: list[Finding], name: str) -> Finding:
    return next(finding for finding in findings if finding.name.startswith(name))


def test_every_fault_comes_with_what_to_do(tmp_path: Path) -> None:
    findings = list(examine(tmp_path, {"TORCH_HOME": str(tmp_path)}))
    assert all(finding.mend for finding in findings if not finding.is_fine)
    assert all(finding.is_fine for finding in findings if finding.is_needed)


def test_downloaded_weights_are_found_where_torch_keeps_them(tmp_path: Path) -> None:
    place = tmp_path / "hub" / "checkpoints" / RESNET34
    assert not named(list(examine(tmp_path, {"TORCH_HOME": str(tmp_path)})), "weights of r").is_fine
    place.parent.mkdir(parents=True)
    place.touch()
    assert named(list(examine(tmp_path, {"TORCH_HOME": str(tmp_path)})), "weights of r").is_fine


@pytest.mark.parametrize(
    ("variable", "name", "mend"),
    [("PREFECT_API_URL", "Prefect", "prefect server start"),
     ("MLFLOW_TRACKING_URI", "MLflow", "mlflow/serve.sh")],
)  # fmt: skip
def test_a_server_that_does_not_answer_is_named(
    tmp_path: Path, variable: str, name: str, mend: str
) -> None:
    # port 9 (discard) of loopback: nobody listens
    finding = named(list(examine(tmp_path, {variable: "http://127.0.0.1:9"})), name)
    assert not finding.is_fine and mend in finding.mend and "127.0.0.1:9" in finding.text
