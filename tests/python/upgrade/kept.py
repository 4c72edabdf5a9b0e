"""An installation as the version before the rules for what arrives (schema 6) left it behind; `play.py` made it."""

from __future__ import annotations

import base64
import gzip
import json
import os
import subprocess
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parent / "before_the_rules"
KEY = base64.b64encode(b"rampart upgrade test, no secret!").decode() + "\n"
"""The key of that installation, which belongs to nobody: it seals what this test alone uses."""


def known() -> Any:
    """What that version showed of everything."""
    return json.loads(unpacked("known.json"))


def unpacked(name: str) -> bytes:
    """A file of the fixture."""
    return gzip.decompress((FOLDER / f"{name}.gz").read_bytes())


def make_key(folder: Path) -> Path:
    """Makes the installation's data folder with its key; where it is."""
    data = folder / "data"
    data.mkdir()
    key = data / "installation.key"
    key.write_text(KEY)
    key.chmod(0o600)
    return data


def restore(folder: Path, database: str | None) -> Path:
    """Makes the installation's data folder, and fills a PostgreSQL database if there is one; gives the world's file."""
    data = make_key(folder)
    world = data / "sandbox.db"
    world.write_bytes(unpacked("sandbox.db"))
    if database is None:
        (data / "rampart.db").write_bytes(unpacked("rampart.db"))
        return world
    # A run before this one may have left something behind.
    script = b"DROP SCHEMA public CASCADE; CREATE SCHEMA public;\n" + unpacked("postgres.sql")
    command = ["psql", "--no-psqlrc", "--quiet", "--single-transaction", "--set", "ON_ERROR_STOP=1", "--dbname", database]
    environment = {**os.environ, "PGOPTIONS": "--client-min-messages=warning"}
    done = subprocess.run(command, input=script, capture_output=True, env=environment)
    if done.returncode != 0:
        raise RuntimeError(f"the dump was not taken: {done.stderr.decode()}")
    return world
