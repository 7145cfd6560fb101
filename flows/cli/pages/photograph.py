"""Serves the camera page to a phone until Ctrl-C, with a QR code of its address."""

import ipaddress
import socket
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory

import segno

from flows.cli.output import say
from flows.cli.pages.listen import (
    address_of,
    is_local,
    local_guard,
    open_port,
    serve_until_stopped,
)
from foodcls.errors import InputError
from foodcls.photograph.app import SECONDS, make_app
from foodcls.photograph.certificate import write_certificate
from foodcls.photograph.photos import PhotoFolder
from foodcls.recipe.recipe import Recipe, load_recipe
from foodcls.recipe.yaml_lines import quote
from foodcls.serve.guard import Guard

# of documentation: nothing is sent there, the system only says by which address it would
SOMEWHERE = {socket.AF_INET: ("192.0.2.1", 9), socket.AF_INET6: ("2001:db8::1", 9)}
TUNNEL = """A phone needs a way here: by a cable, `adb reverse tcp:{port} tcp:{port}` on Android; \
from another machine, `ssh -L {port}:127.0.0.1:{port} THIS_MACHINE`; or --host 0.0.0.0, for the \
phones of this network."""
TRUST = """The phone warns that it does not know the certificate. Look at it there, and go on if \
its SHA-256 is
{fingerprint}"""


def take_photos(recipe_file: Path, folder: Path | None, host: str, port: int) -> None:
    """Take photos into the recipe's folder, or another one; returns when it is told to stop."""
    recipe = load_recipe(recipe_file)
    photos = PhotoFolder(folder or _find_folder(recipe, recipe_file), recipe.labels)
    if photos.root.exists() and not photos.root.is_dir():
        raise InputError(f"{photos.root} is no folder; name one with --folder")
    address = _reachable(host)
    opened = open_port(host, port)
    try:
        with TemporaryDirectory() as secret:
            _serve(recipe.name, photos, address, opened, Path(secret))
    finally:
        opened.close()
    _tell_next(photos, recipe, recipe_file)


def _serve(
    title: str, photos: PhotoFolder, address: str,
    opened: socket.socket, secret: Path,
) -> None:  # fmt: skip
    place, port = address_of(address, opened), opened.getsockname()[1]
    certificate = key = None
    if is_local(address):
        note = TUNNEL.format(port=port)
        guard = local_guard(place)
    else:
        certificate, key, fingerprint = write_certificate(address, secret)
        note = TRUST.format(fingerprint=fingerprint)
        guard = Guard([f"https://{place}"])
    url = f"{'https' if certificate else 'http'}://{place}/{guard.token}/"

    def tell() -> None:
        for line in (f"photograph {url}", qr_code(url), note, f"Photos land in {photos.root}"):
            # not wrapped: an address has to survive being copied
            say(line)

    app = make_app(photos, guard, title)
    serve_until_stopped(app, opened, SECONDS, tell, certificate, key)


def qr_code(text: str) -> str:
    """A QR code in characters, for a terminal."""
    drawn = StringIO()
    segno.make(text, error="l", micro=False).terminal(drawn, compact=True, border=2)
    return drawn.getvalue().rstrip("\n")


def _find_folder(recipe: Recipe, recipe_file: Path) -> Path:
    if recipe.test:
        return recipe.test.folder
    if recipe.own:
        return recipe.own.folder
    raise InputError(
        f"{recipe_file} names no folder for photos; --folder photos/test makes one, and says what "
        "to put into the recipe"
    )


def _reachable(host: str) -> str:
    """The IP address by which others reach what listens on a host."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host)
    except ValueError as error:
        raise InputError(f"--host {host}: name an IP address, e.g. 0.0.0.0") from error
    if not address.is_unspecified:
        return str(address)
    kind = socket.AF_INET if address.version == 4 else socket.AF_INET6
    try:
        with socket.socket(kind, socket.SOCK_DGRAM) as probe:
            probe.connect(SOMEWHERE[kind])
            return str(probe.getsockname()[0])
    except OSError as error:
        raise InputError(
            f"--host {host}: this machine is in no network; name its address with --host"
        ) from error


def _tell_next(photos: PhotoFolder, recipe: Recipe, recipe_file: Path) -> None:
    counts = photos.count()
    groups = {group for found in counts.values() for group in found}
    total = sum(sum(found.values()) for found in counts.values())
    lines = [f"{photos.root}: {total} photos in {len(groups)} trays"]
    named = [part.folder for part in (recipe.test, recipe.own) if part]
    if photos.root.resolve() not in [folder.resolve() for folder in named]:
        place = quote(str(photos.root.resolve()))
        lines += [
            f"To judge by them, put into {recipe_file}:",
            f"  test: {{folder: {place}, grouped_by_folder: shared}}",
        ]
    elif recipe.test and not recipe.test.grouped_by_folder:
        lines.append(
            f"To judge trays as wholes: `grouped_by_folder: shared` in test of {recipe_file}"
        )
    for line in lines:
        say(line)
