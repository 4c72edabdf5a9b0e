//! Finds the order that a quarantined fact names: the starting point for the person who reviews it.

use rampart_core::id::OrderId;
use rampart_core::order::reference::{self, ReferenceMatch};
use rampart_core::step::fact::{Fact, FactBody};

use crate::app::App;
use crate::error::AppResult;

/// The order, if the fact names one and the lookup succeeds.
pub(super) async fn order(app: &App, fact: &Fact) -> Option<OrderId> {
    match find(app, fact).await {
        Ok(order) => order,
        Err(error) => {
            tracing::warn!(fact = %fact.id, %error, "the order of a quarantined fact could not be looked up");
            None
        }
    }
}

async fn find(app: &App, fact: &Fact) -> AppResult<Option<OrderId>> {
    Ok(match &fact.body {
        FactBody::ProcessorPaid(paid) => Some(paid.payment),
        FactBody::ProcessorDeclined { payment, .. } => Some(*payment),
        FactBody::Reversed(reversal) => reversal.payment,
        FactBody::PayoutReported { payout, .. } => app.store.payout(*payout).await?.and_then(|payout| payout.order),
        FactBody::Deposit { deposit, .. } => app.store.deposit(*deposit).await?.and_then(|deposit| deposit.order),
        FactBody::BankCredit(credit) => match credit.concept.as_deref().map_or(ReferenceMatch::Nothing, reference::find) {
            ReferenceMatch::Reference(concept) => app.store.payment_by_concept(&concept).await?.map(|payment| payment.id),
            ReferenceMatch::Mistyped(_) | ReferenceMatch::Nothing => None,
        },
        FactBody::KycDecided { .. } => None,
    })
}
