//! The configuration must contain every coin, chain, currency, method and account that an open order or a balance still
//! needs: without it money would arrive unnoticed or never leave.

use std::collections::BTreeSet;

use rampart_core::identity::country::Country;
use rampart_core::ledger::{Account, Processor, Rail};
use rampart_core::money::asset::{Asset, Chain};
use rampart_core::order::payment::{PayIn, Payment};
use rampart_core::order::rampoff::Rampoff;

use crate::app::App;
use crate::error::{AppError, AppResult};

/// Refuses a configuration that lacks what open orders, payouts, transfers or balances need.
///
/// # Errors
/// [`AppError::Defect`] that names everything missing.
pub async fn check(app: &App) -> AppResult<()> {
    let missing = missing(app).await?;
    if missing.is_empty() {
        return Ok(());
    }
    let missing: Vec<String> = missing.into_iter().collect();
    let advice = "put it back (what is to make no new orders is switched off instead: enabled, buy, sell = false); a balance of what never \
                  was, which earlier versions could book, is taken out with `rampart treasury withdraw`";
    Err(AppError::defect(format!("the configuration lacks what open orders or balances need: {}; {advice}", missing.join("; "))))
}

/// Descriptions of what is missing, each once.
pub(crate) async fn missing(app: &App) -> AppResult<BTreeSet<String>> {
    let mut needs = MissingConfiguration { app, missing: BTreeSet::new() };
    // Unsettled payouts and transfers have a hold or money in transit, so the balances cover them.
    for balance in app.store.own_balances().await? {
        if !balance.posted.is_zero() || !balance.held.is_zero() {
            needs.of_balance(balance.account, balance.asset);
        }
    }
    app.store.for_each_open_payment(|payment| needs.of_payment(payment)).await?;
    app.store.for_each_open_rampoff(|rampoff| needs.of_rampoff(rampoff)).await?;
    Ok(needs.missing)
}

struct MissingConfiguration<'a> {
    app: &'a App,
    missing: BTreeSet<String>,
}

impl MissingConfiguration<'_> {
    fn of_balance(&mut self, account: Account, asset: Asset) {
        let because = format!("of which {account} holds a balance");
        match account {
            // These balances are history: nothing is pending on them.
            Account::Fees(_) | Account::Fx | Account::NetworkFees | Account::Losses(_) | Account::Capital => return,
            Account::Bank(rail) => self.rail(rail, &because),
            Account::Card(processor) => self.processor(processor, &because),
            Account::ChainHot(chain) | Account::ChainDeposits(chain) => self.chain(chain, &because),
            Account::InTransit(_) | Account::Customer(_) | Account::Suspense => {}
        }
        self.asset(asset, &because);
    }

    fn of_payment(&mut self, payment: &Payment) {
        let because = "which payments under way need";
        self.asset(payment.terms.fiat.into(), because);
        self.asset(payment.terms.coin.into(), because);
        self.chain(payment.terms.coin.chain, because);
        self.method(payment.country, payment, because);
        match payment.pay_in {
            PayIn::Processor(processor) => self.processor(processor, because),
            PayIn::Bank(rail) => self.rail(rail, because),
        }
    }

    fn of_rampoff(&mut self, rampoff: &Rampoff) {
        let because = "which ramp-offs under way need";
        self.asset(rampoff.terms.fiat.into(), because);
        self.asset(rampoff.terms.coin.into(), because);
        self.chain(rampoff.chain(), because);
        self.rail(rampoff.rail, because);
        if self.app.catalogue.payout_rail(rampoff.country).is_none() {
            self.missing.insert(format!("payouts.{}, {because}", rampoff.country));
        }
    }

    fn asset(&mut self, asset: Asset, because: &str) {
        if self.app.catalogue.decimals(asset).is_none() {
            let what = match asset {
                Asset::Fiat(currency) => format!("fiats.{currency}"),
                Asset::Coin(coin) => format!("coins.{}.{}", coin.symbol, coin.chain),
            };
            self.missing.insert(format!("{what}, {because}"));
        }
    }

    fn chain(&mut self, chain: Chain, because: &str) {
        if self.app.catalogue.chain(chain).is_none() || self.app.ports.chain(chain).is_none() {
            self.missing.insert(format!("chains.{chain} and its adapter, {because}"));
        }
    }

    fn rail(&mut self, rail: Rail, because: &str) {
        if self.app.catalogue.rail_account(rail).is_none() || self.app.ports.bank(rail).is_none() {
            self.missing.insert(format!("rails.{rail} and its adapter, {because}"));
        }
    }

    fn processor(&mut self, processor: Processor, because: &str) {
        if self.app.ports.processor(processor).is_none() {
            self.missing.insert(format!("the adapter of the processor {processor}, {because}"));
        }
    }

    fn method(&mut self, country: Country, payment: &Payment, because: &str) {
        if self.app.catalogue.method(country, payment.method.as_str()).is_none() {
            self.missing.insert(format!("methods.{country}.{}, {because}", payment.method));
        }
    }
}
