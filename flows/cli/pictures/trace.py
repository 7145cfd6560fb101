"""Prints the story of a picture, and writes it as an HTML page that loads nothing."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from rich.table import Table
from rich.text import Text

from flows.cli.output import find_manifest, out, say
from foodcls.errors import StoreError
from foodcls.image.decode import BadPicture
from foodcls.recipe.data_settings import MAX_PIXELS
from foodcls.recipe.recipe import load_recipe
from foodcls.report.templates import render_page
from foodcls.report.thumbnails import data_uri
from foodcls.review.decision_files import choose_files
from foodcls.review.story import Story, read_decided, read_notes, tell_story
from foodcls.review.thumbs import Thumbs
from foodcls.store.store import write_whole
from foodcls.tables.manifest_csv import read_manifest
from foodcls.workspace.workspace import Workspace

# relatives shown, at most
MOST = 48


def story_page(story: Story, thumbs: Thumbs) -> str:
    """The page: the picture, its story, and its relatives as small pictures.

    Pictures that are not in the store are left out.
    """
    kin = ((item, _image(thumbs.small, item.id)) for item in story.relatives[:MOST])
    values = {
        "story": story,
        "name": story.origin.rsplit("/", 1)[-1] or story.origin,
        "image": _image(thumbs.large, story.id),
        "kin": [(item, image) for item, image in kin if image],
    }
    return render_page("story.html", values)


def _image(read: Callable[[str], bytes], digest: str) -> str:
    """The picture as a data URI; empty where there is none."""
    try:
        return data_uri(read(digest)) if digest else ""
    except (BadPicture, StoreError):
        return ""


def show_trace(
    name: str,
    folder: Path,
    page: Path | None,
    recipe_file: Path | None = None,
) -> None:
    """Print the story of the picture called `name`; write it to `page` too, if given.

    With a recipe, what a person decided is told of pictures that are kept too.
    """
    table = read_manifest(find_manifest(folder))
    notes = read_notes(Workspace(folder))
    if recipe_file:
        recipe = load_recipe(recipe_file)
        decisions = choose_files(recipe, recipe_file).decisions
        notes = replace(notes, verdicts=read_decided(table, decisions, recipe.labels))
    story = tell_story(table, name, notes)
    show_story(story)
    if page:
        workspace = Workspace.at(folder)
        thumbs = Thumbs(workspace.store, workspace.thumbs, MAX_PIXELS)
        write_whole(page, story_page(story, thumbs))
        say(f"\n{page}")


def show_story(story: Story) -> None:
    """Print a heading, what became of the picture, and a table of facts for each chapter."""
    style = "green" if story.ending.startswith(("kept", "augmented")) else "red"
    out.print(Text(f"{story.label}  {story.id[:16]}", style="bold"))
    out.print(Text(story.ending, style=style))
    for chapter in story.chapters:
        out.print()
        out.print(Text(chapter.title, style="bold dim"))
        grid = Table.grid(padding=(0, 2))
        grid.add_column(style="dim", min_width=12)
        # folded, not cut: an address has to survive being copied
        grid.add_column(overflow="fold")
        for fact in chapter.facts:
            grid.add_row(Text(fact.name), Text(fact.text))
        out.print(grid)
