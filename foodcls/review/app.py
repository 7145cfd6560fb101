"""The HTTP server of the review page: local, and for the holder of its token alone."""

import contextlib
import json
import logging
import secrets
import socket
import sys
from collections.abc import Callable
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any
from urllib.parse import parse_qs

from foodcls.errors import FoodclsError
from foodcls.image.decode import BadPicture
from foodcls.review.api import (
    BadRequest,
    list_classes,
    list_pictures,
    take_again,
    take_back,
    take_boxes,
    take_decision,
    take_labels,
    tell_news,
)
from foodcls.review.doubts import Doubts
from foodcls.review.doubts_api import show_alike, show_doubts, show_sample
from foodcls.review.map_api import show_map
from foodcls.review.picture_map import PictureMap
from foodcls.review.session import Session
from foodcls.review.thumbs import Thumbs

logger = logging.getLogger(__name__)

TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
HEADERS = {
    # nothing from elsewhere, nothing inline: a class name or URL that is markup stays text
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; style-src 'self'; "
    "script-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    # the address holds the token
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
# by path, what takes a change
CHANGES = {"decide": take_decision, "labels": take_labels, "boxes": take_boxes,
           "undo": take_back, "again": take_again}  # fmt: skip
MAX_BODY = 50_000_000  # bytes; a decision about 100,000 pictures, and what was seen of each


@cache
def page_files() -> dict[str, tuple[Traversable, str]]:
    """The files of the page and their MIME types, by path: "" for review.html, else the name."""
    found = {}
    for file in files("foodcls.review").joinpath("page").iterdir():
        # what else lies in the folder, as an editor's backup, is not served
        if mime := TYPES.get(file.name.rpartition(".")[2]):
            path = file.name.replace("review.html", "")
            found[path] = file, f"{mime}; charset=utf-8"
    return found


class ReviewServer(ThreadingHTTPServer):
    """Serves the page of one session at `url`; listens on 127.0.0.1 only."""

    daemon_threads = True

    def __init__(self, session: Session, thumbs: Thumbs, title: str, port: int = 0) -> None:
        """Listen on `port`, or on a free one for 0; OSError when it is taken."""
        # before listening: a port that is taken ends in server_close
        self.connections: set[socket.socket] = set()
        super().__init__(("127.0.0.1", port), Handler)
        self.session = session
        # ranked anew, they are the same ones
        self.pictures = frozenset(session.gallery.items)
        self.doubts = Doubts(session)
        self.map = PictureMap(session)
        self.thumbs = thumbs
        self.title = title
        self.token = secrets.token_urlsafe(24)
        self.hosts = {f"{name}:{self.server_port}" for name in ("127.0.0.1", "localhost")}

    def get_request(self) -> tuple[socket.socket, Any]:
        """Take the next connection, and remember that it is open."""
        connection, address = super().get_request()
        self.connections.add(connection)
        return connection, address

    def shutdown_request(self, request: Any) -> None:
        """Close a connection, and forget it."""
        self.connections.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print an error, unless the browser closed the connection."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)

    def server_close(self) -> None:
        """Stop listening, and answer no more on the connections that are open."""
        super().server_close()
        for connection in list(self.connections):
            with contextlib.suppress(OSError):  # it may have ended by itself
                connection.shutdown(socket.SHUT_RDWR)

    @property
    def url(self) -> str:
        """The page's URL with its token, which each request needs."""
        return f"http://127.0.0.1:{self.server_port}/{self.token}/"


class Handler(BaseHTTPRequestHandler):
    """Answers one connection."""

    server: ReviewServer
    protocol_version = "HTTP/1.1"
    timeout = 120  # seconds a connection may idle

    def do_GET(self) -> None:  # noqa: N802 - the name that http.server calls
        """Send the page, its data and its pictures."""
        self._reply(self._get)

    def do_POST(self) -> None:  # noqa: N802
        """Take a decision or boxes, or undo the last change."""
        self._reply(self._post)

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing: the request line holds the token."""

    def _reply(self, answer: Callable[[str], None]) -> None:
        path = self._allowed_path()
        if path is None:
            self._send_error(HTTPStatus.FORBIDDEN, "open the address that the command printed")
            return
        try:
            answer(path)
        except BadRequest as error:
            self._send_error(HTTPStatus.BAD_REQUEST, str(error))
        except BadPicture as error:
            self._send_error(HTTPStatus.NOT_FOUND, str(error))
        except FoodclsError as error:
            logger.warning("%s", error)
            self._send_error(HTTPStatus.CONFLICT, str(error))
        except (BrokenPipeError, ConnectionResetError):
            # the page went on to something else
            self.close_connection = True

    def _allowed_path(self) -> str | None:
        """The path behind the token, where host, token and origin are the page's own."""
        _, token, path = [*self.path.partition("?")[0].split("/", 2), "", ""][:3]
        host = self.headers.get("Host", "")
        origin = self.headers.get("Origin")
        is_ours = secrets.compare_digest(token.encode(), self.server.token.encode())
        # another host name points to DNS rebinding by a foreign page
        if not is_ours or host not in self.server.hosts:
            return None
        return path if origin in (None, f"http://{host}") else None

    def _get(self, path: str) -> None:
        session, doubts, asked = self.server.session, self.server.doubts, self._asked
        kind, _, name = path.partition("/")
        if path in page_files():
            file, mime = page_files()[path]
            self._send(file.read_bytes(), mime)
        elif kind in ("thumb", "picture") and name in self.server.pictures:
            thumbs = self.server.thumbs
            data = thumbs.small(name) if kind == "thumb" else thumbs.large(name)
            self._send(data, "image/jpeg", cache="private, max-age=31536000, immutable")
        elif path == "classes":
            number = session.news(0).number
            self._send_json({
                "title": self.server.title,
                "classes": list_classes(session),
                "number": number,
                "labels": session.labels,
                "ranks": session.files.likeness is not None,
            })  # fmt: skip
        elif path == "news":
            self._send_json(tell_news(session, asked("since"), asked("page")))
        elif path == "doubts":
            self._send_json(show_doubts(doubts, asked("size")))
        elif path == "alike":
            self._send_json(show_alike(doubts, asked("id"), asked("size")))
        elif path == "sample":
            self._send_json(show_sample(doubts, asked("size")))
        elif path == "map":
            tells_pictures = bool(asked("pictures"))
            self._send_json(show_map(self.server.map, tells_pictures=tells_pictures))
        elif path == "pictures":
            # one after another: of 80,000 the values would take 50 MB beside their text
            parts = b",".join(map(_as_json, list_pictures(session, asked("class"))))
            self._send(b"[" + parts + b"]", "application/json")
        else:
            self._send_error(HTTPStatus.NOT_FOUND, "no such page")

    def _asked(self, name: str) -> str:
        """What the address asks for by this name; empty where it does not."""
        return parse_qs(self.path.partition("?")[2]).get(name, [""])[0]

    def _post(self, path: str) -> None:
        request = self._body()
        if take := CHANGES.get(path):
            self._send_json(take(self.server.session, request))
        else:
            self._send_error(HTTPStatus.NOT_FOUND, "no such page")

    def _body(self) -> dict[str, Any]:
        length = self.headers.get("Content-Length", "")
        # a form of another page cannot send this type without asking first
        if self.headers.get_content_type() != "application/json":
            raise BadRequest("send JSON")
        if not length.isdecimal() or len(length) > 9 or int(length) > MAX_BODY:
            self.close_connection = True
            raise BadRequest(f"send at most {MAX_BODY} bytes")
        try:
            value = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError) as error:
            raise BadRequest("send JSON") from error
        if not isinstance(value, dict):
            raise BadRequest("send a JSON object")
        return value

    def _send_json(self, value: object) -> None:
        self._send(_as_json(value), "application/json")

    def _send_error(self, status: HTTPStatus, message: str) -> None:
        # the unread rest of the request would be taken for the next one
        self.close_connection = True
        self._send(message.encode(), "text/plain; charset=utf-8", status)

    def _send(
        self,
        data: bytes,
        mime: str,
        status: HTTPStatus = HTTPStatus.OK,
        cache: str = "no-store",
    ) -> None:
        self.send_response(status)
        headers = {"Content-Type": mime, "Content-Length": str(len(data)), "Cache-Control": cache}
        for name, value in (HEADERS | headers).items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(data)


def _as_json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
