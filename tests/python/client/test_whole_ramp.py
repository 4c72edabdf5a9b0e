"""All fifteen calls, from nothing to coins sent and money paid out, as an integrator would make them."""

from __future__ import annotations

from decimal import Decimal

from client.listener import Listener
from client.partner_client import PartnerClient, eventually
from client.people import spaniard
from client.signatures import verify
from rampart_process import Partner

WALLET = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"


def assert_chain(client: PartnerClient, listener: Listener, kind: str) -> list[tuple[int, int]]:
    """What one subscription heard is what the log has of its type, and each webhook names the one before it: 0, then every
    sequence but the last. A receiver that checks this knows that it has missed nothing."""
    sequences = [event["sequence"] for event in client.events() if event["type"] == kind]
    expected = list(zip([0, *sequences], sequences))

    def heard() -> list[tuple[int, int]]:
        # A webhook may come twice; events after the log was read are ignored here.
        events = (heard.event for heard in listener.all())
        pairs = {(event["previous_sequence"], event["sequence"]) for event in events if event["type"] == kind and event["sequence"] <= max(sequences)}
        return sorted(pairs, key=lambda pair: pair[1])

    eventually(heard, lambda pairs: len(pairs) >= len(expected))
    assert heard() == expected
    return expected


def test_buy_with_a_card(client: PartnerClient, partner: Partner, listener: Listener) -> None:
    kinds = ("PAY_IN", "COINS_SENT", "PAYMENT_UPDATED", "KYC_UPDATED")
    for kind in kinds:
        assert client.subscribe(listener.url, kind) == "subscription_created"

    user_id = client.verified_user(spaniard())
    assert client.check_kyc(user_id)["kyc_status"] == "valid"
    verify(listener.await_event("KYC_UPDATED", user_id), partner)

    price = client.token_price(symbol="USDC", fiat_symbol="EUR")
    assert Decimal(price["buy_price"]) >= Decimal(price["price"]) >= Decimal(price["sell_price"]) > 0
    methods = {method["payment_type"]: method for method in client.payment_methods(country="ESP", fiat_symbol="EUR")}
    assert {"card", "paypal", "psd2", "transfer"} <= set(methods)
    assert methods["card"]["kind"] == "redirect" and methods["transfer"]["kind"] == "bank_transfer"

    quote = client.quote(amount="100", symbol="USDC", chain="polygon", payment_type="card", fiat_symbol="EUR")
    total, fees, unit = (Decimal(str(value)) for value in (quote["total_fiat"], quote["fees"]["total"], quote["price"]))
    assert abs((total - fees) / unit - Decimal(str(quote["tokens"]))) < Decimal("0.000001")

    payment_id = client.create_payment({
        "user_id": user_id, "external_id": "order-1", "payment_type": "card", "fiat_symbol": "EUR", "fiat_amount": 100,
        "coin_symbol": "USDC", "coin_chain": "polygon", "wallet": WALLET, "quote_id": quote["quote_id"],
    })["payment_id"]
    started = client.payment(payment_id)
    assert started["status"] == "started"
    assert started["fiat_amount"] == 10_000 and started["fiat_amount_decimal"] == "100.00"
    assert started["user_id"] == str(user_id)
    assert Decimal(started["coin_amount_decimal"]) == Decimal(str(quote["tokens"]))
    assert started.get("txid") is None

    client.sandbox(f"payments/{payment_id}/pay")
    paid = verify(listener.await_event("PAY_IN", payment_id), partner)
    assert paid["data"]["status"] == "payment_received"
    sent = verify(listener.await_event("COINS_SENT", payment_id), partner)
    assert sent["data"]["status"] == "coins_sent"
    assert sent["sequence"] > paid["sequence"]

    done = client.payment(payment_id)
    assert done["status"] == "coins_sent" and done["txid"] == sent["data"]["txid"]
    assert [row["id"] for row in client.payments(status="coins_sent", user_id=user_id)["data"]] == [payment_id]
    arrived = [row for row in client.world("chain/polygon/transactions", address=WALLET) if row["txid"] == done["txid"]]
    assert len(arrived) == 1
    assert Decimal(arrived[0]["amount"]).scaleb(-arrived[0]["decimals"]) == Decimal(done["coin_amount_decimal"])

    again = client.create_payment({
        "user_id": user_id, "payment_type": "card", "fiat_symbol": "EUR", "fiat_amount": 50, "coin_symbol": "USDC",
        "coin_chain": "polygon", "wallet": WALLET,
    })["payment_id"]
    client.sandbox(f"payments/{again}/pay")
    verify(listener.await_event("COINS_SENT", again), partner)
    chains = {kind: assert_chain(client, listener, kind) for kind in kinds}
    assert len(chains["PAY_IN"]) == len(chains["COINS_SENT"]) == 2


def test_buy_by_transfer(client: PartnerClient) -> None:
    user_id = client.verified_user(spaniard())
    instructions = client.create_payment({
        "user_id": user_id, "payment_type": "transfer", "fiat_symbol": "EUR", "fiat_amount": "150.50", "coin_symbol": "USDC",
        "coin_chain": "polygon", "wallet": WALLET,
    })
    assert {"payment_id", "iban", "bic", "concept", "destination_name"} <= set(instructions)
    assert len(str(instructions["concept"])) == 10
    client.sandbox("bank/transfers", {
        "account": instructions["iban"], "amount": "150.50", "currency": "EUR", "concept": str(instructions["concept"]),
        "sender_name": "Carmen García López", "sender_account": "ES9121000418450200051332",
    })
    done = eventually(lambda: client.payment(instructions["payment_id"]), lambda view: view["status"] == "coins_sent")
    assert Decimal(done["received_amount"]) == Decimal("150.50")


def test_sell(client: PartnerClient, partner: Partner, listener: Listener) -> None:
    # One call as JSON, the others form-encoded; the last type under its later name.
    assert client.subscribe("http://127.0.0.1:9/nobody-is-here", "CRYPTO_RECEIVED") == "subscription_created"
    assert client.update_subscription(listener.url, "CRYPTO_RECEIVED") == "subscription_updated"
    assert client.subscribe(listener.url, "TRANSFER_RAMPOFF_FINISHED", as_form=False) == "subscription_created"
    user_id = client.verified_user(spaniard())

    quote = client.rampoff_quote(amount="80", symbol="USDC", blockchain="polygon", fiat_symbol="EUR")
    created = client.create_rampoff({
        "user_id": user_id, "amount": 80, "blockchain": "polygon", "symbol": "USDC", "iban": "ES9121000418450200051332",
        "external_id": "sale-1", "quote_id": quote["quote_id"],
    })
    assert created["rampoff"] == "payment created"
    view = client.rampoff(created["id"])
    assert view["status"] == "created" and view["crypto"] == "USDC" and view["blockchain"] == "polygon"
    assert int(view["amount"]) == 80 * 10 ** view["decimals"]
    assert Decimal(view["fiat_amount"]) == Decimal(str(quote["fiat_amount"]))

    client.sandbox("chain/polygon/deposits", {"to": created["wallet"], "symbol": "USDC", "amount": "80"})
    client.sandbox("chain/polygon/blocks", {"count": 200})
    verify(listener.await_event("CRYPTO_RECEIVED", created["id"]), partner)
    finished = verify(listener.await_event("TRANSFER_RAMPOFF_FINISHED", created["id"]), partner)
    assert finished["data"]["status"] == "finished"
    assert client.rampoff(created["id"])["status"] == "finished"
    assert [row["id"] for row in client.rampoffs(external_id="sale-1")["data"]] == [created["id"]]


def test_nothing_gets_lost(client: PartnerClient, partner: Partner, listener: Listener) -> None:
    """A receiver that was down hears everything later, and the log proves that it is complete."""
    listener.refusals = 1
    client.subscribe(listener.url, "PAY_IN")
    user_id = client.verified_user(spaniard())
    payment_id = client.create_payment({
        "user_id": user_id, "payment_type": "card", "fiat_symbol": "EUR", "fiat_amount": 40, "coin_symbol": "USDC", "coin_chain": "polygon",
        "wallet": WALLET,
    })["payment_id"]
    client.sandbox(f"payments/{payment_id}/pay")
    eventually(lambda: client.payment(payment_id), lambda view: view["status"] == "coins_sent")
    eventually(lambda: listener.refusals, lambda refusals: refusals == 0)
    # The next try is due later; business time can be moved.
    eventually(lambda: (client.sandbox("clock", {"advance_seconds": 60}), listener.all())[1], bool)
    verify(listener.await_event("PAY_IN", payment_id), partner)

    events = client.events()
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] for event in events if event["data"].get("id") == payment_id and event["type"] in ("PAY_IN", "COINS_SENT")] == ["PAY_IN", "COINS_SENT"]
    assert client.events(after=events[-1]["sequence"]) == []


def test_assets_and_webhooks_are_listed(client: PartnerClient) -> None:
    assets = client.available_assets()
    coins = {(coin["symbol"], coin["chain"]) for coin in assets["coins"]}
    assert {("USDC", "polygon"), ("ETH", "polygon")} <= coins
    client.subscribe("http://127.0.0.1:9/hooks", "PAY_IN")
    assert [hook["type"] for hook in client.webhooks()] == ["PAY_IN"]
    client.remove_webhook("PAY_IN")
    assert client.webhooks() == []
