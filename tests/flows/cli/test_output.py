"""Errors end a command with a line and an exit code."""

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
