//! Wallets that cannot belong to a customer, wherever one can be given.

use std::sync::Arc;

use rampart_app::operate::reviews::{self, ReviewDecision};
use rampart_app::operate::treasury;
use rampart_app::orders::page_links;
use rampart_core::ledger::Account;
use rampart_core::order::payment::Payment;
use rampart_core::outgoing::Lane;
use rampart_core::refusal::ErrorCode;
use rampart_core::review::ReviewKind;
use rampart_core::step::Step;
use rampart_core::step::record::Record;
use rampart_testkit::partner_api::{CreatePaymentForm, CreateRampoffForm, SetRefundWalletForm};
use rampart_testkit::{TestApp, buy, on_both_engines, partner_api, sell};

use crate::workers_buying::{ana, operator};

const WALLET: &str = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55";
/// Witness version 1 with 40 bytes and with 2, and version 16: anyone may spend what is sent there.
const ANYONES: [&str; 3] =
    ["bc1pw508d6qejxtdg4y5r3zarvary0c5xw7kw508d6qejxtdg4y5r3zarvary0c5xw7kt5nd6y", "bc1pfeessrawgf", "BC1SW50QGDZ25J"];

on_both_engines!(
    rampart_testkit::TestApp::start_idle => of_the_whole_family, of_bitcoin, with_blanks;
    rampart_testkit::TestApp::start => of_an_earlier_order;
);

/// An address of ours, of a token contract or without an owner on one chain of the family is refused on its other chains.
async fn of_the_whole_family(test: Arc<TestApp>) {
    let app = &test.app;
    let customer = ana(&test).await;
    let sale = partner_api::create_rampoff(
        app,
        &test.caller,
        &CreateRampoffForm { blockchain: Some("ethereum".into()), ..sell(customer, "50") },
        None,
    )
    .await;
    let elsewhere = test.rampoff(TestApp::order_of(&sale.unwrap())).await;
    let order =
        test.rampoff(TestApp::order_of(&partner_api::create_rampoff(app, &test.caller, &sell(customer, "50"), None).await.unwrap())).await;
    let coin = app.catalogue.coins.iter().find(|coin| coin.id.to_string() == "USDC:bsc").unwrap();
    let hot = app.ports.chain("bsc".parse().unwrap()).unwrap().reader.address(Lane::FIRST);
    let mut bad = vec![elsewhere.deposit_address, coin.contract.clone().unwrap(), hot];
    let burned = ["0x000000000000000000000000000000000000dEaD", "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE"];
    bad.extend(burned.map(str::to_owned));
    bad.extend((1..=0x11).chain([0x100]).map(|number| format!("0x{number:040x}")));
    let token = page_links::rampoff_token(app, order.id);
    let usdc = order.terms.coin.into();
    for wallet in bad {
        let given = Some(wallet.clone());
        // With the cached and with the stored state.
        for _ in 0..2 {
            let request = CreatePaymentForm { wallet: given.clone(), ..buy(customer, "100") };
            assert_eq!(
                TestApp::code(partner_api::create_payment(app, &test.caller, &request, None).await),
                ErrorCode::InvalidWallet,
                "{wallet}"
            );
        }
        let request = CreateRampoffForm { refund_wallet: given.clone(), ..sell(customer, "50") };
        assert_eq!(
            TestApp::code(partner_api::create_rampoff(app, &test.caller, &request, None).await),
            ErrorCode::InvalidWallet,
            "{wallet}"
        );
        let request = SetRefundWalletForm { rampoff_id: Some(order.id.to_string()), refund_wallet: given };
        assert_eq!(
            TestApp::code(partner_api::set_refund_wallet(app, &test.caller, request, None).await),
            ErrorCode::InvalidWallet,
            "{wallet}"
        );
        assert_eq!(TestApp::code(partner_api::give_refund_wallet(app, &token, &wallet).await), ErrorCode::InvalidWallet, "{wallet}");
        let withdrawn = treasury::withdraw(app, &operator(), Account::ChainHot(order.chain()), usdc, "1", Some(&wallet)).await;
        assert_eq!(TestApp::code(withdrawn), ErrorCode::InvalidWallet, "{wallet}");
    }
}

async fn of_bitcoin(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let coin = |wallet: &str| CreatePaymentForm {
        coin_symbol: Some("BTC".into()),
        coin_chain: Some("bitcoin".into()),
        wallet: Some(wallet.to_owned()),
        ..buy(customer, "100")
    };
    let sale = |wallet: &str| CreateRampoffForm {
        symbol: Some("BTC".into()),
        blockchain: Some("bitcoin".into()),
        refund_wallet: Some(wallet.to_owned()),
        ..sell(customer, "0.01")
    };
    for wallet in ANYONES.into_iter().chain(["1111111111111111111114oLvT2", "1BitcoinEaterAddressDontSendf59kuE"]) {
        let bought = partner_api::create_payment(&test.app, &test.caller, &coin(wallet), None).await;
        assert_eq!(TestApp::code(bought), ErrorCode::InvalidWallet, "{wallet}");
        let sold = partner_api::create_rampoff(&test.app, &test.caller, &sale(wallet), None).await;
        assert_eq!(TestApp::code(sold), ErrorCode::InvalidWallet, "{wallet}");
    }
    let good = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0";
    partner_api::create_payment(&test.app, &test.caller, &coin(good), None).await.unwrap();
    partner_api::create_rampoff(&test.app, &test.caller, &sale(good), None).await.unwrap();
}

/// An order made when such a wallet was still accepted: the coins stay, and a review item is written.
async fn of_an_earlier_order(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let request = CreatePaymentForm {
        coin_symbol: Some("BTC".into()),
        coin_chain: Some("bitcoin".into()),
        wallet: Some("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4".into()),
        ..buy(customer, "100")
    };
    let id = test.bought(&request).await;
    let earlier = Payment { wallet: ANYONES[0].to_owned(), ..test.payment(id).await };
    let mut step = Step::new();
    step.write(Record::from(earlier));
    test.app.commit(step).await.unwrap();
    test.pay(id).await;
    let item = test
        .eventually("the transfer is listed", || async {
            test.advance(30).await;
            let items = test.app.store.reviews_of_order(id, 10).await.unwrap();
            items.into_iter().find(|item| item.subject.kind() == ReviewKind::Unsigned)
        })
        .await;
    assert!(item.reason.contains("anybody could take"), "{}", item.reason);
    let bitcoin = "bitcoin".parse().unwrap();
    assert_eq!(test.world.transactions(bitcoin, Some(ANYONES[0]), None, 9).await.unwrap_or_default(), []);
    reviews::resolve(&test.app, &operator(), item.id, ReviewDecision::GiveUp).await.unwrap();
    test.payment_becomes(id, "on_hold").await;
}

/// Whitespace copied along with an address is ignored.
async fn with_blanks(test: Arc<TestApp>) {
    let app = &test.app;
    let customer = ana(&test).await;
    for (before, after) in [("", " "), (" ", ""), ("", "\n"), ("\t", "\r\n"), ("\u{a0}", "\u{2003}"), ("\u{feff}", "\u{200b}")] {
        let given = Some(format!("{before}{WALLET}{after}"));
        let answer =
            partner_api::create_payment(app, &test.caller, &CreatePaymentForm { wallet: given.clone(), ..buy(customer, "100") }, None)
                .await;
        assert_eq!(test.payment(TestApp::order_of(&answer.unwrap())).await.wallet, WALLET, "{given:?}");
        let request = CreateRampoffForm { refund_wallet: given.clone(), ..sell(customer, "50") };
        let id = TestApp::order_of(&partner_api::create_rampoff(app, &test.caller, &request, None).await.unwrap());
        assert_eq!(test.rampoff(id).await.refund_wallet.as_deref(), Some(WALLET), "{given:?}");
        let bare = TestApp::order_of(&partner_api::create_rampoff(app, &test.caller, &sell(customer, "50"), None).await.unwrap());
        partner_api::give_refund_wallet(app, &page_links::rampoff_token(app, bare), given.as_deref().unwrap()).await.unwrap();
        assert_eq!(test.rampoff(bare).await.refund_wallet.as_deref(), Some(WALLET), "{given:?}");
        let request = SetRefundWalletForm { rampoff_id: Some(id.to_string()), refund_wallet: given.clone() };
        partner_api::set_refund_wallet(app, &test.caller, request, None).await.unwrap();
        let account = Account::ChainHot("polygon".parse().unwrap());
        let coin = "USDC:polygon".parse().unwrap();
        treasury::withdraw(app, &operator(), account, coin, "1", given.as_deref()).await.unwrap();
    }
    for nothing in ["", " ", "\n", "\u{200b}"] {
        let request = CreatePaymentForm { wallet: Some(nothing.to_owned()), ..buy(customer, "100") };
        assert_eq!(
            TestApp::code(partner_api::create_payment(app, &test.caller, &request, None).await),
            ErrorCode::FailMandatoryField,
            "{nothing:?}"
        );
        let request = CreateRampoffForm { refund_wallet: Some(nothing.to_owned()), ..sell(customer, "50") };
        assert!(partner_api::create_rampoff(app, &test.caller, &request, None).await.is_ok(), "{nothing:?}");
    }
}
