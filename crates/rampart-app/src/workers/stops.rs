//! Sending stops until a person resolves the stop: when a chain shows transactions of the hot wallet that we do not
//! know, and when the database was restored from a copy, so that what it lacks may already have been sent. Everything
//! else continues.

use std::collections::BTreeSet;
use std::path::Path;

use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Chain;
use rampart_core::outgoing::{Lane, Wallet};
use rampart_core::review::{ReviewItem, ReviewSubject, StopScope};
use rampart_core::step::Step;
use rampart_store::Store;

use crate::app::App;
use crate::error::refuse;
use crate::error::{AppError, AppResult};
use crate::workers::outgoing::wallet_name;
use crate::workers::timeouts::answer_in_time;

/// The chains and rails that sending is stopped on.
#[derive(Debug, Default)]
pub(crate) struct Stops {
    pub(crate) everything: bool,
    chains: BTreeSet<Chain>,
}

impl Stops {
    /// Whether signing for a chain is stopped.
    pub(crate) fn holds(&self, chain: Chain) -> bool {
        self.everything || self.chains.contains(&chain)
    }
}

/// Reads the stops. A database behind the number of its batches stops everything first.
pub(crate) async fn present(app: &App) -> AppResult<Stops> {
    if let Some(number) = app.store.number_before_restore() {
        stop_everything(app, number).await?;
        app.store.acknowledge_restore();
    }
    let mut stops = Stops::default();
    for item in app.store.stops().await? {
        match item.subject {
            ReviewSubject::Stopped(StopScope::Everything) => stops.everything = true,
            ReviewSubject::Stopped(StopScope::Chain(chain)) => drop(stops.chains.insert(chain)),
            _ => {}
        }
    }
    Ok(stops)
}

/// Compares the database's batch number with the one in a file of this node and stops sending where the file's is
/// larger. From now on the file follows the database.
pub async fn compare_with_folder(app: &App, file: &Path) -> AppResult<()> {
    let store = &app.store;
    let installation = store.installation().await?.ok_or_else(|| AppError::defect("the installation is not stored"))?;
    // Read before the database: a server running beside a command advances both.
    let known = Store::read_batch_number_file(file);
    let counted = store.batch_number().await?;
    match known {
        Some((kept, number)) if kept == installation.id && number > counted => stop_everything(app, number).await?,
        Some((kept, _)) if kept == installation.id => {}
        Some(_) => tracing::warn!(file = %file.display(), "the batch number in the data folder belongs to another installation"),
        None if counted > 0 => {
            tracing::warn!(file = %file.display(), "the data folder has no batch number: a database restored from a copy would not be detected");
        }
        None => {}
    }
    store.write_batch_number_to(file.to_owned(), &installation.id);
    Ok(())
}

async fn stop_everything(app: &App, number: i64) -> AppResult<()> {
    let reason = format!(
        "the database is behind what this node has seen of it (batch {number}): it was restored from a copy, and what it lacks may \
         have been sent already; compare with banks and chains, then `rampart review resolve … go-on`"
    );
    stop(app, StopScope::Everything, i128::from(number), reason).await
}

/// Stops a chain that has spent more nonces of the hot wallet than we have reserved.
pub(crate) async fn stop_chain(app: &App, chain: Chain, spent: u64, ours: u64) -> AppResult<()> {
    let reason = format!(
        "{chain} has spent {spent} nonces of the hot wallet, and we have reserved {ours}: the wallet was used outside this \
         installation; find out who and what, then `rampart review resolve … go-on`"
    );
    stop(app, StopScope::Chain(chain), i128::from(spent), reason).await
}

/// Creates the review item of a stop, unless it exists.
async fn stop(app: &App, scope: StopScope, number: i128, reason: String) -> AppResult<()> {
    let subject = ReviewSubject::Stopped(scope);
    let is_listed = async || Ok::<_, AppError>(app.store.stops().await?.iter().any(|item| item.subject == subject));
    if is_listed().await? {
        return Ok(());
    }
    tracing::error!(what = subject.source(), reason, "sending is stopped");
    let mut step = Step::new();
    let item = ReviewItem::new(&app.mint(), subject.clone(), reason);
    step.write(ReviewItem { amount: Amount::from_minor(number), ..item });
    match app.commit(step).await {
        Ok(_) => Ok(()),
        // Another node may have created it: there is one per source.
        Err(error) => {
            if is_listed().await? {
                Ok(())
            } else {
                Err(error.into())
            }
        }
    }
}

/// Resolves a stop. The nonce or batch number seen outside is adopted, so that it does not stop again.
pub(crate) async fn go_on(app: &App, item: &ReviewItem) -> AppResult<Step> {
    let ReviewSubject::Stopped(scope) = item.subject else { return Err(refuse("the item does not name what is stopped")) };
    let mut step = Step::new();
    let StopScope::Chain(chain) = scope else {
        app.store.raise_batch_number_to(i64::try_from(item.amount.minor()).unwrap_or(i64::MAX)).await?;
        return Ok(step);
    };
    let ports = app.ports.chain(chain).ok_or_else(|| refuse(format!("{chain} is not traded here")))?;
    let spent = answer_in_time(app, ports.reader.spent_nonces(Lane::FIRST)).await?;
    if let Some(wallet) = app.store.wallet(wallet_name(Lane::FIRST, chain)?).await?
        && wallet.next_nonce < spent
    {
        step.write(Wallet { next_nonce: spent, ..wallet });
    }
    Ok(step)
}
