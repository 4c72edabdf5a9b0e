"""A partner's backend, written from the documentation alone: every call, and nothing of the server's own code."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import httpx

from rampart_process import Partner


class Failure(AssertionError):
    """An answer that is not a success, with what it says."""

    def __init__(self, response: httpx.Response) -> None:
        super().__init__(f"{response.request.method} {response.request.url}: {response.status_code} {response.text}")
        self.status_code = response.status_code
        self.body: dict[str, Any] = response.json() if response.content else {}
        self.code: str = self.body.get("error", "")


class PartnerClient:
    """Signs in by itself; each method is one call and returns its `data`."""

    def __init__(self, url: str, partner: Partner) -> None:
        self.http = httpx.Client(base_url=url, timeout=30)
        self.http.headers["auth"] = self.authenticate(partner.api_key, partner.api_secret)["token"]

    def __enter__(self) -> "PartnerClient":
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    # --- the fifteen calls ---

    def authenticate(self, api_key: str, api_secret: str) -> Any:
        return self._data(self.http.post("/api/authenticate", json={"api_key": api_key, "api_secret": api_secret}))

    def register_user(self, body: dict[str, Any] | str, **headers: str) -> Any:
        return self._data(self._post_json("/api/registerUser", body, headers))

    def check_kyc(self, user_id: int) -> Any:
        return self._data(self.http.get("/api/kyc/check", params={"user_id": user_id}))

    def token_price(self, **query: str) -> Any:
        return self._data(self.http.get("/api/tokenPrice", params=query))

    def payment_methods(self, **query: str) -> Any:
        return self._data(self.http.get("/api/paymentMethods", params=query))

    def quote(self, **query: str) -> Any:
        return self._data(self.http.get("/api/quote", params=query))

    def create_payment(self, body: dict[str, Any] | str, **headers: str) -> Any:
        response = self._post_json("/api/createPayment", body, headers)
        data = self._data(response, status="success")
        assert response.json()["message"] == "payment_created"
        return data

    def payment(self, payment_id: str) -> Any:
        return self._data(self.http.get(f"/api/payment/{payment_id}"))

    def payments(self, **query: Any) -> Any:
        return self._page(self.http.get("/api/payments", params=query))

    def rampoff_quote(self, **query: str) -> Any:
        return self._data(self.http.get("/api/rampoffQuote", params=query))

    def create_rampoff(self, body: dict[str, Any], **headers: str) -> Any:
        return self._data(self._post_json("/api/createRampoff", body, headers))

    def rampoff(self, rampoff_id: str) -> Any:
        return self._data(self.http.get("/api/getRampoff", params={"id": rampoff_id}))

    def rampoffs(self, **query: Any) -> Any:
        return self._page(self.http.get("/api/rampoffs", params=query))

    def subscribe(self, url: str, kind: str, as_form: bool = True) -> Any:
        return self._webhook("/api/subscribeToWebhook", url, kind, as_form)

    def update_subscription(self, url: str, kind: str, as_form: bool = True) -> Any:
        return self._webhook("/api/updateWebhookSubscription", url, kind, as_form)

    # --- beside them ---

    def available_assets(self) -> Any:
        return self._data(self.http.get("/api/availableAssets"))

    def webhooks(self) -> Any:
        return self._data(self.http.get("/api/webhooks"))

    def remove_webhook(self, kind: str) -> Any:
        return self._data(self.http.delete(f"/api/webhooks/{kind}"))

    def events(self, after: int = 0) -> list[dict[str, Any]]:
        """The whole log from there on."""
        events: list[dict[str, Any]] = []
        while True:
            response = self.http.get("/api/events", params={"after": after, "limit": 100})
            events += self._data(response)
            body = response.json()
            if not body.get("pagination", body)["has_more"]:
                return events
            after = events[-1]["sequence"]

    def sandbox(self, path: str, body: dict[str, Any] | None = None) -> Any:
        """Plays the world."""
        return self._data(self.http.post(f"/sandbox/{path}", json=body or {}))

    def world(self, path: str, **query: str) -> Any:
        """Reads the world's books."""
        return self._data(self.http.get(f"/sandbox/{path}", params=query))

    # --- helpers ---

    def verified_user(self, body: dict[str, Any] | str) -> int:
        """A registered customer whose identity check has passed."""
        user_id = self.register_user(body)["id"]
        self.sandbox(f"kyc/{user_id}", {"decision": "approve", "level": 1})
        eventually(lambda: self.check_kyc(user_id), lambda answer: answer["kyc_valid"])
        return user_id

    def _post_json(self, path: str, body: dict[str, Any] | str, headers: dict[str, str]) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if isinstance(body, str):
            return self.http.post(path, content=body.encode(), headers={"content-type": "application/json", **named})
        return self.http.post(path, json=body, headers=named)

    def _webhook(self, path: str, url: str, kind: str, as_form: bool) -> Any:
        fields = {"url": url, "type": kind}
        return self._data(self.http.post(path, data=fields) if as_form else self.http.post(path, json=fields))

    @staticmethod
    def _data(response: httpx.Response, status: str = "ok") -> Any:
        if response.status_code != 200:
            raise Failure(response)
        body = response.json()
        assert body["status"] == status, body
        return body["data"]

    @staticmethod
    def _page(response: httpx.Response) -> Any:
        if response.status_code != 200:
            raise Failure(response)
        body = response.json()
        assert body["status"] == "ok" and set(body["pagination"]) == {"next_cursor", "has_more"}, body
        return body


def eventually(look: Callable[[], Any], holds: Callable[[Any], bool], seconds: float = 30) -> Any:
    """Looks again and again until it holds; the last answer."""
    end = time.monotonic() + seconds
    while True:
        answer = look()
        if holds(answer):
            return answer
        assert time.monotonic() < end, f"still {answer}"
        time.sleep(0.05)
