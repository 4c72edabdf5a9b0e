//! What is sent for transfers: replaced when it waits too long, cancelled by a person, spent by somebody else.

use std::sync::Arc;

use rampart_app::operate::{transfers, wallets};
use rampart_core::id::OrderId;
use rampart_core::money::asset::Chain;
use rampart_core::outgoing::{Lane, Transfer, TransferState, Transmission, TransmissionState};
use rampart_core::ports::SlotStatus;
use rampart_core::review::ReviewKind;
use rampart_sandbox::FeeSettings;
use rampart_testkit::{TestApp, buy, on_both_engines};

use crate::workers_buying::{ana, operator};

on_both_engines!(
    rampart_testkit::TestApp::start =>
        a_rising_fee, cancelled_while_a_node_has_it, bumped_by_a_person, spent_by_somebody_else, a_node_that_is_behind_says_no;
);

fn polygon() -> Chain {
    "polygon".parse().unwrap()
}

/// Purchases whose coins a node has and no block.
async fn sent_and_in_no_block(test: &TestApp, count: usize) -> Vec<OrderId> {
    test.world.automine(polygon(), 0).await.unwrap();
    let customer = ana(test).await;
    let mut orders = Vec::with_capacity(count);
    for _ in 0..count {
        let id = test.bought(&buy(customer, "50")).await;
        test.pay(id).await;
        test.payment_becomes(id, "coins_sent").await;
        orders.push(id);
    }
    orders
}

async fn transfer_of(test: &TestApp, order: OrderId) -> Transfer {
    test.app.store.transfers_of_order(order).await.unwrap().pop().expect("a transfer")
}

async fn transmission_of(test: &TestApp, order: OrderId) -> Transmission {
    let id = transfer_of(test, order).await.state.sent_in().and_then(|sent| sent.transmission).expect("a transmission");
    test.app.store.transmission(id).await.unwrap().expect("it is stored")
}

/// The fee rises above what was offered: a dearer attempt takes the same nonce, and the coins leave once.
async fn a_rising_fee(test: Arc<TestApp>) {
    let (chain, id) = (polygon(), sent_and_in_no_block(&test, 1).await[0]);
    test.world.set_fees(chain, FeeSettings { times: 10, ..FeeSettings::default() }).await.unwrap();
    let settled = test
        .eventually("a dearer attempt is final", || async {
            test.advance(60).await;
            test.world.mine(chain, 1).await.unwrap();
            Some(transmission_of(&test, id).await).filter(|each| matches!(each.state, TransmissionState::Settled { .. }))
        })
        .await;
    assert!(settled.attempts.len() > 1, "{settled:?}");
    let TransmissionState::Settled { txid, .. } = &settled.state else { panic!("settled") };
    assert!(settled.attempt(txid).is_some_and(|attempt| !attempt.cancels));
    let transfer = transfer_of(&test, id).await;
    assert!(matches!(&transfer.state, TransferState::Confirmed(sent) if sent.txid.as_ref() == Some(txid)), "{transfer:?}");
    assert_eq!(test.payment(id).await.status().as_str(), "coins_sent");
    assert_eq!(test.app.store.transfers_of_order(id).await.unwrap().len(), 1);
}

/// A person cancels what a node still has, and no block: the cancellation replaces it, and the order is decided again.
async fn cancelled_while_a_node_has_it(test: Arc<TestApp>) {
    let (chain, id) = (polygon(), sent_and_in_no_block(&test, 1).await[0]);
    // It stays with the node, and gets into no block.
    test.world.set_fees(chain, FeeSettings { times: 10, ..FeeSettings::default() }).await.unwrap();
    let (transfer, transmission) = (transfer_of(&test, id).await.id, transmission_of(&test, id).await.id);
    transfers::cancel(&test.app, &operator(), transfer).await.unwrap();
    assert!(transfers::cancel(&test.app, &operator(), transfer).await.is_err(), "once is enough");
    assert_eq!(test.payment(id).await.status().as_str(), "coins_sent", "it may yet leave");
    test.eventually("the order is decided again", || async {
        test.world.mine(chain, 1).await.unwrap();
        Some(test.payment(id).await).filter(|payment| payment.status().as_str() == "on_hold")
    })
    .await;
    let settled = test.app.store.transmission(transmission).await.unwrap().expect("it is stored");
    let TransmissionState::Settled { txid, .. } = &settled.state else { panic!("settled: {settled:?}") };
    assert!(settled.attempt(txid).is_some_and(|attempt| attempt.cancels));
    assert_eq!(settled.attempts.iter().map(|attempt| attempt.cancels).collect::<Vec<_>>(), [false, true]);
}

/// A person does not wait: the lowest transaction is replaced by a dearer one, and those behind it cannot be.
async fn bumped_by_a_person(test: Arc<TestApp>) {
    let (chain, orders) = (polygon(), sent_and_in_no_block(&test, 2).await);
    test.world.set_fees(chain, FeeSettings { times: 10, ..FeeSettings::default() }).await.unwrap();
    let (first, second) = (transfer_of(&test, orders[0]).await.id, transfer_of(&test, orders[1]).await.id);
    let refused = transfers::bump(&test.app, &operator(), second, false).await.unwrap_err();
    assert!(refused.to_string().contains(&first.to_string()), "{refused}");
    transfers::bump(&test.app, &operator(), first, false).await.unwrap();
    let again = transfers::bump(&test.app, &operator(), first, false).await.unwrap_err();
    assert!(again.to_string().contains("being signed already"), "{again}");
    // With the next block it is signed and offered, and the one after has it.
    for _ in 0..2 {
        test.world.mine(chain, 1).await.unwrap();
        test.settle().await;
    }
    let mined = transfers::bump(&test.app, &operator(), first, false).await.unwrap_err();
    assert!(mined.to_string().contains("a block has it"), "{mined}");
    // Those before it that are only waiting to be final are not in its way.
    transfers::bump(&test.app, &operator(), second, false).await.unwrap();
    test.eventually("the dearer attempt is final", || async {
        test.world.mine(chain, 1).await.unwrap();
        Some(transmission_of(&test, orders[0]).await).filter(|each| matches!(each.state, TransmissionState::Settled { .. }))
    })
    .await;
    let shown = transfers::show(&test.app, first).await.unwrap();
    assert_eq!((shown.attempts.len(), shown.transfer.state.as_str()), (2, "confirmed"), "{shown:?}");
    assert_eq!(shown.txid.as_deref(), Some(shown.attempts[1].txid.as_str()));
    assert_eq!(shown.audit[0].action, "transfer.bump");
    assert!(transfers::bump(&test.app, &operator(), first, false).await.is_err(), "it is final");
    test.eventually("the second one is final too", || async {
        test.world.mine(chain, 1).await.unwrap();
        Some(transfers::list(&test.app, Some(chain), &transfers::OPEN, None, 10).await.unwrap()).filter(Vec::is_empty)
    })
    .await;
    assert_eq!(transfers::show(&test.app, second).await.unwrap().attempts.len(), 2);
    let wallets = wallets::list(&test.app, Some(chain)).await.unwrap();
    assert_eq!((wallets.len(), wallets[0].wallet.as_str(), wallets[0].open), (1, "polygon-hot-0", 0));
    assert_eq!((wallets[0].next_nonce, wallets[0].spent_nonces), (Some(2), Some(2)), "{wallets:?}");
}

/// Something that is not ours spends the nonce of a transfer: the transfer fails once that is final and not before, its order waits for a
/// person, and the chain stops, since somebody else has the key.
async fn spent_by_somebody_else(test: Arc<TestApp>) {
    let (chain, id) = (polygon(), sent_and_in_no_block(&test, 1).await[0]);
    let (transfer, sent) = (transfer_of(&test, id).await, transmission_of(&test, id).await);
    test.world.spend_nonce(chain, Lane::FIRST, Some(sent.slot.nonce())).await.unwrap();
    test.world.mine(chain, 2).await.unwrap();
    test.settle().await;
    assert_eq!(test.payment(id).await.status().as_str(), "coins_sent", "a reorganisation may give it back");
    test.eventually("the order waits for a person", || async {
        test.world.mine(chain, 1).await.unwrap();
        Some(test.payment(id).await).filter(|payment| payment.status().as_str() == "on_hold")
    })
    .await;
    let shown = transfers::show(&test.app, transfer.id).await.unwrap();
    assert!(shown.transfer.state.starts_with("failed"), "{shown:?}");
    assert_eq!((shown.transmission.as_deref(), shown.attempts.len()), (Some("spent_by_other"), 1), "what was signed is still shown");
    let reviews = test.app.store.reviews_waiting(None, 10).await.unwrap();
    assert!(reviews.iter().any(|item| item.subject.kind() == ReviewKind::Stopped), "{reviews:?}");
}

/// One node says that the nonce is spent, and another, which is behind, does not know the transaction: the order stays as it is, and
/// nothing is sent a second time.
async fn a_node_that_is_behind_says_no(test: Arc<TestApp>) {
    let (chain, id) = (polygon(), sent_and_in_no_block(&test, 1).await[0]);
    test.world.mine(chain, 3).await.unwrap();
    test.world.set_lag(chain, 3).await.unwrap();
    for _ in 0..5 {
        test.advance(60).await;
        test.world.mine(chain, 1).await.unwrap();
        assert_eq!(test.payment(id).await.status().as_str(), "coins_sent");
    }
    let sent = transmission_of(&test, id).await;
    test.world.set_lag(chain, 0).await.unwrap();
    test.eventually("it is final", || async {
        test.world.mine(chain, 1).await.unwrap();
        Some(transmission_of(&test, id).await).filter(|each| matches!(each.state, TransmissionState::Settled { .. }))
    })
    .await;
    let reader = test.world.chain(chain).unwrap().reader;
    assert!(matches!(reader.slot(&sent.slot, &sent.attempts).await.unwrap(), SlotStatus::Spent(spent) if spent.succeeded));
    assert_eq!(reader.spent_nonces(Lane::FIRST).await.unwrap(), sent.slot.nonce() + 1);
    assert_eq!(test.app.store.transfers_of_order(id).await.unwrap().len(), 1);
}
