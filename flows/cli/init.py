"""Writes a first recipe for a folder of pictures, or for names, and says what to type next."""

from pathlib import Path

from flows.cli.output import say
from foodcls.errors import InputError, command_line
from foodcls.init.draft import (
    check_counts,
    describe_training,
    draft_from_names,
    draft_recipe,
    place_outside,
    plain_name,
    write_draft,
)
from foodcls.init.survey import HINT, survey_pictures
from foodcls.network.at_hand import package_folder

# the best of what docs/models.md tried on few pictures, by cross-validation: a minute or two
PROBE = """\
augment: {per_class: null}
train:
  method: probe # one layer, on a network that knows a million pictures
  backbone: tf_efficientnet_lite0 # its weights are installed
  # without these three a fifth of the time, and right less often
  input_size: 288 # larger than the network was trained with
  target: {shape: photo} # two parts of each photo are learnt from too
  extras: {tta: 3} # answers: means over a picture and its magnified middle
export: {formats: [torchscript]} # others: docs/use.md"""


def start_recipe(source: str, classes: str, recipe: Path | None) -> None:
    """Write NAME.yaml, or `recipe`, and print the command that uses it."""
    place = Path(source).expanduser()
    name = plain_name(place.resolve().stem if place.exists() else source)
    path = asked = recipe or Path(f"{name}.yaml")
    labels = [label.strip() for label in classes.split(",") if label.strip()]
    if labels:
        text = draft_from_names(labels, name, choose_training())
    elif place.exists():
        found = survey_pictures(place)
        check_counts(found)
        path = place_outside(found, path)
        text = draft_recipe(found, name, path, choose_training())
    else:
        raise InputError(f"{place} is not there; {HINT.format('photos')}")
    write_draft(text, path)
    say(text)
    steps = [command_line("foodcls", "run", path)]
    if path != asked:
        steps = [command_line("cd", path.parent), command_line("foodcls", "run", path.name)]
    say(f"written to {path}. Next:\n  " + "\n  ".join(steps))


def choose_training() -> str:
    """The lines of a recipe on the training, for weights that are at hand."""
    if package_folder("tf_efficientnet_lite0"):
        return PROBE
    return describe_training({"backbone": "resnet34"}, "the first run downloads its weights")
