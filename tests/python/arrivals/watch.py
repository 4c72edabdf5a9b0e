"""Which orders may show something else than before, so that the others are not read again and again.

The binary reports changes in its log of events; what is booked without an event (2.6) the model expects. What neither of
them reports is found when everything is read: now and then, and at the end.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from .binary import World

PAGE = 100


class Watch:
    """Reads the log of events from its end on, and lists of orders."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.after = self._newest()
        self.reported: Counter[tuple[str, str]] = Counter()
        """Number of events by order and kind since then."""

    def _newest(self) -> int:
        """The number of the newest event. The world remembers where it last looked: the log is long."""
        for event in self.world.client.events(self.world.last_event):
            self.world.last_event = event["sequence"]
        return self.world.last_event

    def changed(self) -> set[str]:
        """The identifiers of the orders with new events since the last call."""
        found = set()
        for event in self.world.client.events(self.after):
            self.after = self.world.last_event = event["sequence"]
            about = event["data"].get("id", "")
            self.reported[(about, event["type"])] += 1
            found.add(about)
        return found

    def everything(self, since: str) -> dict[str, dict[str, Any]]:
        """What is shown of all orders that were made since that moment, by their names."""
        client = self.world.client
        shown: dict[str, dict[str, Any]] = {}
        for page_of in (client.payments, client.rampoffs):
            cursor: dict[str, str] = {}
            while True:
                page = page_of(limit=PAGE, **{"from": since}, **cursor)
                shown |= {each["id"]: each for each in page["data"]}
                if not page["pagination"]["has_more"]:
                    break
                cursor = {"cursor": page["pagination"]["next_cursor"]}
        return shown
