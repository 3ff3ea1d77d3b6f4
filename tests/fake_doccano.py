"""A server that answers as a test tells it to; by default, as doccano with one empty project."""

import json
import ssl
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from banmian.doccano import PROJECT_TYPE
from banmian.doccano_projects import category_types, span_types

PASSWORD = "correct-horse-battery"
PROJECT = {
    "id": 1,
    "name": "banmian",
    "project_type": PROJECT_TYPE,
    "collaborative_annotation": True,
}


def page_of(rows):
    return {"count": len(rows), "next": None, "previous": None, "results": rows}


def defaults():
    return {
        "POST v1/auth/login/": {"key": "x"},
        "GET v1/me": {"id": 1, "username": "admin"},
        "GET v1/projects": page_of([PROJECT]),
        "GET v1/projects/1/span-types": span_types(),
        "GET v1/projects/1/category-types": category_types(),
        "GET v1/projects/1/tags": [],
        "POST v1/projects/1/tags": {"id": 5},
        "DELETE v1/projects/1/tags/5": None,
        "GET v1/projects/1/examples": page_of([]),
        "DELETE v1/projects/1/examples": None,
        "POST v1/fp/process/": "upload1",
        "DELETE v1/fp/revert/": None,
        "POST v1/projects/1/upload": {"task_id": "import-1"},
        "GET v1/tasks/status/import-1": {"ready": True, "result": {"error": []}, "error": None},
        "POST v1/projects/1/download": {"task_id": "export-1"},
        "GET v1/tasks/status/export-1": {"ready": True, "result": "/x.zip", "error": None},
    }


class Handler(BaseHTTPRequestHandler):
    def answer(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        key = f"{self.command} {self.path.split('?')[0].lstrip('/')}"
        self.server.heard.append((key, body))
        reply = self.server.replies.get(key, (404, {"detail": "Not found."}))
        if callable(reply):
            reply = reply(self)
            if reply is None:
                return
        status, value = reply if isinstance(reply, tuple) else (200, reply)
        data = value if isinstance(value, bytes) else b"" if value is None else encode(value)
        self.send(status, data)

    def send(self, status, data, **headers):
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.send_header("Set-Cookie", "csrftoken=csrf-secret-token; Path=/")
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_DELETE = do_PATCH = answer  # noqa: N815 - the names that http.server calls

    def log_message(self, *_):
        pass


def encode(value):
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


@contextmanager
def fake_server(replies=None, certificate=None):
    """Yield a server with ``url``, ``heard`` (the requests) and ``replies``."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads, server.block_on_close = True, False
    server.heard, server.replies = [], {**defaults(), **(replies or {})}
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "https" if certificate else "http"
    server.url = f"{scheme}://127.0.0.1:{server.server_port}/"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
