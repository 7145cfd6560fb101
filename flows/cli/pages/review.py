"""Opens the page on which a person looks at the pictures, and says what is to be done after."""

import socket
import webbrowser
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI

from flows.cli.output import command_in, find_manifest, out, say, say_sentences
from flows.cli.pages.listen import address_of, local_guard, open_port, serve_until_stopped
from foodcls.recipe.recipe import load_recipe
from foodcls.review.app import make_app
from foodcls.review.decision_files import ReviewFiles
from foodcls.review.decisions import plain_reason
from foodcls.review.looks import estimate_session, open_looks
from foodcls.review.session import Session, open_session
from foodcls.review.thumbs import Thumbs
from foodcls.workspace.workspace import Workspace

SECONDS = 5.0  # for what is being answered when Ctrl-C comes


@dataclass(frozen=True)
class Visit:
    """A session whose page is ready to be served, and where it will be."""

    session: Session
    app: FastAPI
    opened: socket.socket
    url: str  # with the token, which each request needs
    door: str  # leads a browser there, once


def open_page(
    recipe_file: Path,
    folder: Path,
    port: int,
    *,
    opens_browser: bool,
    annotator: str = "",
    is_test: bool = False,
) -> None:
    """Serve the page until Ctrl-C; decisions are signed by the annotator, if one is named.

    `is_test` shows the test pictures in place of the others.
    """
    visit = open_visit(recipe_file, folder, port, annotator, is_test=is_test)

    def tell() -> None:
        # not wrapped: an address has to survive being copied
        out.print(f"[bold]review[/] {visit.url}", highlight=False, soft_wrap=True)
        out.print("Each decision is saved at once. Ctrl-C ends.")
        if opens_browser:
            webbrowser.open(visit.door)

    with visit.opened:
        serve_until_stopped(visit.app, visit.opened, SECONDS, tell)
    if is_test and (known := estimate_session(visit.session, Workspace(folder))):
        # it asks for scipy's optimizers: the page need not
        from foodcls.report.by_hand import explain_looks

        say_sentences(*explain_looks(known))
    tell_next(visit.session.files, recipe_file, folder)


def open_visit(
    recipe_file: Path, folder: Path, port: int = 0, annotator: str = "", *, is_test: bool = False
) -> Visit:
    """Open the pictures of a workspace; InputError when it holds none, or the port is taken."""
    recipe = load_recipe(recipe_file)
    find_manifest(folder, recipe_file)
    workspace = Workspace.at(folder)
    start = open_looks if is_test else open_session
    session = start(recipe, recipe_file, workspace, plain_reason(annotator))
    thumbs = Thumbs(workspace.store, workspace.thumbs, recipe.inspect.max_pixels)
    title = f"{recipe.name}: test pictures" if is_test else recipe.name
    opened = open_port("127.0.0.1", port)
    place = address_of("127.0.0.1", opened)
    guard = local_guard(place)
    app = make_app(session, thumbs, title, guard)
    url, door = (f"http://{place}/{secret}/" for secret in (guard.token, guard.ticket))
    return Visit(session, app, opened, url, door)


def tell_next(files: ReviewFiles, recipe_file: Path, folder: Path) -> None:
    """Print where the decisions are, what the recipe still lacks, and how to use them."""
    for path in (files.decisions, files.boxes):
        if path.exists():
            say(f"{path}")
    lines = [line for line in files.missing if line.file.exists()]
    if lines:
        say(f"Put into {recipe_file} (into its section of that name, if it has one):")
        for line in lines:
            say(f"  {line.text}")
    say(f"Then: {command_in(folder, 'run', recipe_file)}")
