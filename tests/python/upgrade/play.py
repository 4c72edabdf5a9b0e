"""Plays an installation of the version before the rules for what arrives (schema 6) into every state that an upgrade meets, and keeps it.

    python tests/python/upgrade/play.py --binary OLDER_RAMPART --postgres postgres://…/empty_database

Everything is synthetic: the people are those of `client/people.py`, the key and the partner are made for this alone. It is run
once; the test starts from what it kept.
"""

from __future__ import annotations

import argparse
import gzip
import json
import re
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from client.listener import Listener  # noqa: E402
from client.partner_client import eventually  # noqa: E402
from upgrade import scenes  # noqa: E402
from upgrade.installation import MANY, pages  # noqa: E402
from upgrade.kept import FOLDER, make_key  # noqa: E402
from upgrade.stage import Stage  # noqa: E402

KINDS = ("PAY_IN", "PAYMENT_UPDATED", "COINS_SENT", "CRYPTO_RECEIVED", "RAMPOFF_UPDATED", "TRANSFER_RAMPOFF_FINISHED", "KYC_UPDATED")
HOLDING = {
    **{f"RAMPART__POLICIES__{name}__{what}__BEYOND": "hold" for name in ("TRANSFER", "SELLING", "REDIRECT") for what in ("SHORT", "OVER", "LATE")},
    **{f"RAMPART__POLICIES__{name}__LATE__BASIS_POINTS": "0" for name in ("TRANSFER", "SELLING")},
}
"""That version's policies, with which whatever is unusual waits for a person. Without them it was quoted anew or sent back."""


def play(stage: Stage, listener: Listener) -> dict[str, Any]:
    """Every scene; what the test has to know of it."""
    stage.start(**HOLDING)
    for kind in KINDS:
        stage.client.subscribe(listener.url, kind)
    stage.client.sandbox("chain/polygon/automine", {"every_seconds": 0})
    stage.price("0.90")
    people = {
        "carmen": stage.person(), "listed": stage.person(name="Juan", last_name="Sancionado", last_name2="Prueba"), "mexican": stage.mexican(),
        "limited": stage.person(level=1),
    }
    carmen, listed, mexican, limited = people.values()
    # Limits count days: everything happens on the same two, at whatever hour this is played.
    now = datetime.fromisoformat(stage.advance(0).replace("Z", "+00:00"))
    stage.advance(int((now.replace(hour=6, minute=0, second=0) + timedelta(days=1) - now).total_seconds()))
    stage.price("0.90")

    scenes.ended_or_late(stage, carmen, mexican)
    scenes.held_while_nobody_screens(stage, carmen)
    scenes.held_purchases(stage, carmen, listed, mexican)
    scenes.held_sales(stage, carmen)
    scenes.quarantined(stage, carmen)
    stage.stop()
    stage.start()
    scenes.purchases_that_ended(stage, carmen, mexican)
    scenes.sales_that_ended(stage, carmen)
    scenes.beside(stage)
    # From here on the partner hears nothing, and deliveries wait.
    eventually(lambda: heard(listener), lambda sequences: len(sequences) == len(stage.client.events()))
    listener.refusals = MANY
    scenes.behind_their_end(stage, carmen, mexican, limited)
    scenes.open_orders(stage, carmen, mexican, limited)
    scenes.stopped(stage, carmen, limited)
    scenes.under_way(stage, carmen)
    return {"people": people}


def heard(listener: Listener) -> list[int]:
    """The sequences that the partner has heard."""
    return sorted({heard.event["sequence"] for heard in listener.all()})


def recorded(stage: Stage) -> dict[str, Any]:
    """What that version shows of everything, for the test to compare with."""
    for name, order in stage.orders.items():
        order["view"] = stage.view(name)
        order["shown"] = stage.shown(name)
    return {
        "moment": stage.advance(0),
        "partner": vars(stage.partner),
        "orders": stage.orders,
        "payments": [row["id"] for row in pages(stage.client.payments)],
        "rampoffs": [row["id"] for row in pages(stage.client.rampoffs)],
        "events": stage.client.events(),
        "items": stage.items(),
    }


def compacted(file: Path) -> bytes:
    """A SQLite file without what is empty in it."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("VACUUM")
    return file.read_bytes()


def dumped(url: str) -> bytes:
    """A plain dump that every server from 15 on reads."""
    command = ["pg_dump", "--no-owner", "--no-privileges", "--dbname", url]
    dump = subprocess.run(command, check=True, capture_output=True).stdout.decode()
    # Commands of newer programs and settings of newer servers.
    return re.sub(r"(?m)^(\\(un)?restrict .*|SET transaction_timeout.*)\n", "", dump).encode()


def keep(name: str, content: bytes) -> None:
    """Packs a file of the fixture; the same content gives the same bytes."""
    packed = gzip.compress(content, mtime=0)
    (FOLDER / f"{name}.gz").write_bytes(packed)
    print(f"kept {name}: {len(packed)} bytes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", type=Path, required=True, help="the binary of the older version")
    parser.add_argument("--postgres", required=True, help="an empty PostgreSQL database, to be filled and dumped")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary, Listener() as listener:
        folder = Path(temporary)
        data = make_key(folder)
        stage = Stage(arguments.binary, folder)
        known = play(stage, listener) | recorded(stage) | {"heard": heard(listener)}
        stage.stop()
        print(stage.operate("ledger", "verify").strip())
        stage.operate("db", "copy", "--from", f"sqlite:{data / 'rampart.db'}", "--to", arguments.postgres)
        FOLDER.mkdir(exist_ok=True)
        keep("known.json", json.dumps(known, ensure_ascii=False, indent=1).encode())
        keep("sandbox.db", compacted(data / "sandbox.db"))
        keep("rampart.db", compacted(data / "rampart.db"))
        keep("postgres.sql", dumped(arguments.postgres))


if __name__ == "__main__":
    main()
