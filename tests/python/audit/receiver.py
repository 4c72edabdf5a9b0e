"""A receiver of webhooks that answers as a test wants: late, with any status, or with headers of its own."""

from __future__ import annotations

import json
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from client.listener import Heard


class Receiver:
    """Listens on a port of its own, and answers 204 by default."""

    def __init__(self) -> None:
        self.status = 204
        self.headers: dict[str, str] = {}
        self.answers = threading.Event()
        """Cleared, it leaves everybody without an answer."""
        self.answers.set()
        self.heard: deque[Heard] = deque()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                receiver.heard.append(Heard({name.lower(): value for name, value in self.headers.items()}, body))
                receiver.answers.wait(60)
                try:
                    self.send_response(receiver.status)
                    for name, value in {"content-length": "0", **receiver.headers}.items():
                        self.send_header(name, value)
                    self.end_headers()
                except OSError:
                    # Nobody waited.
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 128

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks"

    def __enter__(self) -> "Receiver":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.answers.set()
        self._server.shutdown()
        self._server.server_close()

    def about(self, subject: object) -> list[dict[str, Any]]:
        """The events that were heard of an order or a customer."""
        events = [json.loads(heard.body) for heard in list(self.heard)]
        return [event for event in events if str(event["data"].get("id", event["data"].get("user_id"))) == str(subject)]
