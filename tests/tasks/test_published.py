from pathlib import Path

from foodcls.learn.export import ExportedRef
from foodcls.manifest import new_manifest, save_manifest
from foodcls.workspace import Workspace
from tasks.published import attribution_path, publish_model


def test_a_published_model_has_its_attribution_beside_it(tmp_path: Path) -> None:
    space = Workspace.at(tmp_path / "w")
    row = {"id": "1", "origin": "http://a.test/1.jpg", "licence": "CC0-1.0", "source": "bing",
           "query": "rice", "state": "kept"}  # fmt: skip
    manifest = new_manifest([row | {"split": "train"}, row | {"id": "2", "split": "test"}])
    pictures = save_manifest(manifest, space.store, "augment")
    model = ExportedRef(space.store.put(b"a model"), 7, 0.0, 1)
    path = publish_model(space, "dishes", model, pictures)
    assert path.read_bytes() == b"a model"
    beside = attribution_path(path)
    assert beside.name == f"{path.stem}.attribution.csv" and beside.parent == path.parent
    assert beside.read_text() == (
        "id,origin,page,licence,source,query\n1,http://a.test/1.jpg,,CC0-1.0,bing,rice\n"
    )
