"""Opens the page on which a person looks at the pictures, and says what is to be done after."""

import webbrowser
from pathlib import Path

from flows.cli.output import command_in, find_manifest, out, say
from foodcls.errors import InputError
from foodcls.recipe.recipe import load_recipe
from foodcls.review.decision_files import ReviewFiles
from foodcls.review.decisions import plain_reason
from foodcls.review.looks import estimate_session, open_looks
from foodcls.review.server import ReviewServer
from foodcls.review.session import open_session
from foodcls.review.thumbs import Thumbs
from foodcls.workspace.workspace import Workspace


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
    server = make_server(recipe_file, folder, port, annotator, is_test=is_test)
    # not wrapped: an address has to survive being copied
    out.print(f"[bold]review[/] {server.url}", highlight=False, soft_wrap=True)
    out.print("Each decision is saved at once. Ctrl-C ends.")
    if opens_browser:
        webbrowser.open(server.url)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        out.print()
    finally:
        server.server_close()
    if is_test and (known := estimate_session(server.session, Workspace(folder))):
        # it asks for scipy's optimizers: the page need not
        from foodcls.report.by_hand import explain_looks

        for sentence in explain_looks(known):
            out.print(sentence, markup=False, highlight=False)
    tell_next(server.session.files, recipe_file, folder)


def make_server(
    recipe_file: Path, folder: Path, port: int = 0, annotator: str = "", *, is_test: bool = False
) -> ReviewServer:
    """A server for the pictures of a workspace; InputError when it holds none or has no port."""
    recipe = load_recipe(recipe_file)
    find_manifest(folder, recipe_file)
    workspace = Workspace.at(folder)
    start = open_looks if is_test else open_session
    session = start(recipe, recipe_file, workspace, plain_reason(annotator))
    thumbs = Thumbs(workspace.store, workspace.thumbs, recipe.inspect.max_pixels)
    try:
        title = f"{recipe.name}: test pictures" if is_test else recipe.name
        return ReviewServer(session, thumbs, title, port)
    except OSError as error:
        raise InputError(
            f"--port {port}: {error.strerror}; leave --port out to take a free one"
        ) from error


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
