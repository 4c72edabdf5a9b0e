//! How far a source has been read with its facts applied. After the end of a price guarantee a decision waits for it, so that everything
//! one reading reports of an order is decided together.

use rampart_core::id::FactId;
use rampart_core::money::asset::Chain;
use rampart_core::order::payment::PayIn;
use rampart_core::step::fact::{Fact, FactBody};
use rampart_core::step::watch::CursorName;
use rampart_core::text::code::Code;
use rampart_core::time::Timestamp;

use crate::app::App;
use crate::error::AppResult;

/// Waiting facts examined. When more wait, the source counts as not applied.
const MAX_WAITING_ROWS: u32 = 256;

/// The cursor of a chain.
pub(crate) fn chain_cursor(chain: Chain) -> CursorName {
    format!("chain-{chain}").parse().expect("a prefix of 6 and a name of at most 16 characters make a code of at most 40")
}

/// The prefix of the natural keys of a chain's deposit facts.
pub(crate) fn fact_key_prefix(chain: Chain) -> String {
    format!("deposit:{chain}:")
}

/// The cursor of a source by kind and name, such as `bank` and the rail.
pub(crate) fn cursor_of(kind: &str, name: Code<16>) -> CursorName {
    format!("{kind}-{name}").parse().expect("a prefix of at most 10 and a name of at most 16 characters make a code of at most 40")
}

/// Start of the last complete reading (business time) of the bank rail or processor a payment is paid through, provided that its facts are
/// applied; `applied` is the fact being applied now and is left out. `None` when that is not known.
pub(crate) async fn pay_in(app: &App, source: PayIn, applied: Option<FactId>) -> AppResult<Option<Timestamp>> {
    match source {
        PayIn::Bank(rail) => {
            let belongs = |fact: &Fact| matches!(&fact.body, FactBody::BankCredit(credit) if credit.rail == rail);
            applied_until(app, cursor_of("bank", rail), applied, belongs).await
        }
        PayIn::Processor(processor) => {
            let belongs = |fact: &Fact| matches!(&fact.body, FactBody::ProcessorPaid(paid) if paid.processor == processor);
            applied_until(app, cursor_of("processor", processor), applied, belongs).await
        }
    }
}

/// Like [`pay_in`] for a chain.
pub(crate) async fn of_chain(app: &App, name: Chain, applied: Option<FactId>) -> AppResult<Option<Timestamp>> {
    let prefix = fact_key_prefix(name);
    let belongs = |fact: &Fact| matches!(fact.body, FactBody::Deposit { .. }) && fact.natural_key.starts_with(&prefix);
    applied_until(app, chain_cursor(name), applied, belongs).await
}

async fn applied_until(
    app: &App,
    cursor: CursorName,
    applied: Option<FactId>,
    belongs: impl Fn(&Fact) -> bool,
) -> AppResult<Option<Timestamp>> {
    // The cursor first: a fact stored after it can only delay the decision.
    let Some(read_at) = app.store.cursor(cursor).await?.and_then(|cursor| cursor.read_at) else { return Ok(None) };
    let waiting = app.store.facts_to_apply(None, MAX_WAITING_ROWS).await?;
    let is_page = waiting.len() < usize::try_from(MAX_WAITING_ROWS).unwrap_or(usize::MAX);
    // An unreadable fact waits in the review queue and does not block the others.
    let mut readable = waiting.into_iter().filter_map(|(_, fact)| fact.ok());
    Ok(match readable.find(|fact| belongs(fact) && Some(fact.id) != applied) {
        Some(fact) => fact.read_before.map(|before| before.min(read_at)),
        None => is_page.then_some(read_at),
    })
}
