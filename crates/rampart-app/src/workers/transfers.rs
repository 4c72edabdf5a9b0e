//! What becomes of transfers, with what it means for their orders and for the ledger.

use rampart_core::amount::Amount;
use rampart_core::asset::Asset;
use rampart_core::ledger::{Origin, PostingKind};
use rampart_core::outgoing::{Transfer, TransferPurpose, TransferState};
use rampart_core::payment::PaymentFact;
use rampart_core::rampoff::RampoffFact;
use rampart_core::record::RecordKey;
use rampart_core::review::{ReviewItem, ReviewKind};
use rampart_core::step::{Claim, ClaimScope, Step};

use super::observe;
use crate::app::App;
use crate::error::Reply;

/// Brings what is promised for a transfer beside its order's promise from one state to the next.
pub(crate) fn change_holds(step: &mut Step, before: Option<&Transfer>, after: &Transfer) {
    let before = before.map(Transfer::holds).unwrap_or_default();
    // A new promise is asked for and bound by the floor; everything later follows from facts.
    let origin = if after.version == 0 { Origin::Request } else { Origin::Fact };
    before.into_iter().for_each(|(account, coin, amount)| step.hold(account, coin, amount.negated(), origin));
    after.holds().into_iter().for_each(|(account, coin, amount)| step.hold(account, coin, amount, origin));
}

/// Writes a transfer in its next state, with what that does to its promises.
fn write_next(step: &mut Step, before: Transfer, state: TransferState) {
    let after = Transfer { state, ..before.clone() };
    change_holds(step, Some(&before), &after);
    step.write(after);
}

/// What the order of a transfer is told, by the transfer's purpose.
async fn tell_order(app: &App, transfer: &Transfer, payment: PaymentFact, rampoff: RampoffFact) -> Reply<Step> {
    match (transfer.order, transfer.purpose) {
        (Some(order), TransferPurpose::Buy) => Ok(observe::payment(app, observe::load_payment(app, order).await?, payment)),
        (Some(order), TransferPurpose::Refund) => Ok(observe::rampoff(app, observe::load_rampoff(app, order).await?, rampoff)),
        _ => Ok(Step::new()),
    }
}

/// The chain has taken it.
pub(crate) async fn broadcast(app: &App, transfer: Transfer) -> Reply<Option<Step>> {
    let TransferState::Signed(signed) = transfer.state.clone() else { return Ok(None) };
    let (id, txid) = (transfer.id, signed.txid.clone());
    let payment = PaymentFact::CoinsBroadcast { transfer: id, txid: txid.clone() };
    let mut step = tell_order(app, &transfer, payment, RampoffFact::RefundBroadcast { transfer: id, txid }).await?;
    step.post(transfer.broadcast(&app.mint()));
    write_next(&mut step, transfer, TransferState::Broadcast(signed));
    Ok(Some(step))
}

/// The chain refused it for good and has never had it.
pub(crate) async fn refused(app: &App, transfer: Transfer, reason: &str) -> Reply<Option<Step>> {
    if !matches!(transfer.state, TransferState::Queued | TransferState::Signed(_)) {
        return Ok(None);
    }
    let (id, text) = (transfer.id, reason.to_owned());
    let payment = PaymentFact::TransferFailed { transfer: id, reason: text.clone() };
    let mut step = tell_order(app, &transfer, payment, RampoffFact::RefundFailed { transfer: id, reason: text }).await?;
    if transfer.purpose == TransferPurpose::SuspenseReturn {
        let why = format!("sending it back was refused by the chain: {reason}");
        step.write(review(app, &transfer, ReviewKind::Suspense, transfer.coin.into(), transfer.amount, why));
    }
    write_next(&mut step, transfer, TransferState::Failed { reason: reason.to_owned() });
    Ok(Some(step))
}

/// It is in a block with enough confirmations.
pub(crate) async fn confirmed(app: &App, transfer: Transfer, confirmations: u32, network_fee: Amount) -> Reply<Option<Step>> {
    let TransferState::Broadcast(signed) = transfer.state.clone() else { return Ok(None) };
    let id = transfer.id;
    let mut step = tell_order(
        app,
        &transfer,
        PaymentFact::CoinsConfirmed { transfer: id, confirmations },
        RampoffFact::RefundConfirmed { transfer: id },
    )
    .await?;
    step.post(transfer.confirmed(&app.mint()));
    post_fee(app, &transfer, network_fee, &mut step).await?;
    write_next(&mut step, transfer, TransferState::Confirmed(signed));
    Ok(Some(step))
}

/// The chain takes its fee once, however often it mines the same bytes.
async fn post_fee(app: &App, transfer: &Transfer, network_fee: Amount, step: &mut Step) -> Reply<()> {
    let Some(chain) = app.catalogue().chain(transfer.chain()) else { return Ok(()) };
    let posted_before = match transfer.order {
        _ if transfer.version <= FIRST_CONFIRMATION => false,
        Some(order) => app.store().postings_of_order(order).await?.iter().any(|posting| posting.kind == PostingKind::NetworkFee),
        None => true,
    };
    if !posted_before {
        step.post(transfer.network_fee(&app.mint(), chain.native, network_fee));
    }
    Ok(())
}

/// The version at which a transfer is confirmed when nothing was undone: queued, signed, broadcast.
const FIRST_CONFIRMATION: i64 = 3;

/// It was confirmed, and the chain undid its block.
pub(crate) async fn unconfirmed(app: &App, transfer: Transfer) -> Reply<Option<Step>> {
    let TransferState::Confirmed(signed) = transfer.state.clone() else { return Ok(None) };
    let (id, amount) = (transfer.id, transfer.amount);
    let payment = PaymentFact::CoinsUnconfirmed { transfer: id };
    let mut step = tell_order(app, &transfer, payment, RampoffFact::RefundUnconfirmed { transfer: id, amount }).await?;
    step.post(transfer.unconfirmed(&app.mint()));
    write_next(&mut step, transfer, TransferState::Broadcast(signed));
    Ok(Some(step))
}

/// The chain took it and undid it by its own rules; the fee is gone all the same. An order is put on hold and decides
/// anew, also where its partner has seen the coins leave: the old bytes are used up. What nobody ordered is put on a
/// person's list.
pub(crate) async fn reverted(app: &App, transfer: Transfer, network_fee: Amount) -> Reply<Option<Step>> {
    if !matches!(transfer.state, TransferState::Broadcast(_)) {
        return Ok(None);
    }
    let (id, text) = (transfer.id, "reverted by the chain".to_owned());
    let payment = PaymentFact::TransferFailed { transfer: id, reason: text.clone() };
    let mut step = tell_order(app, &transfer, payment, RampoffFact::RefundFailed { transfer: id, reason: text.clone() }).await?;
    step.post(transfer.returned(&app.mint()));
    post_fee(app, &transfer, network_fee, &mut step).await?;
    let why = format!("the chain reverted transfer {id}: the coins never left");
    match transfer.purpose {
        TransferPurpose::Buy | TransferPurpose::Refund => {}
        TransferPurpose::SuspenseReturn => {
            step.write(review(app, &transfer, ReviewKind::Suspense, transfer.coin.into(), transfer.amount, why));
        }
        TransferPurpose::Sweep | TransferPurpose::Withdrawal => {
            step.write(review(app, &transfer, ReviewKind::Reversal, transfer.coin.into(), transfer.amount, why));
        }
    }
    write_next(&mut step, transfer, TransferState::Failed { reason: text });
    Ok(Some(step))
}

/// The chain has forgotten it and refuses to take it again. A person is told once, however often it is offered.
pub(crate) fn vanished(app: &App, transfer: &Transfer, reason: &str) -> Step {
    let why = format!("transfer {} vanished from {}, which refuses to take it again: {reason}", transfer.id, transfer.chain());
    let item = review(app, transfer, ReviewKind::Vanished, transfer.coin.into(), transfer.amount, why);
    let item = ReviewItem { source: Some(transfer.id.to_string()), ..item };
    let mut step = Step::new();
    step.rely(RecordKey::Transfer(transfer.id), transfer.version);
    step.claims.push(Claim::forever(ClaimScope::Fact, format!("vanished:{}:v{}", transfer.id, transfer.version), item.id));
    step.write(item);
    step
}

/// A person has given a vanished transfer up: its coins are ours again, and whoever waits for them hears of it.
pub(crate) async fn given_up(app: &App, transfer: Transfer) -> Reply<Option<Step>> {
    if !matches!(transfer.state, TransferState::Broadcast(_)) {
        return Ok(None);
    }
    let (id, reason) = (transfer.id, "vanished from the chain and given up".to_owned());
    let payment = PaymentFact::TransferFailed { transfer: id, reason: reason.clone() };
    let mut step = Step::new();
    // Before the order's own postings: what it takes back from its customer's account has to be there.
    step.post(transfer.returned(&app.mint()));
    step.extend(tell_order(app, &transfer, payment, RampoffFact::RefundFailed { transfer: id, reason: reason.clone() }).await?);
    if transfer.purpose == TransferPurpose::SuspenseReturn {
        let why = format!("sending it back did not work: transfer {id} vanished from the chain");
        step.write(review(app, &transfer, ReviewKind::Suspense, transfer.coin.into(), transfer.amount, why));
    }
    write_next(&mut step, transfer, TransferState::Failed { reason });
    Ok(Some(step))
}

fn review(app: &App, transfer: &Transfer, kind: ReviewKind, asset: Asset, amount: Amount, reason: String) -> ReviewItem {
    let mint = app.mint();
    ReviewItem {
        id: mint.id(),
        version: 0,
        kind,
        order: transfer.order,
        fact: None,
        asset: Some(asset),
        amount,
        source: Some(transfer.to.clone()),
        reason,
        created_at: mint.now,
        resolution: None,
    }
}
