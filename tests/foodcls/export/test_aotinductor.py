"""A damaged package of machine code is refused before libtorch unpacks any of it."""

import io
import json
from zipfile import ZipFile

import pytest

from foodcls.export.aotinductor import bound_to, read_package
from foodcls.export.exported_program import FACTS


def test_a_damaged_package_is_refused_before_it_is_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    buffer = io.BytesIO()
    with ZipFile(buffer, "w") as package:
        package.writestr(f"model/extra/{FACTS}", json.dumps({"bound_to": bound_to()}))
        package.writestr("model/code.so", b"machine code")
    monkeypatch.setattr("torch._inductor.aoti_load_package", lambda path: pytest.fail(path))
    with pytest.raises(ValueError, match="model/code.so in it is damaged"):
        read_package(buffer.getvalue().replace(b"machine code", b"machine cold"))
