//! How far a source was read, and what it told applied. Behind the end of a promise a decision waits for it: what one reading
//! tells of an order is decided together.

use rampart_core::asset::Chain;
use rampart_core::fact::{Fact, FactBody};
use rampart_core::id::FactId;
use rampart_core::payment::PayIn;
use rampart_core::time::Timestamp;
use rampart_core::watch::CursorName;

use super::{chain, ingest};
use crate::app::App;
use crate::error::AppResult;

/// How many of the facts that wait are looked at. While more wait, nothing is taken for applied.
const LOOKED_AT: u32 = 256;

/// When the last good reading of what a payment is paid through began whose facts are applied, but for the one that is being
/// applied (business time); nothing when that is not known.
///
/// # Errors
/// When the database cannot be read.
pub(crate) async fn pay_in(app: &App, source: PayIn, applied: Option<FactId>) -> AppResult<Option<Timestamp>> {
    match source {
        PayIn::Bank(rail) => {
            let is_its = |fact: &Fact| matches!(&fact.body, FactBody::BankCredit(credit) if credit.rail == rail);
            digested(app, ingest::cursor_of("bank", rail), applied, is_its).await
        }
        PayIn::Processor(processor) => {
            let is_its = |fact: &Fact| matches!(&fact.body, FactBody::ProcessorPaid(paid) if paid.processor == processor);
            digested(app, ingest::cursor_of("processor", processor), applied, is_its).await
        }
    }
}

/// The same of a chain.
///
/// # Errors
/// When the database cannot be read.
pub(crate) async fn of_chain(app: &App, name: Chain, applied: Option<FactId>) -> AppResult<Option<Timestamp>> {
    let prefix = chain::changes_of(name);
    let is_its = |fact: &Fact| matches!(fact.body, FactBody::Deposit { .. }) && fact.natural_key.starts_with(&prefix);
    digested(app, chain::cursor_of(name), applied, is_its).await
}

async fn digested(app: &App, cursor: CursorName, applied: Option<FactId>, is_its: impl Fn(&Fact) -> bool) -> AppResult<Option<Timestamp>> {
    // The cursor first: what is stored after it can only hold the decision back.
    let Some(read_at) = app.store().cursor(cursor).await?.and_then(|cursor| cursor.read_at) else { return Ok(None) };
    let waiting = app.store().facts_to_apply(None, LOOKED_AT).await?;
    let is_page = waiting.len() < usize::try_from(LOOKED_AT).unwrap_or(usize::MAX);
    // One that cannot be read waits for a person, and its neighbours go on.
    let mut readable = waiting.into_iter().filter_map(|(_, fact)| fact.ok());
    Ok(match readable.find(|fact| is_its(fact) && Some(fact.id) != applied) {
        Some(fact) => fact.read_before.map(|before| before.min(read_at)),
        None => is_page.then_some(read_at),
    })
}
