"""The kept installation as the present binary goes on with it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from rampart_process import METRICS, Partner

from . import kept, world
from .installation import Installation

SLOW_WORKERS = ("sweep", "ledger", "prices", "keys")
"""Workers that turn rarely, and are not waited for."""
DOWN_SECONDS = 900
"""How long nobody served: long enough for promises to end meanwhile."""
FOR_A_MOMENT = ("There is no current price", "look again in a minute")
"""Refusals of a moment: behind a jump of the clock no fresh price is stored yet; a payout is being handed over just now."""


class Upgraded(Installation):
    """`began` is what had left before the present binary saw it. Until `recover` the world fails as it did then."""

    # Banks take their time.
    pace = 1

    def __init__(self, binary: Path, folder: Path, database: str | None) -> None:
        super().__init__(binary, folder, database)
        self.known: dict[str, Any] = kept.known()
        self.orders, self.partner = self.known["orders"], Partner(**self.known["partner"])
        self.world = kept.restore(folder, database)
        stopped = datetime.fromisoformat(self.known["moment"].replace("Z", "+00:00"))
        world.set_clock(self.world, stopped + timedelta(seconds=DOWN_SECONDS))
        self.began = world.left(self.world)
        self.is_troubled = True

    def start(self, **settings: str) -> None:
        super().start(**METRICS, **settings)

    def recover(self) -> None:
        """Every trouble that the older version met ends."""
        self.mend("bank", "chain", "screening")
        self.is_troubled = False

    def dump(self) -> bytes:
        """Everything that the database holds."""
        if self.database is None:
            return b"".join(file.read_bytes() for file in sorted((self.folder / "data").glob("rampart.db*")))
        command = ["pg_dump", "--no-owner", "--dbname", self.database]
        return subprocess.run(command, check=True, capture_output=True).stdout

    def left(self) -> world.Left:
        """What has left since the present binary began."""
        return world.left(self.world).since(self.began)

    def kinds(self, name: str) -> list[str]:
        """The types of an order's events, oldest first."""
        return [event["type"] for event in self.client.events() if event["data"].get("id") == self.orders[name]["id"]]

    def reserved(self, name: str) -> Decimal:
        """What is held for an order, in coins or money."""
        return reserved(self.shown(name))

    def reserved_for(self, names: Iterable[str]) -> dict[str, Decimal]:
        """The same for many orders: each is a command of its own, so they are run beside each other."""
        names = tuple(names)
        with ThreadPoolExecutor(4) as pool:
            return dict(zip(names, pool.map(self.reserved, names)))

    def command(self, *arguments: str) -> str:
        """What is refused for this moment only is asked again, as a person would."""
        end = time.monotonic() + 15
        while True:
            try:
                return super().command(*arguments)
            except RuntimeError as refusal:
                if not any(known in str(refusal) for known in FOR_A_MOMENT) or time.monotonic() > end:
                    raise
                time.sleep(0.2)

    def quiet(self, seconds: float = 10) -> None:
        """Waits until every worker has turned twice without having done anything; those whose bank fails turn ever more rarely."""

        def look() -> tuple[dict[str, int], dict[str, int]]:
            turns: dict[str, int] = {}
            done: dict[str, int] = {}
            for line in self.client.http.get(self.rampart.metrics_url).text.splitlines():
                name, _, value = line.rpartition(" ")
                if name.startswith("rampart_worker_turns_total"):
                    worker = name.split('what="', 1)[1].split('"', 1)[0]
                    if worker not in SLOW_WORKERS and not (self.is_troubled and worker.startswith("ingest-bank")):
                        turns[worker] = turns.get(worker, 0) + int(float(value))
                elif name.startswith(("rampart_facts_total", "rampart_jobs_done_total")):
                    done[name] = int(float(value))
            return turns, done

        end = time.monotonic() + seconds
        turns, done = look()
        while time.monotonic() < end:
            time.sleep(0.05)
            now_turns, now_done = look()
            if now_done != done:
                turns, done = now_turns, now_done
            elif all(now_turns.get(worker, 0) >= count + 2 for worker, count in turns.items()):
                return


def reserved(shown: Any) -> Decimal:
    """What is held for an order, of what an operator is shown."""
    return Decimal(shown["reserved"].split()[0])
