//! The bank: our accounts behind its rails, incoming transfers, recalls and statements.

use std::collections::BTreeMap;
use std::sync::Arc;

use rampart_core::id::{PartnerId, PayoutId};
use rampart_core::ledger::Rail;
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Currency;
use rampart_core::outgoing::Payout;
use rampart_core::ports::{BankPort, CallOutcome, FactPage, LookupResult, PortFuture, StatementLine, Unavailable};
use rampart_core::step::fact::{BankCredit, PayoutReport};
use rampart_core::text::redacted::Redacted;
use rampart_core::time::Timestamp;
use sqlx::Row;

use crate::database::{Batch, SandboxDatabase, StreamLine, WriterCommand, cursor};
use crate::error::WorldError;
use crate::faults::FaultPort;
use crate::payouts::{self, PayoutOrder};
use crate::world::World;

/// The port of the bank, for all rails.
pub(crate) struct SimulatedBank {
    pub(crate) database: Arc<SandboxDatabase>,
}

/// An incoming transfer to an account of ours.
#[derive(Debug, Clone)]
pub struct BankTransfer {
    pub rail: Rail,
    /// The credited account: ours, or a virtual account of a customer that leads to ours.
    pub account: String,
    /// In minor units.
    pub amount: Amount,
    pub currency: Currency,
    pub concept: Option<String>,
    pub sender_name: Option<String>,
    pub sender_account: Option<String>,
    /// The booking time that the bank reports.
    pub booked: Booked,
}

/// The booking time that a bank reports for a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Booked {
    #[default]
    Now,
    /// This moment, in business time.
    At(Timestamp),
    /// Only a date, without a time.
    DateOnly,
}

/// A statement line in the journal. Its reference is derived from its sequence number.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum BankEntry {
    /// Money arrived. `owner` is the partner whose call caused it; absent in lines of earlier versions.
    Credit {
        credit: BankCredit,
        at: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<PartnerId>,
    },
    /// Money that had arrived was taken back.
    Reversal {
        of: String,
        amount: Amount,
        currency: Currency,
        reason: String,
        at: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        owner: Option<PartnerId>,
    },
    /// A payout was settled, failed or was returned.
    Payout { payout: String, report: PayoutReport, amount: Amount, currency: String, to: String, at: Timestamp },
}

/// A line of an account's statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatementEntry {
    pub line: String,
    /// The credited account: ours, or a virtual account of a customer. `None` for payouts.
    pub account: Option<String>,
    /// `credit`, `reversal`, `payout_settled`, `payout_failed` or `payout_returned`.
    pub kind: &'static str,
    /// In minor units.
    pub amount: Amount,
    pub currency: String,
    /// The remittance text, or the reason of a reversal, failure or return.
    pub concept: Option<String>,
    pub counterparty_name: Option<Redacted>,
    pub counterparty_account: Option<Redacted>,
    pub payout: Option<String>,
    /// For a settled payout, the rail's reference; for a reversal, the line that it takes back.
    pub reference: Option<String>,
    /// In business time.
    pub at: Timestamp,
    /// The partner whose calls or customers made the money arrive. `None` if the bank does not know.
    pub owner: Option<PartnerId>,
}

/// The reference of a line: unique over all rails, ascending within a rail.
fn reference(stream: &str, seq: i64) -> String {
    format!("{}-{seq:010}", stream.trim_start_matches("bank-").to_ascii_uppercase())
}

fn statement_line(stream: &str, seq: i64, body: &str) -> Result<StatementLine, WorldError> {
    let line = reference(stream, seq);
    Ok(match serde_json::from_str(body)? {
        BankEntry::Credit { mut credit, .. } => {
            credit.line = line;
            StatementLine::Credit(credit)
        }
        BankEntry::Reversal { of, amount, currency, reason, .. } => StatementLine::Reversal { line, of, amount, currency, reason },
        BankEntry::Payout { payout, report, .. } => {
            let payout: PayoutId = payout.parse().map_err(|_| WorldError::Unreadable(format!("'{payout}' is not a payout")))?;
            StatementLine::Payout { line, payout, report }
        }
    })
}

impl BankPort for SimulatedBank {
    fn rails(&self) -> Vec<Rail> {
        self.database.config.rails.iter().map(|rail| rail.name).collect()
    }

    fn pay<'a>(&'a self, payout: &'a Payout) -> PortFuture<'a, CallOutcome<String>> {
        let order = PayoutOrder::from(payout);
        Box::pin(self.database.act(FaultPort::Bank, submit_payout(&self.database, order)))
    }

    fn find(&self, _rail: Rail, payout: PayoutId) -> PortFuture<'_, Result<LookupResult<String>, Unavailable>> {
        Box::pin(self.database.ask(FaultPort::Bank, payouts::find(&self.database, payout)))
    }

    fn statement<'a>(&'a self, rail: Rail, after: &'a str, limit: usize) -> PortFuture<'a, Result<FactPage<StatementLine>, Unavailable>> {
        Box::pin(async move {
            let stream = format!("bank-{rail}");
            let after = cursor(after)?;
            let read = async {
                let (lines, has_more) = self.database.page(&stream, after, limit).await?;
                let next = lines.last().map_or(after, |line| line.0);
                let items = lines.iter().map(|(seq, body)| statement_line(&stream, *seq, body)).collect::<Result<_, _>>()?;
                Ok(FactPage { items, next: next.to_string(), has_more })
            };
            self.database.ask(FaultPort::Bank, read).await
        })
    }

    fn news<'a>(&'a self, rail: Rail, after: &'a str) -> PortFuture<'a, ()> {
        Box::pin(async move { self.database.news(&format!("bank-{rail}"), after).await })
    }
}

/// Submits a payout or refund to the writer.
pub(crate) async fn submit_payout(database: &SandboxDatabase, order: PayoutOrder) -> Result<CallOutcome<String>, WorldError> {
    database.submit(|caller| WriterCommand::Payout(order, caller)).await
}

/// The newest lines of a rail. With a partner in `?4`, lines known to be of other partners are left out.
const LINES_OF_A_RAIL: &str = "SELECT seq, body FROM journal WHERE stream = ?1 AND seq < ?2 AND ?5 IS NOT NULL \
    AND (?4 IS NULL OR body->>'owner' IS NULL OR body->>'owner' = ?4) ORDER BY seq DESC LIMIT ?3";
/// The same for the virtual account `?5`.
const LINES_OF_AN_ACCOUNT: &str = "SELECT seq, body FROM journal WHERE topic = ?5 AND stream = ?1 AND seq < ?2 \
    AND (?4 IS NULL OR body->>'owner' IS NULL OR body->>'owner' = ?4) ORDER BY seq DESC LIMIT ?3";

impl World {
    /// A third party transfers money to an account of ours. Returns the reference of the statement line.
    /// [`WorldError::NotFound`] for an unknown rail, [`WorldError::Impossible`] for another currency than the account's.
    pub async fn transfer(&self, transfer: BankTransfer) -> Result<String, WorldError> {
        self.transfer_by(None, transfer).await
    }

    /// As [`World::transfer`]; the line then belongs to a partner.
    pub async fn transfer_by(&self, owner: Option<PartnerId>, transfer: BankTransfer) -> Result<String, WorldError> {
        let rail = self.database.config.rail(transfer.rail);
        let rail = rail.ok_or_else(|| WorldError::NotFound(format!("the bank has no rail {}", transfer.rail)))?;
        if rail.currency != transfer.currency {
            return Err(WorldError::impossible(format!(
                "the account behind {} is in {}, not {}",
                rail.name, rail.currency, transfer.currency
            )));
        }
        let stream = format!("bank-{}", rail.name);
        let account = self.stored_number(&transfer.account);
        let credit = BankCredit {
            rail: rail.name,
            line: String::new(),
            account: account.clone(),
            amount: transfer.amount,
            currency: transfer.currency,
            concept: transfer.concept,
            sender_name: transfer.sender_name.map(Redacted::new),
            sender_account: transfer.sender_account.map(Redacted::new),
            booked_at: None,
        };
        let booked = transfer.booked;
        self.database
            .write(move |batch| {
                Box::pin(async move {
                    let booked_at = match booked {
                        Booked::Now => Some(batch.now),
                        Booked::At(moment) => Some(moment),
                        Booked::DateOnly => None,
                    };
                    let credit = BankCredit { booked_at, ..credit };
                    add_to_balances(batch, &BTreeMap::from([(credit.rail.to_string(), credit.amount)])).await?;
                    let body = serde_json::to_string(&BankEntry::Credit { credit, at: batch.now, owner })?;
                    let seq = batch.append(StreamLine { stream: stream.clone(), topic: Some(account), body }).await?;
                    Ok(reference(&stream, seq))
                })
            })
            .await
    }

    /// The payer's bank recalls a transfer, in full or in part, once. Returns the reference of the new line and the amount in
    /// minor units.
    /// [`WorldError::NotFound`] for an unknown line. [`WorldError::Impossible`] for a line that is no credit, for a transfer
    /// that was recalled before, and for more than its amount.
    pub async fn recall(&self, of: &str, amount: Option<Amount>, reason: String) -> Result<(String, Amount), WorldError> {
        self.recall_by(None, of, amount, reason).await
    }

    /// As [`World::recall`], on behalf of a partner. Lines of other partners are reported as unknown.
    pub async fn recall_by(
        &self,
        caller: Option<PartnerId>,
        of: &str,
        amount: Option<Amount>,
        reason: String,
    ) -> Result<(String, Amount), WorldError> {
        let (of, not_found) = (of.to_ascii_uppercase(), || WorldError::NotFound(format!("there is no statement line {of}")));
        let (name, seq) = of.rsplit_once('-').ok_or_else(not_found)?;
        let seq: i64 = seq.parse().map_err(|_| not_found())?;
        let rail = self.database.config.rails.iter().find(|rail| rail.name.as_str().eq_ignore_ascii_case(name)).ok_or_else(not_found)?.name;
        let stream = format!("bank-{rail}");
        let of = reference(&stream, seq);
        self.database
            .write(move |batch| {
                Box::pin(async move {
                    let body: Option<String> = sqlx::query_scalar("SELECT body FROM journal WHERE stream = ?1 AND seq = ?2")
                        .bind(&stream)
                        .bind(seq)
                        .fetch_optional(&mut batch.connection)
                        .await?;
                    let body = body.ok_or_else(|| WorldError::NotFound(format!("there is no statement line {of}")))?;
                    let entry: BankEntry = serde_json::from_str(&body)?;
                    if let BankEntry::Credit { owner: Some(owner), .. } | BankEntry::Reversal { owner: Some(owner), .. } = &entry
                        && caller.is_some_and(|caller| caller != *owner)
                    {
                        return Err(WorldError::NotFound(format!("there is no statement line {of}")));
                    }
                    let BankEntry::Credit { credit, owner, .. } = entry else {
                        return Err(WorldError::impossible(format!("{of} is not a credit")));
                    };
                    let recalled: Option<i64> = sqlx::query_scalar(
                        "SELECT 1 FROM journal WHERE stream = ?1 AND seq > ?2 AND body->>'kind' = 'reversal' AND body->>'of' = ?3",
                    )
                    .bind(&stream)
                    .bind(seq)
                    .bind(&of)
                    .fetch_optional(&mut batch.connection)
                    .await?;
                    let amount = amount.unwrap_or(credit.amount);
                    if recalled.is_some() {
                        return Err(WorldError::impossible(format!("{of} has already been recalled")));
                    }
                    if amount > credit.amount || !amount.is_positive() {
                        return Err(WorldError::impossible(format!(
                            "the amount must be positive and at most the {} minor units of {of}",
                            credit.amount
                        )));
                    }
                    add_to_balances(batch, &BTreeMap::from([(rail.to_string(), amount.negated())])).await?;
                    let entry = BankEntry::Reversal { of, amount, currency: credit.currency, reason, at: batch.now, owner };
                    let seq =
                        batch.append(StreamLine { stream: stream.clone(), topic: None, body: serde_json::to_string(&entry)? }).await?;
                    Ok((reference(&stream, seq), amount))
                })
            })
            .await
    }

    /// The newest lines of an account's statement, newest first, at most `limit`, older than the line `before`; with a partner,
    /// without lines known to belong to other partners.
    /// [`WorldError::Impossible`] if `before` is not a line of this rail.
    pub async fn account_statement(
        &self,
        partner: Option<PartnerId>,
        rail: Rail,
        account: &str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<StatementEntry>, WorldError> {
        let stream = format!("bank-{rail}");
        let number = |line: &str| -> Option<i64> {
            let (name, seq) = line.rsplit_once('-')?;
            name.eq_ignore_ascii_case(rail.as_str()).then(|| seq.parse().ok()).flatten()
        };
        let not_a_line = || WorldError::impossible(format!("before is not a line of {rail}"));
        let before = before.map(|line| number(line).ok_or_else(not_a_line)).transpose()?;
        let account = self.stored_number(account);
        // Transfers to virtual accounts are booked on our account: its statement has every line of the rail.
        let is_ours = self.database.config.rail(rail).is_some_and(|rail| rail.account == account);
        let rows = sqlx::query(if is_ours { LINES_OF_A_RAIL } else { LINES_OF_AN_ACCOUNT })
            .bind(&stream)
            .bind(before.unwrap_or(i64::MAX))
            .bind(i64::try_from(limit).unwrap_or(i64::MAX))
            .bind(partner.map(|partner| partner.to_string()))
            .bind(account)
            .fetch_all(&self.database.readers)
            .await?;
        let entries = rows.into_iter().map(|row| {
            let (seq, body): (i64, String) = (row.try_get(0)?, row.try_get(1)?);
            Ok(statement_entry(reference(&stream, seq), serde_json::from_str(&body)?))
        });
        entries.collect()
    }

    /// The balance of the account behind a rail, in minor units.
    /// [`WorldError::NotFound`] for an unknown rail.
    pub async fn bank_balance(&self, rail: Rail) -> Result<Amount, WorldError> {
        let balance: Option<String> = sqlx::query_scalar("SELECT balance FROM bank_accounts WHERE rail = ?1")
            .bind(rail.as_str())
            .fetch_optional(&self.database.readers)
            .await?;
        payouts::amount(&balance.ok_or_else(|| WorldError::NotFound(format!("the bank has no rail {rail}")))?)
    }

    /// The rail of an account of ours, by its number with or without separators.
    #[must_use]
    pub fn rail_of_account(&self, account: &str) -> Option<Rail> {
        let wanted = account_key(account);
        self.database.config.rails.iter().find(|rail| account_key(&rail.account) == wanted).map(|rail| rail.name)
    }

    /// An account number as it is stored: ours as configured, others without spaces.
    fn stored_number(&self, account: &str) -> String {
        let wanted = account_key(account);
        let ours = self.database.config.rails.iter().find(|rail| account_key(&rail.account) == wanted);
        ours.map_or_else(|| account.split_whitespace().collect(), |rail| rail.account.clone())
    }
}

fn account_key(account: &str) -> String {
    account.split_whitespace().collect::<String>().to_ascii_uppercase()
}

fn statement_entry(line: String, entry: BankEntry) -> StatementEntry {
    let plain = |kind, amount, currency, at| StatementEntry {
        line,
        account: None,
        kind,
        amount,
        currency,
        concept: None,
        counterparty_name: None,
        counterparty_account: None,
        payout: None,
        reference: None,
        at,
        owner: None,
    };
    match entry {
        BankEntry::Credit { credit, at, owner } => StatementEntry {
            account: Some(credit.account),
            concept: credit.concept,
            counterparty_name: credit.sender_name,
            counterparty_account: credit.sender_account,
            owner,
            ..plain("credit", credit.amount, credit.currency.to_string(), at)
        },
        BankEntry::Reversal { of, amount, currency, reason, at, owner } => {
            StatementEntry { concept: Some(reason), reference: Some(of), owner, ..plain("reversal", amount, currency.to_string(), at) }
        }
        BankEntry::Payout { payout, report, amount, currency, to, at } => {
            let (kind, concept, reference) = match report {
                PayoutReport::Settled { reference } => ("payout_settled", None, Some(reference)),
                PayoutReport::Failed { reason } => ("payout_failed", Some(reason), None),
                PayoutReport::Returned { reason } => ("payout_returned", Some(reason), None),
            };
            let counterparty_account = Some(Redacted::new(to));
            StatementEntry { concept, counterparty_account, payout: Some(payout), reference, ..plain(kind, amount, currency, at) }
        }
    }
}

/// Adds amounts to the balances of rails.
pub(crate) async fn add_to_balances(batch: &mut Batch, added: &BTreeMap<String, Amount>) -> Result<(), WorldError> {
    let mut balances = BTreeMap::new();
    for row in sqlx::query("SELECT rail, balance FROM bank_accounts").fetch_all(&mut batch.connection).await? {
        let (rail, balance): (String, String) = (row.try_get(0)?, row.try_get(1)?);
        if let Some(amount) = added.get(&rail) {
            let total = payouts::amount(&balance)?.plus(*amount);
            let total = total.map_err(|_| WorldError::impossible(format!("the balance of {rail} would be too large")))?;
            balances.insert(rail, total);
        }
    }
    store_balances(batch, &balances).await
}

/// Stores the balances of rails.
pub(crate) async fn store_balances(batch: &mut Batch, balances: &BTreeMap<String, Amount>) -> Result<(), WorldError> {
    sqlx::query("INSERT OR REPLACE INTO bank_accounts (rail, balance) SELECT key, value FROM json_each(?1)")
        .bind(serde_json::to_string(balances)?)
        .execute(&mut batch.connection)
        .await?;
    Ok(())
}
