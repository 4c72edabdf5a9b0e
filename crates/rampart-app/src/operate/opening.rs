//! Opening capital, booked once.

use rampart_core::ledger::{Account, treasury};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Asset;
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_store::CommitError;

use super::{Operator, audit};
use crate::app::App;
use crate::error::AppResult;

const KEY: &str = "opening-capital";

/// Books the balances of our accounts and wallets as the company's capital, once per installation. Returns whether it
/// was done now.
pub async fn open_books(app: &App, balances: Vec<(Account, Asset, Amount)>) -> AppResult<bool> {
    if balances.is_empty() || app.store.claim(ClaimScope::Fact, KEY).await?.is_some() {
        return Ok(false);
    }
    let mint = app.mint();
    let mut step = Step::new();
    step.claims.push(Claim::forever(ClaimScope::Fact, KEY.to_owned(), ""));
    for (account, asset, amount) in balances {
        step.post(treasury::funded(&mint, account, asset, amount));
    }
    let operator = Operator { actor: "rampart".to_owned(), reason: "what the company has in the beginning".to_owned() };
    audit(app, &operator, "treasury.open", "treasury", &mut step);
    match app.commit(step).await {
        Ok(_) => Ok(true),
        Err(CommitError::AlreadyClaimed(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
