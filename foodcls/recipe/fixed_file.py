"""Fixes the files that settings name: people edit them while a run goes on."""

import io
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel

# bytes: no reader of people's files takes a larger one
LARGEST = 100_000_000


class FixedFile(type(Path())):  # type: ignore[misc]
    """A path whose file is read as it was when `of` was called, whatever becomes of it."""

    data: bytes | None = None  # None: a path made from such a one, e.g. its folder

    @classmethod
    def of(cls, path: Path) -> Self:
        """The file as it is now."""
        fixed = cls(path)
        fixed.data = path.read_bytes()
        return fixed

    def open(self, mode: str = "r", buffering: int = -1, *text: Any, **more: Any) -> Any:
        """What `Path.open` gives; the other ways of reading go through it."""
        if self.data is None:
            return super().open(mode, buffering, *text, **more)
        held = io.BytesIO(self.data)
        return held if "b" in mode else io.TextIOWrapper(held, *text, **more)


def fix_files(value: Any) -> Any:
    """A copy of settings with their files fixed; folders stay as they are."""
    if isinstance(value, BaseModel):
        fields = {name: fix_files(getattr(value, name)) for name in type(value).model_fields}
        return value.model_copy(update=fields)
    if isinstance(value, tuple):
        return tuple(map(fix_files, value))
    is_table = isinstance(value, Path) and value.is_file() and value.stat().st_size <= LARGEST
    return FixedFile.of(value) if is_table else value
