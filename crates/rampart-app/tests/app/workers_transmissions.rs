//! What is sent for transfers: replaced when it waits too long, cancelled by a person, spent by somebody else.

use std::sync::Arc;

use rampart_app::operate::transfers;
use rampart_core::id::OrderId;
use rampart_core::outgoing::{Lane, Transfer, TransferState, Transmission, TransmissionState};
use rampart_core::ports::SlotStatus;
use rampart_sandbox::FeeSettings;
use rampart_testkit::{TestApp, buy, on_both_engines};

use crate::workers_buying::{ana, operator};

on_both_engines!(
    rampart_testkit::TestApp::start => a_rising_fee, cancelled_while_a_node_has_it, a_node_that_is_behind_says_no;
);

async fn transfer_of(test: &TestApp, order: OrderId) -> Transfer {
    test.app.store.transfers_of_order(order).await.unwrap().pop().expect("a transfer")
}

async fn transmission_of(test: &TestApp, order: OrderId) -> Transmission {
    let id = transfer_of(test, order).await.state.sent_in().and_then(|sent| sent.transmission).expect("a transmission");
    test.app.store.transmission(id).await.unwrap().expect("it is stored")
}

/// The fee rises above what was offered: a dearer attempt takes the same nonce, and the coins leave once.
async fn a_rising_fee(test: Arc<TestApp>) {
    let chain = "polygon".parse().unwrap();
    test.world.automine(chain, 0).await.unwrap();
    let customer = ana(&test).await;
    let id = test.bought(&buy(customer, "50")).await;
    test.pay(id).await;
    test.payment_becomes(id, "coins_sent").await;
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
    let chain = "polygon".parse().unwrap();
    test.world.automine(chain, 0).await.unwrap();
    let customer = ana(&test).await;
    let id = test.bought(&buy(customer, "50")).await;
    test.pay(id).await;
    test.payment_becomes(id, "coins_sent").await;
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

/// One node says that the nonce is spent, and another, which is behind, does not know the transaction: the order stays as it is, and
/// nothing is sent a second time.
async fn a_node_that_is_behind_says_no(test: Arc<TestApp>) {
    let chain = "polygon".parse().unwrap();
    test.world.automine(chain, 0).await.unwrap();
    let customer = ana(&test).await;
    let id = test.bought(&buy(customer, "50")).await;
    test.pay(id).await;
    test.payment_becomes(id, "coins_sent").await;
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
