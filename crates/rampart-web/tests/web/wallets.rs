//! Wallet addresses in requests: with copied characters around them, and invalid ones.

use std::sync::Arc;

use rampart_testkit::{CustomerOf, TestApp, on_both_engines};
use serde_json::json;

use crate::support::{Client, purchase};

on_both_engines!(rampart_testkit::TestApp::start_idle => blanks_are_no_part_of_a_wallet, wallets_of_another_chain_are_refused);

const WALLET: &str = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55";

async fn blanks_are_no_part_of_a_wallet(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let customer = test.verified(CustomerOf::SPAIN, "ana@mail.example").await.0;
    for (before, after) in [("", " "), (" ", ""), ("", "\n"), ("\t", "\r\n"), ("\u{a0}", "\u{2003}"), ("\u{feff}", "\u{200b}")] {
        let given = format!("{before}{WALLET}{after}");
        let mut order = purchase(customer, "card", &json!(100));
        order["wallet"] = json!(given);
        let bought = client.post("/api/createPayment", &order).await.json();
        let id = bought["data"]["payment_id"].as_str().unwrap().parse().unwrap();
        assert_eq!(test.payment(id).await.wallet, WALLET, "{given:?}");
        let sale = json!({"user_id": customer, "amount": 50, "blockchain": "polygon", "symbol": "USDC", "refund_wallet": given});
        let sold = client.post("/api/createRampoff", &sale).await;
        assert_eq!(sold.status, 200, "{given:?} {}", sold.json());
        let set = json!({"rampoff_id": sold.json()["data"]["id"], "refund_wallet": given});
        let set = client.post("/api/setRefundWallet", &set).await;
        assert_eq!(set.status, 200, "{given:?} {}", set.json());
    }
    let mut order = purchase(customer, "card", &json!(100));
    order["wallet"] = json!(" \n");
    assert_eq!(client.post("/api/createPayment", &order).await.json()["error"], "fail_mandatory_field");
    let sale = json!({"user_id": customer, "amount": 50, "blockchain": "polygon", "symbol": "USDC", "refund_wallet": " "});
    assert_eq!(client.post("/api/createRampoff", &sale).await.status, 200, "none was given");
}

async fn wallets_of_another_chain_are_refused(test: Arc<TestApp>) {
    let client = Client::of(&test).await;
    let customer = test.verified(CustomerOf::SPAIN, "ana@mail.example").await.0;
    let sale = |chain: &str, refund: Option<&str>| json!({"user_id": customer, "amount": 50, "blockchain": chain, "symbol": "USDC", "refund_wallet": refund});
    let elsewhere = client.post("/api/createRampoff", &sale("ethereum", None)).await.json()["data"]["wallet"].clone();
    let here = client.post("/api/createRampoff", &sale("polygon", None)).await.json()["data"]["id"].clone();
    // The contract of USDC on bsc; on polygon it is an ordinary address.
    let contract = "0x8AC76a51cc950d9822D68b83fE1Ad97B32Cd580d";
    for wallet in [elsewhere.as_str().unwrap(), contract, "0x000000000000000000000000000000000000dEaD"] {
        let mut order = purchase(customer, "card", &json!(100));
        order["wallet"] = json!(wallet);
        for (path, body) in [
            ("/api/createPayment", order),
            ("/api/createRampoff", sale("polygon", Some(wallet))),
            ("/api/setRefundWallet", json!({"rampoff_id": here, "refund_wallet": wallet})),
        ] {
            let answer = client.post(path, &body).await;
            assert_eq!((answer.status.as_u16(), &answer.json()["error"]), (422, &json!("invalid_wallet")), "{path} {wallet}");
        }
    }
}
