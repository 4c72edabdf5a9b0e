//! The company's own funds.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use rampart_core::id::{DepositId, OrderId};
use rampart_core::ledger::{Account, Origin, treasury};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::{Asset, Chain, CoinId};
use rampart_core::outgoing::{Lane, Screening, Transfer, TransferPurpose, TransferSource};
use rampart_core::step::watch::Deposit;
use rampart_core::step::{OwnFunds, Step};
use serde::Serialize;

use super::{Operator, audit, commit_result, major, operators_retry, refuse};
use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::orders::order_checks;
use crate::workers::answer_in_time;

/// Deposits collected by one command.
const MAX_SWEEP_DEPOSITS: u32 = 500;

/// One of our accounts in one asset. Amounts are in major units.
#[derive(Debug, Clone, Serialize)]
pub struct AccountLine {
    pub account: String,
    pub asset: String,
    pub posted: String,
    pub held: String,
    pub available: String,
    /// Balance according to the chain, if it answers.
    pub outside: Option<String>,
}

/// The result of a treasury command.
#[derive(Debug, Clone, Serialize)]
pub struct TreasuryMovement {
    pub account: String,
    /// In major units, with the asset.
    pub moved: String,
    pub transfers: Vec<String>,
}

/// All own accounts, with wallet balances from the chains.
///
/// # Errors
/// [`AppError::Unavailable`] when the database cannot be read. A chain that does not answer leaves `outside` empty.
pub async fn show(app: &App) -> AppResult<Vec<AccountLine>> {
    let balances = app.store.own_balances().await?;
    // All at once: chains that do not answer cost one time limit together.
    let outside = join_all(balances.iter().map(|balance| wallet_balance(app, balance.account, balance.asset))).await;
    let lines = balances.into_iter().zip(outside).map(|(balance, outside)| {
        let available = balance.available().map_err(|fault| AppError::Defect(Box::new(fault)))?;
        Ok(AccountLine {
            account: balance.account.to_string(),
            asset: balance.asset.to_string(),
            posted: major(app, balance.posted, balance.asset),
            held: major(app, balance.held, balance.asset),
            available: major(app, available, balance.asset),
            outside: outside.map(|amount| major(app, amount, balance.asset)),
        })
    });
    lines.collect()
}

/// The balance of a hot wallet according to its chain, if it answers.
async fn wallet_balance(app: &App, account: Account, asset: Asset) -> Option<Amount> {
    let (Account::ChainHot(chain), Asset::Coin(coin)) = (account, asset) else { return None };
    answer_in_time(app, app.ports.chain(chain)?.reader.balance(Lane::FIRST, coin)).await.ok()
}

fn amount(app: &App, asset: Asset, text: &str) -> AppResult<Amount> {
    let decimals = app.catalogue.decimals(asset).ok_or_else(|| refuse(format!("{asset} is not traded here")))?;
    if text.contains(['e', 'E']) {
        return Err(refuse("the amount must be written in digits, such as 1000 or 0.50"));
    }
    Amount::parse_text(text, decimals).map_err(|fault| refuse(format!("the amount {fault}")))
}

fn check(app: &App, account: Account, asset: Asset) -> AppResult<()> {
    takes_capital(app, account, asset).map_err(|reason| {
        refuse(format!(
            "{reason}: say bank:<rail> or card:<processor> with its currency, or chain:<chain>:hot with a coin, as the configuration has them"
        ))
    })
}

/// Checks the source of a withdrawal. A balance can also be withdrawn from a rail that is no longer configured.
async fn check_source(app: &App, account: Account, asset: Asset) -> AppResult<()> {
    let is_booked = matches!((account, asset), (Account::Bank(_) | Account::Card(_), Asset::Fiat(_)));
    if is_booked && app.store.balance(account, asset).await?.posted.is_positive() {
        return Ok(());
    }
    check(app, account, asset)
}

/// Checks the payable step of a rail: some take no fractions, such as pesos without centavos.
fn check_step(app: &App, account: Account, asset: Asset, amount: Amount) -> AppResult<()> {
    let Account::Bank(rail) = account else { return Ok(()) };
    let step = app.catalogue.payable_step(rail);
    if amount.rounded_down(step) == amount {
        return Ok(());
    }
    Err(refuse(format!("the amount must be a multiple of {} {asset}, which is what {rail} takes", major(app, step, asset))))
}

/// Books capital that the company has put in; it has happened outside.
///
/// # Errors
/// A refusal when the account is not configured for the asset, the amount is invalid, or not a multiple of the rail's
/// payable step.
pub async fn fund(app: &App, operator: &Operator, account: Account, asset: Asset, text: &str) -> AppResult<TreasuryMovement> {
    check(app, account, asset)?;
    let amount = amount(app, asset, text)?;
    check_step(app, account, asset, amount)?;
    let mut step = Step::new();
    step.post(treasury::funded(&app.mint(), account, asset, amount));
    audit(app, operator, &format!("treasury.fund {} {asset}", major(app, amount, asset)), account, &mut step);
    commit_result(app.commit(step).await)?;
    Ok(TreasuryMovement { account: account.to_string(), moved: format!("{} {asset}", major(app, amount, asset)), transfers: Vec::new() })
}

/// Withdraws own funds: money is only booked (it is moved at the bank), coins are sent to an address.
///
/// # Errors
/// A refusal when account, asset, amount and address do not fit, the available balance is too small, or it is not the
/// company's own.
pub async fn withdraw(
    app: &App,
    operator: &Operator,
    account: Account,
    asset: Asset,
    text: &str,
    to: Option<&str>,
) -> AppResult<TreasuryMovement> {
    check_source(app, account, asset).await?;
    let (amount, mint) = (amount(app, asset, text)?, app.mint());
    let mut step = Step::new();
    let mut moved =
        TreasuryMovement { account: account.to_string(), moved: format!("{} {asset}", major(app, amount, asset)), transfers: Vec::new() };
    match (account, asset) {
        (Account::ChainHot(chain), Asset::Coin(coin)) => {
            let to = to.ok_or_else(|| refuse("say where the coins go"))?;
            let to = order_checks::check_foreign_wallet(app, "to", chain, to).await?;
            let transfer = transfer(app, TransferPurpose::Withdrawal, coin, amount, TransferSource::Hot, to);
            moved.transfers.push(transfer.id.to_string());
            step.extend(transfer.create(Origin::Request, &app.mint()));
        }
        _ => step.post(treasury::withdrawn(&mint, account, asset, amount)),
    }
    step.own.push(own_funds(app, account, asset).await?);
    audit(app, operator, &format!("treasury.withdraw {} {asset}", major(app, amount, asset)), account, &mut step);
    commit_result(app.commit(step).await)?;
    Ok(moved)
}

/// The own accounts with a balance in an asset, and the accounts of the step.
async fn own_funds(app: &App, account: Account, asset: Asset) -> AppResult<OwnFunds> {
    let known = app.store.own_balances().await?.into_iter().filter(|balance| balance.asset == asset);
    let accounts: BTreeSet<Account> = known.map(|balance| balance.account).chain([account, Account::Capital]).collect();
    Ok(OwnFunds { asset, accounts: accounts.into_iter().collect() })
}

/// A transfer of own coins to an own address. Exempt from screening: nobody else receives anything, and an unavailable
/// provider must not keep the company from securing its coins.
fn transfer(app: &App, purpose: TransferPurpose, coin: CoinId, amount: Amount, source: TransferSource, to: String) -> Transfer {
    Transfer { source, screening: Screening::Exempt, ..Transfer::new(&app.mint(), purpose, coin, amount, to) }
}

/// Sweeps confirmed deposits of a chain into its hot wallet: one transfer per address and coin.
///
/// # Errors
/// A refusal when the chain is not traded here.
pub async fn sweep(app: &App, operator: &Operator, chain: Chain) -> AppResult<TreasuryMovement> {
    let ports = app.ports.chain(chain).ok_or_else(|| refuse(format!("the chain {chain} is not traded here")))?;
    operators_retry(app, "deposits are", || async move {
        let deposits = app.store.deposits_to_sweep(chain, None, MAX_SWEEP_DEPOSITS).await?;
        let orders: Vec<OrderId> = deposits.iter().filter_map(|deposit| deposit.order).collect();
        let orders = app.store.rampoffs_by_id(&orders).await?;
        let mut sums: BTreeMap<(u64, CoinId), (Amount, Vec<DepositId>)> = BTreeMap::new();
        let mut step = Step::new();
        for deposit in deposits {
            let Some(order) = orders.iter().find(|order| Some(order.id) == deposit.order) else { continue };
            let (sum, collected) = sums.entry((order.deposit_index, deposit.coin)).or_default();
            collected.push(deposit.id);
            *sum = sum.plus(deposit.amount).map_err(|fault| AppError::Defect(Box::new(fault)))?;
            step.write(Deposit { swept: true, ..deposit });
        }
        let mut moved =
            TreasuryMovement { account: Account::ChainDeposits(chain).to_string(), moved: String::new(), transfers: Vec::new() };
        let mut texts = Vec::new();
        for ((index, coin), (sum, deposits)) in sums {
            let source = TransferSource::Deposit(index);
            let transfer =
                Transfer { deposits, ..transfer(app, TransferPurpose::Sweep, coin, sum, source, ports.reader.address(Lane::FIRST)) };
            texts.push(format!("{} {coin}", major(app, sum, coin.into())));
            moved.transfers.push(transfer.id.to_string());
            step.extend(transfer.create(Origin::Request, &app.mint()));
        }
        moved.moved = if texts.is_empty() { "nothing".to_owned() } else { texts.join(", ") };
        audit(app, operator, "treasury.sweep", Account::ChainDeposits(chain), &mut step);
        Ok((step, moved))
    })
    .await
}

/// Checks that capital can be booked on an account: a configured bank, processor or hot wallet.
fn takes_capital(app: &App, account: Account, asset: Asset) -> Result<(), String> {
    match account {
        Account::Bank(_) | Account::Card(_) | Account::ChainHot(_) => {
            app.catalogue.has_account(account, asset).map_err(|reason| reason.to_string())
        }
        _ => Err(format!("{account} is no account that money or coins are put in or taken out")),
    }
}
