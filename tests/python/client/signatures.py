"""What a receiver of webhooks checks, both ways."""

from __future__ import annotations

import hashlib
import hmac
import time
from typing import Any

from standardwebhooks.webhooks import Webhook

from client.listener import Heard
from rampart_process import Partner


def verify(heard: Heard, partner: Partner) -> dict[str, Any]:
    """Checks the documented signature and the Standard Webhooks one; the event."""
    assert heard.headers["content-type"].startswith("application/json")
    assert heard.headers["x-api-key"] == partner.api_key
    timestamp = heard.headers["x-timestamp"]
    assert abs(time.time() - int(timestamp)) < 300, "a receiver refuses what is older than five minutes"
    documented = hmac.new(partner.api_secret.encode(), heard.body + timestamp.encode(), hashlib.sha256).hexdigest()
    assert hmac.compare_digest(heard.headers["x-signature"], documented)

    assert heard.headers["webhook-id"] == heard.event["id"]
    verified = Webhook(partner.api_secret).verify(heard.body, heard.headers)
    assert verified == heard.event
    return verified
