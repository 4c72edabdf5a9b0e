"""The real binary as a process of its own, for tests that know it only from outside."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import threading
from dataclasses import dataclass
from functools import cache
from pathlib import Path

START_LIMIT_SECONDS = 60
STOP_LIMIT_SECONDS = 30
METRICS = {"RAMPART__SERVER__METRICS_LISTEN": "127.0.0.1:0"}
"""The setting with which a binary serves its metrics, at `Rampart.metrics_url`."""
LATER = (
    "RAMPART__SANDBOX__DESTINATION_DELAY_SECONDS",
    *(f"RAMPART__SERVER__{name}" for name in ("METRICS_LISTEN", "METRICS_TOKEN_FILE", "BODIES", "BODIES_PER_ADDRESS", "CONNECTIONS_PER_ADDRESS",
                                              "STOP_MILLISECONDS", "WRITE_TIMEOUT_MILLISECONDS")),
)
"""Settings that older versions refuse to know, and are started without."""


@cache
def is_older(binary: Path) -> bool:
    """Whether a binary is of a version before the settings of `LATER`."""
    printed = subprocess.run([binary, "config", "--data", "/nonexistent"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    return "server.metrics_listen" not in printed.stdout


@dataclass(frozen=True)
class Partner:
    """A partner's credentials, as the operator's command prints them."""

    id: str
    api_key: str
    api_secret: str


class Rampart:
    """One installation in a folder of its own, serving on a port that the system chose."""

    def __init__(self, binary: Path, folder: Path, database: str | None = None, settings: dict[str, str] | None = None) -> None:
        self._binary = binary.resolve()
        self._where = ["--data", str(folder / "data")]
        if database:
            self._where += ["--database", database]
        without = LATER if settings and is_older(self._binary) else ()
        self._environment = {**os.environ, **{name: value for name, value in (settings or {}).items() if name not in without}}
        self._log = (folder / "server.log").open("ab")
        self._process: subprocess.Popen[str] | None = None
        self.url = ""
        self.metrics_url = ""
        """Where the metrics are, with `METRICS` among the settings; older versions have them beside the API."""

    def __enter__(self) -> "Rampart":
        self._process = subprocess.Popen(
            [self._binary, "serve", "--listen", "127.0.0.1:0", *self._where],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self._log, env=self._environment, text=True,
        )
        lines: queue.Queue[str] = queue.Queue()

        def read() -> None:
            # Reads on to the end: a server whose pipe is full stops.
            assert self._process is not None and self._process.stdout is not None
            for line in self._process.stdout:
                lines.put(line)
            lines.put("")

        threading.Thread(target=read, daemon=True).start()
        while True:
            line = lines.get(timeout=START_LIMIT_SECONDS)
            if not line:
                raise RuntimeError(f"the server ended before it listened; its log is {self._log.name}")
            if line.startswith("metrics on http://"):
                self.metrics_url = line.removeprefix("metrics on ").split(",")[0].strip()
            if "listening on http://" in line:
                self.url = "http://" + line.split("listening on http://", 1)[1].strip().rstrip("/")
                self.metrics_url = self.metrics_url or self.url + "/metrics"
                return self

    def __exit__(self, *_: object) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            raise
        finally:
            self._log.close()

    def run(self, *arguments: str) -> str:
        """Runs an operator's command on the same installation and returns what it prints."""
        done = subprocess.run(
            [self._binary, *arguments, *self._where], stdin=subprocess.DEVNULL, capture_output=True, env=self._environment, text=True, timeout=120,
        )
        if done.returncode != 0:
            raise RuntimeError(f"rampart {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
        return done.stdout

    def create_partner(self, name: str) -> Partner:
        answer = json.loads(self.run("partner", "create", "--name", name, "--json"))
        return Partner(str(answer["id"]), answer["api_key"], answer["api_secret"])
