"""What is kept from being asked."""

from __future__ import annotations

from typing import Any

import schemathesis


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """No silence of the market: once its prices are too old, every quote would be refused."""
    body = case.body
    if case.operation.path == "/sandbox/prices" and isinstance(body, dict) and body.get("silence") in (True, "true"):
        case.body = {**body, "silence": False}
