//! What becomes of transfers, with what it means for their orders and for the ledger.

use rampart_core::amount::Amount;
use rampart_core::asset::Asset;
use rampart_core::ledger::{Account, Origin, PostingKind};
use rampart_core::outgoing::{Transfer, TransferPurpose, TransferSource, TransferState};
use rampart_core::payment::PaymentFact;
use rampart_core::rampoff::RampoffFact;
use rampart_core::review::{ReviewItem, ReviewKind};
use rampart_core::step::Step;

use super::observe;
use crate::app::App;
use crate::error::Reply;

/// What is promised on the hot wallet for a transfer that no order promised it for, until the chain takes it.
pub(crate) fn hold_on_wallet(step: &mut Step, transfer: &Transfer, taken: bool) {
    let own = matches!(transfer.purpose, TransferPurpose::SuspenseReturn | TransferPurpose::Withdrawal);
    if own && transfer.source == TransferSource::Hot {
        let (change, origin) = if taken { (transfer.amount, Origin::Request) } else { (transfer.amount.negated(), Origin::Fact) };
        step.hold(Account::ChainHot(transfer.chain()), transfer.coin, change, origin);
    }
}

/// What is promised of suspense for a transfer that sends it back, until it is confirmed.
pub(crate) fn hold_on_suspense(step: &mut Step, transfer: &Transfer, taken: bool, origin: Origin) {
    if transfer.purpose == TransferPurpose::SuspenseReturn {
        let change = if taken { transfer.amount } else { transfer.amount.negated() };
        step.hold(Account::Suspense, transfer.coin, change, origin);
    }
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
pub(crate) async fn broadcast(app: &App, mut transfer: Transfer) -> Reply<Option<Step>> {
    let TransferState::Signed(signed) = transfer.state.clone() else { return Ok(None) };
    let (id, txid) = (transfer.id, signed.txid.clone());
    let payment = PaymentFact::CoinsBroadcast { transfer: id, txid: txid.clone() };
    let mut step = tell_order(app, &transfer, payment, RampoffFact::RefundBroadcast { transfer: id, txid }).await?;
    step.post(transfer.broadcast(&app.mint()));
    hold_on_wallet(&mut step, &transfer, false);
    transfer.state = TransferState::Broadcast(signed);
    step.write(transfer);
    Ok(Some(step))
}

/// The chain refused it for good and has never had it.
pub(crate) async fn refused(app: &App, mut transfer: Transfer, reason: &str) -> Reply<Option<Step>> {
    if !matches!(transfer.state, TransferState::Queued | TransferState::Signed(_)) {
        return Ok(None);
    }
    let (id, text) = (transfer.id, reason.to_owned());
    let payment = PaymentFact::TransferFailed { transfer: id, reason: text.clone() };
    let mut step = tell_order(app, &transfer, payment, RampoffFact::RefundFailed { transfer: id, reason: text }).await?;
    hold_on_wallet(&mut step, &transfer, false);
    hold_on_suspense(&mut step, &transfer, false, Origin::Fact);
    if transfer.purpose == TransferPurpose::SuspenseReturn {
        let why = format!("sending it back was refused by the chain: {reason}");
        step.write(review(app, &transfer, ReviewKind::Suspense, transfer.coin.into(), transfer.amount, why));
    }
    transfer.state = TransferState::Failed { reason: reason.to_owned() };
    step.write(transfer);
    Ok(Some(step))
}

/// It is in a block with enough confirmations.
pub(crate) async fn confirmed(app: &App, mut transfer: Transfer, confirmations: u32, network_fee: Amount) -> Reply<Option<Step>> {
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
    hold_on_suspense(&mut step, &transfer, false, Origin::Fact);
    post_fee(app, &transfer, network_fee, &mut step).await?;
    transfer.state = TransferState::Confirmed(signed);
    step.write(transfer);
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
pub(crate) async fn unconfirmed(app: &App, mut transfer: Transfer) -> Reply<Option<Step>> {
    let TransferState::Confirmed(signed) = transfer.state.clone() else { return Ok(None) };
    let id = transfer.id;
    let mut step = match (transfer.order, transfer.purpose) {
        (Some(order), TransferPurpose::Buy) => {
            observe::payment(app, observe::load_payment(app, order).await?, PaymentFact::CoinsUnconfirmed { transfer: id })
        }
        // A ramp-off that was refunded stays so; its coins are on their way again with the same bytes.
        _ => Step::new(),
    };
    step.post(transfer.unconfirmed(&app.mint()));
    hold_on_suspense(&mut step, &transfer, true, Origin::Fact);
    transfer.state = TransferState::Broadcast(signed);
    step.write(transfer);
    Ok(Some(step))
}

/// The chain took it and undid it by its own rules. The partner has seen the coins leave, so a person decides what
/// follows; the fee is gone all the same.
pub(crate) async fn reverted(app: &App, mut transfer: Transfer, network_fee: Amount) -> Reply<Option<Step>> {
    if !matches!(transfer.state, TransferState::Broadcast(_)) {
        return Ok(None);
    }
    let mut step = Step::new();
    step.post(transfer.returned(&app.mint()));
    post_fee(app, &transfer, network_fee, &mut step).await?;
    hold_on_suspense(&mut step, &transfer, false, Origin::Fact);
    let kind = if transfer.purpose == TransferPurpose::SuspenseReturn { ReviewKind::Suspense } else { ReviewKind::Reversal };
    let why = format!("the chain reverted transfer {}: the coins never left", transfer.id);
    step.write(review(app, &transfer, kind, transfer.coin.into(), transfer.amount, why));
    transfer.state = TransferState::Failed { reason: "reverted by the chain".to_owned() };
    step.write(transfer);
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
