"""A partner's webhook endpoint, which keeps what it hears exactly as it came."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Heard:
    """One request: headers in lower case, and the body's bytes, which the signatures are over."""

    headers: dict[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return json.loads(self.body)


class Listener:
    """Listens on a port of its own and answers every request with 204, or as `refusals` says first."""

    def __init__(self) -> None:
        self._heard: list[Heard] = []
        self._news = threading.Condition()
        self.refusals = 0
        listener = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", "0")))
                with listener._news:
                    refused = listener.refusals > 0
                    if refused:
                        listener.refusals -= 1
                    else:
                        listener._heard.append(Heard({name.lower(): value for name, value in self.headers.items()}, body))
                    listener._news.notify_all()
                self.send_response(503 if refused else 204)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hooks?from=rampart"

    def __enter__(self) -> "Listener":
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()

    def await_event(self, kind: str, subject: object, seconds: float = 30) -> Heard:
        """The first webhook of this type about this object."""

        def find() -> Heard | None:
            return next((heard for heard in self._heard if heard.event["type"] == kind and str(about(heard.event)) == str(subject)), None)

        with self._news:
            if not self._news.wait_for(lambda: find() is not None, timeout=seconds):
                raise AssertionError(f"no {kind} about {subject} in {seconds} s; heard {[heard.event['type'] for heard in self._heard]}")
            found = find()
            assert found is not None
            return found

    def all(self) -> list[Heard]:
        with self._news:
            return list(self._heard)


def about(event: dict[str, Any]) -> object:
    """What an event is about: an order's id or a customer's."""
    data = event["data"]
    return data["user_id"] if event["type"] == "KYC_UPDATED" else data["id"]
