"""Errors end a command with a line and an exit code."""

import subprocess
import sys

import pytest
import typer

from flows.cli.output import told
from foodcls.errors import InputError, StoreError


@pytest.mark.parametrize(("error", "code"), [(InputError("[a] b"), 2), (StoreError("[a] b"), 1)])
def test_an_error_is_one_message_and_an_exit_code(
    error: Exception, code: int, capsys, monkeypatch
) -> None:
    monkeypatch.setattr("flows.cli.output.speak_plainly", lambda: None)
    with pytest.raises(typer.Exit) as end, told():
        raise error
    assert end.value.exit_code == code and capsys.readouterr().err == "error: [a] b\n"


def test_warnings_of_libraries_do_not_reach_the_terminal() -> None:
    """Unless Python is asked for them by -W."""
    program = (
        "from flows.cli.output import speak_plainly; speak_plainly()\n"
        "import io, logging, warnings, PIL.Image\n"
        "warnings.simplefilter('always'); logging.getLogger('foodcls').warning('ours')\n"
        "warnings.warn('of a library'); data = io.BytesIO()\n"
        "exif = b'Exif\\0\\0II*\\0\\x08\\0\\0\\0\\xff\\xff'\n"
        "PIL.Image.new('RGB', (9, 9)).save(data, 'JPEG', exif=exif)\n"
        "PIL.Image.open(data).getexif().get(1)"
    )
    said = [
        subprocess.run([sys.executable, *words, "-c", program], capture_output=True, text=True,
                       check=True).stderr
        for words in ((), ("-W", "always"))
    ]  # fmt: skip
    assert said[0].strip() == "ours"
    assert "of a library" in said[1] and "EXIF" in said[1]
