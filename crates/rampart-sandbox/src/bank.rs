//! The bank: our accounts behind its rails, incoming transfers, recalls, payouts and statements.

use std::sync::Arc;

use rampart_core::id::{PartnerId, PayoutId};
use rampart_core::ledger::Rail;
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Currency;
use rampart_core::outgoing::{Payout, PayoutRoute};
use rampart_core::ports::{BankPort, CallOutcome, FactPage, LookupResult, PortFuture, StatementLine, Unavailable};
use rampart_core::step::fact::{BankCredit, PayoutReport};
use rampart_core::text::redacted::Redacted;
use rampart_core::time::Timestamp;

use crate::config::RailConfig;
use crate::error::WorldError;
use crate::file::{FaultPort, SandboxFile, StoredPayout, Transaction, accept_payout, amount_at, find_payout};
use crate::trigger::{self, TriggerOutcome};

/// The port of the bank, for all rails.
pub(crate) struct SimulatedBank {
    pub(crate) file: Arc<SandboxFile>,
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

fn stream_of(rail: Rail) -> String {
    format!("bank-{rail}")
}

/// The reference of a line: unique over all rails, ascending within a rail.
fn reference(rail: Rail, seq: i64) -> String {
    format!("{}-{seq:010}", rail.as_str().to_ascii_uppercase())
}

fn statement_line(rail: Rail, seq: i64, body: &str) -> Result<StatementLine, WorldError> {
    let line = reference(rail, seq);
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
        self.file.config.rails.iter().map(|rail| rail.name).collect()
    }

    fn pay<'a>(&'a self, payout: &'a Payout) -> PortFuture<'a, CallOutcome<String>> {
        Box::pin(self.file.act(FaultPort::Bank, move |tx| pay(tx, payout)))
    }

    fn find(&self, _rail: Rail, payout: PayoutId) -> PortFuture<'_, Result<LookupResult<String>, Unavailable>> {
        Box::pin(self.file.ask(FaultPort::Bank, move |tx| find_payout(tx, payout)))
    }

    fn statement<'a>(&'a self, rail: Rail, after: &'a str, limit: usize) -> PortFuture<'a, Result<FactPage<StatementLine>, Unavailable>> {
        Box::pin(async move {
            let stream = stream_of(rail);
            self.file.facts(FaultPort::Bank, &stream, after, limit, |_, seq, body| statement_line(rail, seq, body)).await
        })
    }

    fn news<'a>(&'a self, rail: Rail, after: &'a str) -> PortFuture<'a, ()> {
        Box::pin(async move { self.file.news(&stream_of(rail), after).await })
    }
}

/// Accepts or refuses a payout. A known identifier gets the same response as before.
fn pay(tx: &mut Transaction<'_>, payout: &Payout) -> Result<CallOutcome<String>, WorldError> {
    if let LookupResult::Found(reference) = find_payout(tx, payout.id)? {
        return Ok(CallOutcome::Accepted(reference));
    }
    let PayoutRoute::Bank(rail) = payout.route else {
        return Ok(CallOutcome::Refused { reason: "the bank pays over rails only".to_owned() });
    };
    let triggered = trigger::by_payout_account(payout.destination.account.reveal());
    if let Some(reason) = refusal(tx, payout, rail, triggered)? {
        return Ok(CallOutcome::Refused { reason });
    }
    add_to_balance(tx, rail, payout.amount.negated())?;
    accept_payout(tx, payout, triggered).map(CallOutcome::Accepted)
}

fn refusal(tx: &Transaction<'_>, payout: &Payout, rail: Rail, triggered: Option<TriggerOutcome>) -> Result<Option<String>, WorldError> {
    if !payout.amount.is_positive() {
        return Ok(Some("the amount must be greater than zero".to_owned()));
    }
    let Some(known) = tx.config.rail(rail).filter(|known| known.currency == payout.currency) else {
        return Ok(Some(format!("there is no account in {} behind {rail}", payout.currency)));
    };
    if triggered == Some(TriggerOutcome::PayoutRefused) {
        return Ok(Some("the beneficiary's account is closed".to_owned()));
    }
    if balance(tx, rail)?.unwrap_or_default() < payout.amount {
        return Ok(Some("insufficient funds".to_owned()));
    }
    let step = known.payable_step;
    let is_payable = payout.amount.rounded_down(step) == payout.amount;
    Ok((!is_payable).then(|| format!("{rail} pays multiples of {} {} only", step.to_major_short(known.decimals), payout.currency)))
}

/// Writes what became of a payout into the statement. Money that came back is on the account again.
pub(crate) fn report_payout(tx: &mut Transaction<'_>, rail: Rail, payout: StoredPayout) -> Result<(), WorldError> {
    let StoredPayout { id, amount, currency, account, report, .. } = payout;
    if !matches!(report, PayoutReport::Settled { .. }) {
        add_to_balance(tx, rail, amount)?;
    }
    let ours = tx.config.rail(rail).map(|rail| rail.account.as_str());
    let entry = BankEntry::Payout { payout: id, report, amount, currency, to: account, at: tx.now };
    tx.append(&stream_of(rail), ours, &entry).map(|_| ())
}

/// Creates the account behind a rail, if it is missing, with its opening balance.
pub(crate) fn create_account(tx: &Transaction<'_>, rail: &RailConfig) -> Result<(), WorldError> {
    let sql = "INSERT INTO bank_accounts (rail, balance) VALUES (?1, ?2) ON CONFLICT (rail) DO NOTHING";
    tx.execute(sql, (rail.name.as_str(), rail.opening.to_string())).map(|_| ())
}

/// The balance of the account behind a rail; `None` for an unknown rail.
fn balance(tx: &Transaction<'_>, rail: Rail) -> Result<Option<Amount>, WorldError> {
    tx.row("SELECT balance FROM bank_accounts WHERE rail = ?1", [rail.as_str()], |row| amount_at(row, 0))
}

fn add_to_balance(tx: &Transaction<'_>, rail: Rail, amount: Amount) -> Result<(), WorldError> {
    let total = balance(tx, rail)?.unwrap_or_default().plus(amount);
    let total = total.map_err(|_| WorldError::impossible(format!("the balance of {rail} would be too large")))?;
    tx.execute("UPDATE bank_accounts SET balance = ?2 WHERE rail = ?1", (rail.as_str(), total.to_string())).map(|_| ())
}

/// The newest lines of a rail. With a partner in `?4`, lines known to be of other partners are left out.
const LINES_OF_A_RAIL: &str = "SELECT seq, body FROM journal WHERE stream = ?1 AND seq < ?2 AND ?5 IS NOT NULL \
    AND (?4 IS NULL OR body->>'owner' IS NULL OR body->>'owner' = ?4) ORDER BY seq DESC LIMIT ?3";
/// The same for the virtual account `?5`.
const LINES_OF_AN_ACCOUNT: &str = "SELECT seq, body FROM journal WHERE topic = ?5 AND stream = ?1 AND seq < ?2 \
    AND (?4 IS NULL OR body->>'owner' IS NULL OR body->>'owner' = ?4) ORDER BY seq DESC LIMIT ?3";

impl SimulatedBank {
    /// A third party transfers money to an account of ours, on behalf of a partner if there is one. Returns the reference of the
    /// statement line.
    pub(crate) fn transfer(&self, owner: Option<PartnerId>, transfer: BankTransfer) -> Result<String, WorldError> {
        let rail = self.file.config.rail(transfer.rail);
        let rail = rail.ok_or_else(|| WorldError::NotFound(format!("the bank has no rail {}", transfer.rail)))?;
        if rail.currency != transfer.currency {
            return Err(WorldError::impossible(format!(
                "the account behind {} is in {}, not {}",
                rail.name, rail.currency, transfer.currency
            )));
        }
        let account = self.stored_number(&transfer.account);
        self.file.write(|tx| {
            let credit = BankCredit {
                rail: rail.name,
                line: String::new(),
                account: account.clone(),
                amount: transfer.amount,
                currency: transfer.currency,
                concept: transfer.concept,
                sender_name: transfer.sender_name.map(Redacted::new),
                sender_account: transfer.sender_account.map(Redacted::new),
                booked_at: match transfer.booked {
                    Booked::Now => Some(tx.now),
                    Booked::At(moment) => Some(moment),
                    Booked::DateOnly => None,
                },
            };
            add_to_balance(tx, rail.name, transfer.amount)?;
            let entry = BankEntry::Credit { credit, at: tx.now, owner };
            Ok(reference(rail.name, tx.append(&stream_of(rail.name), Some(&account), &entry)?))
        })
    }

    /// The payer's bank recalls a transfer, in full or in part, once. Returns the reference of the new line and the amount. Lines of
    /// other partners than the caller are reported as unknown.
    pub(crate) fn recall(
        &self,
        caller: Option<PartnerId>,
        of: &str,
        amount: Option<Amount>,
        reason: String,
    ) -> Result<(String, Amount), WorldError> {
        let of = of.to_ascii_uppercase();
        let not_found = || WorldError::NotFound(format!("there is no statement line {of}"));
        let (name, seq) = of.rsplit_once('-').ok_or_else(not_found)?;
        let seq: i64 = seq.parse().map_err(|_| not_found())?;
        let rail = self.file.config.rails.iter().find(|rail| rail.name.as_str().eq_ignore_ascii_case(name)).ok_or_else(not_found)?.name;
        let (stream, of) = (stream_of(rail), reference(rail, seq));
        self.file.write(|tx| {
            let not_found = || WorldError::NotFound(format!("there is no statement line {of}"));
            let body: Option<String> = tx.value("SELECT body FROM journal WHERE stream = ?1 AND seq = ?2", (&stream, seq))?;
            let entry: BankEntry = serde_json::from_str(&body.ok_or_else(not_found)?)?;
            if let BankEntry::Credit { owner: Some(owner), .. } | BankEntry::Reversal { owner: Some(owner), .. } = &entry
                && caller.is_some_and(|caller| caller != *owner)
            {
                return Err(not_found());
            }
            let BankEntry::Credit { credit, owner, .. } = entry else {
                return Err(WorldError::impossible(format!("{of} is not a credit")));
            };
            let recalled: Option<i64> = tx.value(
                "SELECT 1 FROM journal WHERE stream = ?1 AND seq > ?2 AND body->>'kind' = 'reversal' AND body->>'of' = ?3",
                (&stream, seq, &of),
            )?;
            let amount = amount.unwrap_or(credit.amount);
            if recalled.is_some() {
                return Err(WorldError::impossible(format!("{of} has already been recalled")));
            }
            if amount > credit.amount || !amount.is_positive() {
                let sentence = format!("the amount must be positive and at most the {} minor units of {of}", credit.amount);
                return Err(WorldError::impossible(sentence));
            }
            add_to_balance(tx, rail, amount.negated())?;
            let entry = BankEntry::Reversal { of, amount, currency: credit.currency, reason, at: tx.now, owner };
            Ok((reference(rail, tx.append(&stream, None, &entry)?), amount))
        })
    }

    /// The newest lines of an account's statement, newest first, at most `limit`, older than the line `before`; with a partner,
    /// without lines known to belong to other partners.
    pub(crate) fn account_statement(
        &self,
        partner: Option<PartnerId>,
        rail: Rail,
        account: &str,
        before: Option<&str>,
        limit: usize,
    ) -> Result<Vec<StatementEntry>, WorldError> {
        let number = |line: &str| -> Option<i64> {
            let (name, seq) = line.rsplit_once('-')?;
            name.eq_ignore_ascii_case(rail.as_str()).then(|| seq.parse().ok()).flatten()
        };
        let not_a_line = || WorldError::impossible(format!("before is not a line of {rail}"));
        let before = before.map(|line| number(line).ok_or_else(not_a_line)).transpose()?.unwrap_or(i64::MAX);
        let account = self.stored_number(account);
        // Transfers to virtual accounts are booked on our account: its statement has every line of the rail.
        let is_ours = self.file.config.rail(rail).is_some_and(|rail| rail.account == account);
        let query = if is_ours { LINES_OF_A_RAIL } else { LINES_OF_AN_ACCOUNT };
        let (limit, partner) = (i64::try_from(limit).unwrap_or(i64::MAX), partner.map(|partner| partner.to_string()));
        self.file.read(|tx| {
            tx.rows(query, (stream_of(rail), before, limit, partner, account), |row| {
                let (seq, body): (i64, String) = (row.get(0)?, row.get(1)?);
                Ok(statement_entry(reference(rail, seq), serde_json::from_str(&body)?))
            })
        })
    }

    /// The balance of the account behind a rail.
    pub(crate) fn balance(&self, rail: Rail) -> Result<Amount, WorldError> {
        self.file.read(|tx| balance(tx, rail)?.ok_or_else(|| WorldError::NotFound(format!("the bank has no rail {rail}"))))
    }

    /// The rail of an account of ours, by its number with or without separators.
    pub(crate) fn rail_of_account(&self, account: &str) -> Option<Rail> {
        self.our_account(account).map(|rail| rail.name)
    }

    fn our_account(&self, account: &str) -> Option<&RailConfig> {
        let wanted = account_key(account);
        self.file.config.rails.iter().find(|rail| account_key(&rail.account) == wanted)
    }

    /// An account number as it is stored: ours as configured, others without spaces.
    fn stored_number(&self, account: &str) -> String {
        self.our_account(account).map_or_else(|| account.split_whitespace().collect(), |rail| rail.account.clone())
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
