//! Money and coins that only an operator can move, in every state.

use rampart_core::outgoing::PayoutStatus;
use std::sync::Arc;

use rampart_app::operate::orders::{self, DestinationInput};
use rampart_app::operate::reviews::{self, ReviewDecision};
use rampart_app::operate::{customers, treasury};
use rampart_core::id::OrderId;
use rampart_core::ledger::{Account, FeeKind};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Asset;
use rampart_core::order::HoldReason;
use rampart_core::order::payment::PaymentState;
use rampart_core::review::{ReviewItem, ReviewKind};
use rampart_sandbox::{FaultCalls, FaultOutcome, FaultPort};
use rampart_testkit::partner_api::{CreatePaymentForm, CreateRampoffForm};
use rampart_testkit::{CustomerOf, TestApp, buy, on_both_engines, partner_api, payable, sell};

use crate::workers_buying::{ana, item, operator};

on_both_engines!(rampart_testkit::TestApp::start => banned_without_a_destination, sale_to_suspense, kept_and_reopened, quarantined_money,
    only_its_own, sent_to_an_account, less_the_network_fee, refunded_behind_a_hold, called_back_from_its_return);

async fn in_suspense(test: &TestApp, asset: &str) -> Amount {
    test.app.store.balance(Account::Suspense, asset.parse::<Asset>().unwrap()).await.unwrap().posted
}

/// A purchase by transfer from this payer; with a listed wallet it is on hold whatever the payer.
async fn paid_by(test: &TestApp, payer: &str, is_listed: bool) -> OrderId {
    let customer = ana(test).await;
    let request = CreatePaymentForm { payment_type: Some("transfer".into()), ..buy(customer, "100") };
    if is_listed {
        test.world.list_for_screening(request.wallet.as_deref().unwrap(), true).await.unwrap();
    }
    let id = test.bought(&request).await;
    test.world.pay_payment(&payable(&test.payment(id).await, payer), None, None).await.unwrap();
    test.payment_becomes(id, "on_hold").await;
    id
}

async fn holds(test: &TestApp, id: OrderId, reason: HoldReason) {
    let look = || async { matches!(test.payment(id).await.state, PaymentState::OnHold { reason: of, .. } if of == reason).then_some(()) };
    test.eventually("it is on hold for that", look).await;
}

/// The customer is banned and has named no account: the operator names one, knowing of the ban.
async fn banned_without_a_destination(test: Arc<TestApp>) {
    let id = paid_by(&test, "Ana García López", true).await;
    customers::ban(&test.app, &operator(), test.payment(id).await.customer).await.unwrap();
    orders::refund(&test.app, &operator(), id).await.unwrap();
    holds(&test, id, HoldReason::Destination).await;
    let give = |account: &str, holder: &str| {
        let destination = DestinationInput::Account { account: account.to_owned(), holder: holder.to_owned() };
        let test = test.clone();
        async move { orders::give_destination(&test.app, &operator(), id, &destination).await }
    };
    assert!(give("ES0000000000000000000000", "Ana García López").await.is_err(), "it is checked");
    assert!(give(CustomerOf::SPAIN.account, " ").await.is_err(), "somebody holds it");
    let wallet = DestinationInput::Wallet("0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55".to_owned());
    assert!(orders::give_destination(&test.app, &operator(), id, &wallet).await.is_err(), "money does not go to a wallet");
    give(CustomerOf::SPAIN.account, "Ana García López").await.unwrap();
    test.payment_becomes(id, "refunded").await;
    let payouts = test.app.store.payouts_of_order(id).await.unwrap();
    assert!(payouts.iter().all(|payout| payout.destination.account.reveal() == CustomerOf::SPAIN.account));
    let audit = orders::show(&test.app, id).await.unwrap().audit;
    assert!(audit.iter().any(|line| line.action == "order.destination"), "{audit:?}");
}

/// A waiting sale releases its coins: each deposit becomes a review item that another order can receive.
async fn sale_to_suspense(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    // The sandbox's bank refuses payouts to this account.
    let request = CreateRampoffForm { iban: Some("ES1621000418410006660001".into()), ..sell(customer, "50") };
    let id = test.sold(&request).await;
    test.deposit(id).await;
    test.rampoff_becomes(id, "on_hold").await;
    orders::set_aside(&test.app, &operator(), id).await.unwrap();
    let failed = test.rampoff(id).await;
    assert_eq!((failed.status().as_str(), failed.reserved, failed.deposits.len()), ("failed", Amount::ZERO, 0));
    let aside = item(&test, ReviewKind::Suspense).await;
    assert_eq!((aside.order, aside.amount), (Some(id), failed.terms.coin_amount));
    assert_eq!(in_suspense(&test, &failed.terms.coin.to_string()).await, failed.terms.coin_amount);
    let another = test.sold(&sell(customer, "50")).await;
    reviews::assign(&test.app, &operator(), aside.id, another).await.unwrap();
    test.rampoff_becomes(another, "finished").await;
    assert!(in_suspense(&test, &failed.terms.coin.to_string()).await.is_zero());
}

/// The company can withdraw its own funds to the last cent, and nothing that is owed or promised to customers or suspense; balances at a
/// processor cover nothing.
async fn only_its_own(test: Arc<TestApp>) {
    let (bank, euro): (Account, Asset) = ("bank:sepa".parse().unwrap(), "EUR".parse().unwrap());
    let take = async |minor: i128, account: Account| {
        let text = Amount::from_minor(minor).to_major(2);
        treasury::withdraw(&test.app, &operator(), account, euro, &text, None).await
    };
    let of = async |account: Account| test.app.store.balance(account, euro).await.unwrap();
    let before = of(bank).await.posted.minor();
    let held = paid_by(&test, "Ana García López", true).await;
    let customer = test.payment(held).await.customer;
    let owed = test.payment(held).await.fiat_balance.minor();
    let unmatched = unmatched(&test).await.amount.minor();
    partner_api::create_rampoff(&test.app, &test.caller, &sell(customer, "50"), None).await.unwrap();
    let promised = of(bank).await.held.minor();
    assert!(owed > 0 && unmatched > 0 && promised > 0);
    // A captured card payment waits too: the money is at the processor, and the company already owes it.
    let card = test.bought(&buy(customer, "70")).await;
    test.pay(card).await;
    test.payment_becomes(card, "on_hold").await;
    let own = before - promised - 7_000;
    let refused = take(own + 1, bank).await.unwrap_err().to_string();
    assert!(refused.contains("not the company's own"), "{refused}");
    take(own, bank).await.unwrap();
    assert!(take(1, bank).await.is_err(), "nothing is left");
    assert_eq!(of(bank).await.posted.minor(), owed + unmatched + promised + 7_000);
}

async fn unmatched(test: &TestApp) -> ReviewItem {
    let transfer = test.transfer_over("sepa", 12_300, "Rent", "Somebody");
    test.world.transfer(transfer).await.unwrap();
    item(test, ReviewKind::Suspense).await
}

/// An item with a balance cannot be dismissed, and what was kept can be reopened.
async fn kept_and_reopened(test: Arc<TestApp>) {
    let unmatched = unmatched(&test).await;
    let capital = async || test.app.store.balance(Account::Capital, "EUR".parse().unwrap()).await.unwrap().posted;
    let before = capital().await;
    assert!(reviews::resolve(&test.app, &operator(), unmatched.id, ReviewDecision::Dismiss).await.is_err(), "it would lie there for ever");
    assert!(reviews::resolve(&test.app, &operator(), unmatched.id, ReviewDecision::Reopen).await.is_err(), "it was not kept");
    reviews::resolve(&test.app, &operator(), unmatched.id, ReviewDecision::Keep).await.unwrap();
    assert!(in_suspense(&test, "EUR").await.is_zero());
    reviews::resolve(&test.app, &operator(), unmatched.id, ReviewDecision::Reopen).await.unwrap();
    assert_eq!((in_suspense(&test, "EUR").await, capital().await), (unmatched.amount, before));
    let again = item(&test, ReviewKind::Suspense).await;
    assert_eq!((again.fact, again.amount), (unmatched.fact, unmatched.amount));
    assert!(reviews::resolve(&test.app, &operator(), unmatched.id, ReviewDecision::Reopen).await.is_err(), "once");
    reviews::resolve(&test.app, &operator(), again.id, ReviewDecision::Keep).await.unwrap();
}

/// Money of a quarantined fact is not lost to the books: an operator puts it into suspense.
async fn quarantined_money(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let id = test.bought(&buy(customer, "50")).await;
    let payable = payable(&test.payment(id).await, "Ana García López");
    test.tamper(&format!("UPDATE payments SET data = '#' || data WHERE id = '{id}'"));
    test.world.pay_payment(&payable, None, None).await.unwrap();
    let aside = item(&test, ReviewKind::Quarantine).await;
    assert!(reviews::resolve(&test.app, &operator(), aside.id, ReviewDecision::Dismiss).await.is_err(), "money is behind it");
    reviews::resolve(&test.app, &operator(), aside.id, ReviewDecision::Suspend).await.unwrap();
    let unmatched = item(&test, ReviewKind::Suspense).await;
    assert_eq!((unmatched.fact, in_suspense(&test, "EUR").await), (aside.fact, unmatched.amount));
    assert!(test.app.store.fact(aside.fact.unwrap()).await.unwrap().unwrap().applied);
    test.tamper(&format!("UPDATE payments SET data = substr(data, 2) WHERE id = '{id}'"));
}

/// Money from an unnamed sender goes where an operator says; the destination is validated and screened.
async fn sent_to_an_account(test: Arc<TestApp>) {
    let unmatched = unmatched(&test).await;
    let unknown = reviews::resolve(&test.app, &operator(), unmatched.id, ReviewDecision::Return).await.unwrap_err().to_string();
    assert!(unknown.contains("name a destination"), "{unknown}");
    let send = |account: &str, holder: &str| {
        let to = DestinationInput::Account { account: account.to_owned(), holder: holder.to_owned() };
        let (test, id) = (test.clone(), unmatched.id);
        async move { reviews::return_to(&test.app, &operator(), id, &to).await }
    };
    let ours = test.app.catalogue.rail_account("sepa".parse().unwrap()).unwrap().account.clone();
    for (account, holder) in [("ES0000000000000000000000", "Somebody"), (&ours, "Somebody"), (CustomerOf::SPAIN.account, " ")] {
        assert!(send(account, holder).await.is_err(), "{account} held by '{holder}'");
    }
    let wallet = DestinationInput::Wallet("0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55".to_owned());
    assert!(reviews::return_to(&test.app, &operator(), unmatched.id, &wallet).await.is_err(), "money does not go to a wallet");
    // Screening hits the receiver: the item returns to the review queue, and the operator has seen the hit.
    test.world.list_for_screening("Somebody Listed", true).await.unwrap();
    send(CustomerOf::SPAIN.account, "Somebody Listed").await.unwrap();
    let waiting = || async {
        let items = test.app.store.reviews_of_fact(unmatched.fact.unwrap()).await.unwrap();
        items.into_iter().rfind(|item| item.resolution.is_none())
    };
    let found = test.eventually("it is put back on the list", waiting).await;
    assert_eq!((found.screening_hit, found.destination.as_deref()), (true, Some(CustomerOf::SPAIN.account)));
    let to = |account: &str| DestinationInput::Account { account: account.to_owned(), holder: "Somebody Listed".to_owned() };
    reviews::return_to(&test.app, &operator(), found.id, &to("DE89370400440532013000")).await.unwrap();
    let again = test.eventually("another account is asked about", waiting).await;
    reviews::return_to(&test.app, &operator(), again.id, &to("DE89370400440532013000")).await.unwrap();
    let settled = || async {
        let payouts = test.app.store.payouts_in_state(PayoutStatus::Settled, None, 10).await.unwrap();
        payouts.into_iter().find(|payout| payout.resolves == Some(again.id))
    };
    let payout = test.eventually("it was paid", settled).await;
    assert_eq!((payout.destination.account.reveal(), payout.amount), ("DE89370400440532013000", unmatched.amount));
    assert!(in_suspense(&test, "EUR").await.is_zero());
    let audit = rampart_app::operate::audit_log(&test.app, None, None, 100).await.unwrap();
    assert!(audit.iter().any(|line| line.action == "review.return_to"), "{audit:?}");
}

/// Returned coins bear the network fee: with an order the one fixed with it, without an order the present one.
async fn less_the_network_fee(test: Arc<TestApp>) {
    let customer = ana(&test).await;
    let wallet = "0x52908400098527886E0F7030069857D2E4169EE7";
    let request = CreateRampoffForm { refund_wallet: Some(wallet.into()), ..sell(customer, "50") };
    let id = test.sold(&request).await;
    let order = test.rampoff(id).await;
    test.world.list_for_screening(order.destination.name.reveal(), true).await.unwrap();
    test.deposit(id).await;
    test.rampoff_becomes(id, "on_hold").await;
    test.world.list_for_screening(order.destination.name.reveal(), false).await.unwrap();
    orders::refund(&test.app, &operator(), id).await.unwrap();
    test.rampoff_becomes(id, "refunded").await;
    let fee = order.refund_network_fee();
    assert!(fee.is_positive());
    let fees = async || test.app.store.balance(Account::Fees(FeeKind::Network), order.terms.coin.into()).await.unwrap().posted;
    let transfer = test.app.store.transfers_of_order(id).await.unwrap().remove(0);
    assert_eq!((transfer.to.as_str(), transfer.amount, transfer.withheld), (wallet, order.terms.coin_amount.minus(fee).unwrap(), fee));
    assert_eq!((test.rampoff(id).await.refunded, fees().await), (transfer.amount, fee));
    // Later deposits lie in suspense, are swept, and go where an operator says.
    test.deposit(id).await;
    let late = item(&test, ReviewKind::Suspense).await;
    treasury::sweep(&test.app, &operator(), order.chain()).await.unwrap();
    let elsewhere = DestinationInput::Wallet("0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55".to_owned());
    reviews::return_to(&test.app, &operator(), late.id, &elsewhere).await.unwrap();
    let empty = || async { Some(in_suspense(&test, &order.terms.coin.to_string()).await).filter(|amount| amount.is_zero()) };
    test.eventually("it has gone", empty).await;
    assert_eq!(fees().await, fee.plus(fee).unwrap());
    let shown = test.rampoff(id).await;
    assert_eq!((shown.refunded, shown.set_aside), (transfer.amount.plus(transfer.amount).unwrap(), Amount::ZERO));
}

/// An operator who puts an order on hold and then refunds it uses a permission of its own, which the audit log shows.
async fn refunded_behind_a_hold(test: Arc<TestApp>) {
    test.fault(FaultPort::Screening, FaultCalls::Questions, FaultOutcome::Fail, 1_000).await;
    let customer = ana(&test).await;
    let id = test.bought(&buy(customer, "70")).await;
    test.pay(id).await;
    test.payment_becomes(id, "payment_received").await;
    orders::hold(&test.app, &operator(), id).await.unwrap();
    orders::refund(&test.app, &operator(), id).await.unwrap();
    let file = orders::show(&test.app, id).await.unwrap();
    let mut actions: Vec<&str> = file.audit.iter().map(|line| line.action.as_str()).collect();
    actions.sort_unstable();
    assert_eq!(actions, ["order.hold", "order.refund_after_hold"]);
    assert!(file.price.contains("EUR, ") && file.price.contains(" s old"), "{}", file.price);
}

/// A return that has not left is recalled, and its item is open again.
async fn called_back_from_its_return(test: Arc<TestApp>) {
    let unmatched = unmatched(&test).await;
    let none = reviews::recall(&test.app, &operator(), unmatched.id).await.unwrap_err().to_string();
    assert!(none.contains("nothing was sent back"), "{none}");
    test.fault(FaultPort::Bank, FaultCalls::Actions, FaultOutcome::Fail, 1_000).await;
    let to = DestinationInput::Account { account: CustomerOf::SPAIN.account.to_owned(), holder: "Ana García López".to_owned() };
    reviews::return_to(&test.app, &operator(), unmatched.id, &to).await.unwrap();
    // Between two attempts: during one it is unknown whether the money leaves.
    let called_back = || async { reviews::recall(&test.app, &operator(), unmatched.id).await.ok() };
    test.eventually("it is called back", called_back).await;
    let again = item(&test, ReviewKind::Suspense).await;
    assert_eq!((again.fact, again.amount, in_suspense(&test, "EUR").await), (unmatched.fact, unmatched.amount, unmatched.amount));
    assert!(reviews::recall(&test.app, &operator(), unmatched.id).await.is_err(), "once");
    assert_eq!(test.app.store.payouts_in_state(PayoutStatus::Failed, None, 10).await.unwrap().len(), 1);
}
