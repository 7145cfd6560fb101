import io
import tarfile
from pathlib import Path

import pytest

from foodcls.errors import InputError
from foodcls.export.web.write import read_runtime


def test_another_package_is_refused_with_what_to_type(tmp_path: Path) -> None:
    path = tmp_path / "other.tgz"
    with tarfile.open(path, "w:gz") as package:
        package.addfile(tarfile.TarInfo("package/dist/../../evil.mjs"), io.BytesIO())
    with pytest.raises(InputError, match="digest differs; get it by `npm pack onnxruntime-web@"):
        read_runtime(path)
    with pytest.raises(InputError, match="npm pack"):
        read_runtime(tmp_path / "nothing.tgz")
