//! Checks orders against the amounts held for them, and against their entries on the customers' accounts.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rampart_core::ledger::Side;
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Asset;
use rampart_core::order::payment::Payment;
use rampart_core::order::rampoff::Rampoff;
use rampart_core::outgoing::{Payout, Transfer};

use super::{PAGE_ROWS, VerifyReport};
use crate::error::StoreError;
use crate::read::{balance_id, parse_name};
use crate::sql::{BulkStatement, DbSession, SqlValue};
use crate::tables::{Stored, read};

fn overflow(_: rampart_core::money::amount::Overflow) -> StoreError {
    StoreError::defect("the sum of the reserved amounts overflows")
}

/// Compares held amounts with what open orders, transfers and payouts have reserved.
pub(super) async fn held(session: &mut DbSession, report: &mut VerifyReport) -> Result<(), StoreError> {
    let mut reserved: BTreeMap<Arc<str>, Amount> = BTreeMap::new();
    reservations::<Payment>(session, &mut reserved, "open", |payment| {
        let (account, asset, amount) = payment.hold();
        vec![(balance_id(account, asset), amount)]
    })
    .await?;
    reservations::<Rampoff>(session, &mut reserved, "open", |rampoff| {
        let (account, asset, amount) = rampoff.hold();
        vec![(balance_id(account, asset), amount)]
    })
    .await?;
    reservations::<Transfer>(session, &mut reserved, "state IN ('queued', 'signed', 'recalled', 'broadcast')", |transfer| {
        transfer.holds().into_iter().map(|(account, coin, amount)| (balance_id(account, Asset::from(coin)), amount)).collect()
    })
    .await?;
    reservations::<Payout>(session, &mut reserved, "state IN ('queued', 'unknown', 'accepted')", |payout| {
        payout.holds().into_iter().map(|(account, currency, amount)| (balance_id(account, Asset::from(currency)), amount)).collect()
    })
    .await?;
    let rows = session.fetch_all("SELECT id, held FROM balances WHERE held <> '0' ORDER BY id", Vec::new()).await?;
    for row in &rows {
        let (id, held): (&str, Amount) = (row.text(0)?, row.parse(1)?);
        let expected = reserved.remove(id).unwrap_or(Amount::ZERO);
        if held != expected {
            report.find("held", id, format!("{held} is held, and orders, transfers and payouts have reserved {expected}"));
        }
    }
    for (id, expected) in reserved.into_iter().filter(|(_, expected)| !expected.is_zero()) {
        report.find("held", id, format!("nothing is held, and orders, transfers and payouts have reserved {expected}"));
    }
    Ok(())
}

/// Adds up the holds of the open records of a table.
async fn reservations<T: Stored>(
    session: &mut DbSession,
    reserved: &mut BTreeMap<Arc<str>, Amount>,
    under_way: &str,
    holds: impl Fn(&T) -> Vec<(Arc<str>, Amount)>,
) -> Result<(), StoreError> {
    let sql = format!("SELECT version, data, id FROM {} WHERE {under_way} AND id > $1 ORDER BY id LIMIT $2", T::TABLE.name);
    let mut id = String::new();
    loop {
        let rows = session.fetch_all(sql.clone(), vec![id.as_str().into(), PAGE_ROWS.into()]).await?;
        for row in &rows {
            for (balance, amount) in holds(&read(row)?) {
                let sum = reserved.entry(balance).or_insert(Amount::ZERO);
                *sum = sum.plus(amount).map_err(overflow)?;
            }
        }
        let Some(last) = rows.last() else { return Ok(()) };
        last.text(2)?.clone_into(&mut id);
    }
}

/// The running sum of one order's entries on its customer's account in one asset.
struct OrderSum {
    order: String,
    balance: String,
    posting: String,
    sum: Amount,
    below_zero: bool,
}

/// Checks every order's entries on its customer's account.
pub(super) async fn customers(session: &mut DbSession, report: &mut VerifyReport) -> Result<(), StoreError> {
    let sql = "SELECT order_id, balance, number, posting, side, amount FROM entries \
               WHERE order_id IS NOT NULL AND (order_id, balance, number) > ($1, $2, $3) AND balance > 'customer:' AND balance < 'customer;' \
               ORDER BY order_id, balance, number LIMIT $4";
    let (mut order, mut balance, mut number) = (String::new(), String::new(), 0_i64);
    let mut current: Option<OrderSum> = None;
    let mut done: Vec<OrderSum> = Vec::new();
    loop {
        let rows = session.fetch_all(sql, vec![order.as_str().into(), balance.as_str().into(), number.into(), PAGE_ROWS.into()]).await?;
        for row in &rows {
            let same = |sums: &OrderSum| Ok::<_, StoreError>(sums.order == row.text(0)? && sums.balance == row.text(1)?);
            if !current.as_ref().map(same).transpose()?.unwrap_or(false) {
                done.extend(current.take());
                current = Some(OrderSum {
                    order: row.text(0)?.to_owned(),
                    balance: row.text(1)?.to_owned(),
                    posting: row.text(3)?.to_owned(),
                    sum: Amount::ZERO,
                    below_zero: false,
                });
            }
            if let Some(sums) = &mut current {
                if sums.posting != row.text(3)? {
                    sums.below_zero |= sums.sum.is_negative();
                    row.text(3)?.clone_into(&mut sums.posting);
                }
                let (side, amount): (Side, Amount) = (parse_name(row.text(4)?)?, row.parse(5)?);
                // Credits increase what a customer is owed.
                let effect = if side == Side::Credit { amount } else { amount.negated() };
                sums.sum = sums.sum.plus(effect).map_err(overflow)?;
            }
        }
        let last = rows.len() < usize::try_from(PAGE_ROWS).unwrap_or(usize::MAX);
        if last {
            done.extend(current.take());
        }
        check_sums(session, report, std::mem::take(&mut done)).await?;
        let Some(row) = rows.last().filter(|_| !last) else { return Ok(()) };
        (order, balance, number) = (row.text(0)?.to_owned(), row.text(1)?.to_owned(), row.int(2)?);
    }
}

/// Looks up which of these orders are settled and reports inconsistent sums.
async fn check_sums(session: &mut DbSession, report: &mut VerifyReport, sums: Vec<OrderSum>) -> Result<(), StoreError> {
    let mut ids: Vec<SqlValue> = Vec::new();
    let mut previous = "";
    for one in &sums {
        if one.order != previous {
            ids.push(one.order.as_str().into());
            report.orders += 1;
        }
        previous = &one.order;
    }
    let mut open: HashMap<String, bool> = HashMap::with_capacity(ids.len());
    for table in ["payments", "rampoffs"] {
        let sql = |keys_match: &str| format!("SELECT id, open FROM {table} WHERE id {keys_match}");
        for row in session.run_one(BulkStatement::read(session.engine(), sql, ids.clone(), Vec::new())).await?.rows {
            open.insert(row.text(0)?.to_owned(), row.bool(1)?);
        }
    }
    for one in sums {
        if one.below_zero || one.sum.is_negative() {
            report.find("order", &one.order, format!("its entries on {} go below zero", one.balance));
        }
        match open.get(&one.order) {
            None => report.find("order", &one.order, "it has entries and does not exist"),
            Some(false) if !one.sum.is_zero() => {
                report.find(
                    "order",
                    &one.order,
                    format!("it is settled, and its entries on {} come to {} instead of 0", one.balance, one.sum),
                );
            }
            Some(_) => {}
        }
    }
    Ok(())
}
