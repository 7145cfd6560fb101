"""Names of other programs lead to our commands."""

import pytest
from typer.testing import CliRunner

from flows.cli.main import app
from flows.cli.synonyms import MEANT


@pytest.mark.parametrize("typed", ["train", "Label", "deploy"])
def test_the_name_of_another_program_leads_to_ours(typed: str) -> None:
    done = CliRunner().invoke(app, [typed, "recipe.yaml"])
    assert done.exit_code == 2 and MEANT[typed.lower()] in done.stderr


def test_what_is_meant_is_there() -> None:
    names = {one.name or one.callback.__name__ for one in app.registered_commands if one.callback}
    assert not names & MEANT.keys()
    assert set(MEANT.values()) <= names
