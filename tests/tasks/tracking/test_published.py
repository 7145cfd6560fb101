import subprocess
from pathlib import Path

from foodcls.export.export import ExportedRef
from foodcls.manifest import new_manifest, save_manifest
from foodcls.workspace.workspace import Workspace
from tasks.tracking.published import attribution_path, bundled, publish_model


def test_a_published_model_has_its_other_form_digests_and_attribution_beside_it(
    tmp_path: Path,
) -> None:
    workspace = Workspace.at(tmp_path / "w")
    row = {"id": "1", "origin": "http://a.test/1.jpg", "licence": "CC0-1.0", "source": "bing",
           "query": "rice", "state": "kept"}  # fmt: skip
    manifest = new_manifest([row | {"split": "train"}, row | {"id": "2", "split": "test"}])
    pictures = save_manifest(manifest, workspace.store, "augment")
    model = ExportedRef(
        workspace.store.put(b"a model"), workspace.store.put(b"a program"), 7, 0.0, 1
    )
    path = publish_model(workspace, "dishes", model, pictures)
    assert path.read_bytes() == b"a model"
    assert path.with_suffix(".pt2").read_bytes() == b"a program"
    check = ["sha256sum", "--check", "--strict", path.with_suffix(".sha256")]
    subprocess.run(check, cwd=path.parent, check=True)
    path.write_bytes(b"another")
    assert publish_model(workspace, "dishes", model, pictures).read_bytes() == b"a model"
    with bundled(path) as folder:
        subprocess.run(check, cwd=folder, check=True)
        assert len(list(folder.iterdir())) == 3
    beside = attribution_path(path)
    assert beside.name == f"{path.stem}.attribution.csv" and beside.parent == path.parent
    assert beside.read_text() == (
        "id,origin,page,licence,source,query\n1,http://a.test/1.jpg,,CC0-1.0,bing,rice\n"
    )
