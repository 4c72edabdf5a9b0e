//! Finds the deposits to our addresses in blocks.

use std::collections::{HashMap, HashSet};

use rampart_core::id::{DepositId, OrderId};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::{Chain, CoinId};
use rampart_core::order::arrival::counts_at;
use rampart_core::order::rampoff::Rampoff;
use rampart_core::ports::{Block, BlockHead, ChainReader, ChainTransfer};
use rampart_core::step::fact::{DepositChange, Fact, FactBody};
use rampart_core::step::record::Record;
use rampart_core::step::sighting::{Sighting, sightings};
use rampart_core::step::watch::{Deposit, DepositState};
use rampart_core::step::{Claim, ClaimScope, Step};
use rampart_core::time::Timestamp;

use crate::app::App;
use crate::error::{AppError, AppResult};
use crate::workers::ingest;
use crate::workers::source_progress::fact_key_prefix;

/// Precedence among orders of different chains that share an address: the order that expects coins on this chain, then an open one.
fn precedence(order: &Rampoff, chain: Chain) -> (bool, bool) {
    (order.chain() == chain, !order.is_settled())
}

/// What is found in blocks.
#[derive(Default)]
pub(super) struct Sighted {
    /// Deposits that are new, or are back after having been dropped.
    pub(super) seen: Vec<Deposit>,
    /// Deposits that stand, in another block than they were known in.
    moved: Vec<Deposit>,
    claims: Vec<Claim>,
    /// All of them, those that stand as they were known included.
    pub(super) present: HashSet<DepositId>,
}

impl Sighted {
    /// Whether nothing is to be written.
    pub(super) fn is_empty(&self) -> bool {
        self.seen.is_empty() && self.moved.is_empty()
    }

    /// The deposits with their claims and facts.
    pub(super) fn into_step(self, app: &App) -> Step {
        let mut step = Step::new();
        step.claims = self.claims;
        step.writes.extend(self.moved.into_iter().map(Record::from));
        write_changes(app, &mut step, self.seen, DepositChange::Seen);
        step
    }
}

/// The transfers of one coin to one receiver within a transaction.
struct Group<'a> {
    order: OrderId,
    coin: CoinId,
    transfers: Vec<(&'a BlockHead, &'a ChainTransfer)>,
}

/// Transfers to our deposit addresses. Addresses of every chain of the family count, because coins sent on the wrong chain still reach us.
pub(super) async fn sighted(app: &App, reader: &dyn ChainReader, blocks: &[Block], read_before: Option<Timestamp>) -> AppResult<Sighted> {
    let mut sighted = Sighted::default();
    for group in groups(app, reader.chain(), blocks).await? {
        let known = known_deposits(app, &group).await?;
        let amounts: Vec<Amount> = group.transfers.iter().map(|(_, transfer)| transfer.amount).collect();
        for ((head, transfer), sighting) in group.transfers.iter().zip(sightings(&known, &amounts)) {
            match sighting {
                Sighting::Known(position) => sighted.known(known[position].clone(), head, transfer),
                Sighting::New(index) => sighted.add(app, &group, index, (head, transfer), read_before),
            }
        }
    }
    Ok(sighted)
}

impl Sighted {
    fn known(&mut self, known: Deposit, head: &BlockHead, transfer: &ChainTransfer) {
        self.present.insert(known.id);
        let (height, block) = (head.height, head.hash.clone());
        match known.state {
            // It counts from its first sighting.
            DepositState::Dropped => {
                let (amount, from) = (transfer.amount, transfer.from.clone());
                self.seen.push(Deposit { height, block, amount, from, state: DepositState::Pending, ..known });
            }
            DepositState::Pending | DepositState::Confirmed if known.block != block => {
                self.moved.push(Deposit { height, block, ..known });
            }
            DepositState::Pending | DepositState::Confirmed => {}
        }
    }

    fn add(
        &mut self,
        app: &App,
        group: &Group<'_>,
        index: u32,
        (head, transfer): (&BlockHead, &ChainTransfer),
        read_before: Option<Timestamp>,
    ) {
        let mint = app.mint();
        let deposit = Deposit {
            id: mint.id(),
            version: 0,
            txid: transfer.txid.clone(),
            index,
            coin: group.coin,
            amount: transfer.amount,
            from: transfer.from.clone(),
            to: transfer.to.clone(),
            height: head.height,
            block: head.hash.clone(),
            state: DepositState::Pending,
            order: Some(group.order),
            swept: false,
            seen_at: mint.now,
            block_time: head.time,
            read_before,
        };
        self.present.insert(deposit.id);
        self.claims.push(Claim::forever(ClaimScope::Fact, key(group.coin, transfer, index), deposit.id));
        self.seen.push(deposit);
    }
}

/// The transfers that count, by transaction, coin and receiver, in the order of the blocks.
async fn groups<'a>(app: &App, chain: Chain, blocks: &'a [Block]) -> AppResult<Vec<Group<'a>>> {
    let transfers = || blocks.iter().flat_map(|block| block.transfers.iter().map(|transfer| (&block.head, transfer)));
    let addresses: Vec<String> = transfers().map(|(_, transfer)| transfer.to.clone()).collect();
    if addresses.is_empty() {
        return Ok(Vec::new());
    }
    let rampoffs = app.store.rampoffs_by_deposit_addresses(&addresses).await?;
    let mut orders: HashMap<&str, &Rampoff> = HashMap::new();
    for order in &rampoffs {
        let first = orders.entry(&order.deposit_address).or_insert(order);
        if precedence(order, chain) >= precedence(first, chain) {
            *first = order;
        }
    }
    let mut groups: Vec<Group<'a>> = Vec::new();
    let mut positions: HashMap<(&str, CoinId, &str), usize> = HashMap::new();
    for (head, transfer) in transfers() {
        let Some(order) = orders.get(transfer.to.as_str()) else { continue };
        // A token outside the catalogue has no ledger account: it stays where it is and is owed to nobody.
        let Some(coin) = transfer.coin.filter(|coin| app.catalogue.coin(*coin).is_some()) else {
            tracing::info!(txid = transfer.txid, order = %order.id, "an unlisted token arrived at a deposit address and is ignored");
            continue;
        };
        // Nor are amounts of zero counted among the transfers: anybody can add them, and not every source has them.
        if !transfer.amount.is_positive() {
            continue;
        }
        let position = *positions.entry((&transfer.txid, coin, &transfer.to)).or_insert(groups.len());
        if position == groups.len() {
            groups.push(Group { order: order.id, coin, transfers: Vec::new() });
        }
        groups[position].transfers.push((head, transfer));
    }
    Ok(groups)
}

/// The key of a deposit: what it is, in whichever block its transaction is.
fn key(coin: CoinId, transfer: &ChainTransfer, index: u32) -> String {
    format!("{}{}:{}:{}:{index}", fact_key_prefix(coin.chain), transfer.txid, coin.symbol, transfer.to)
}

/// The key that earlier versions gave to the only deposit that a transaction had.
fn earlier_key(coin: CoinId, transfer: &ChainTransfer) -> String {
    format!("{}{}:0", fact_key_prefix(coin.chain), transfer.txid)
}

/// Every known deposit of this transaction, coin and receiver, by number from 0.
async fn known_deposits(app: &App, group: &Group<'_>) -> AppResult<Vec<Deposit>> {
    let Some((_, transfer)) = group.transfers.first() else { return Ok(Vec::new()) };
    let mut known = Vec::new();
    let earlier = claimed(app, &earlier_key(group.coin, transfer)).await?;
    known.extend(earlier.filter(|earlier| earlier.coin == group.coin && earlier.to == transfer.to));
    loop {
        let index = u32::try_from(known.len()).unwrap_or(u32::MAX);
        match claimed(app, &key(group.coin, transfer, index)).await? {
            Some(deposit) => known.push(deposit),
            None => return Ok(known),
        }
    }
}

async fn claimed(app: &App, key: &str) -> AppResult<Option<Deposit>> {
    let Some(claim) = app.store.claim(ClaimScope::Fact, key).await? else { return Ok(None) };
    let missing = || AppError::defect(format!("the claim {key} belongs to no deposit"));
    let id: DepositId = claim.subject.parse().map_err(|_| missing())?;
    app.store.deposit(id).await?.map(Some).ok_or_else(missing)
}

/// Writes deposits with the facts of their change. The natural key contains the version the deposit gets, so that a block that comes, goes
/// and comes again is three facts.
pub(super) fn write_changes(app: &App, step: &mut Step, deposits: Vec<Deposit>, change: DepositChange) {
    let reported = deposits.iter().map(|deposit| {
        let Deposit { txid, coin, to, index, version, .. } = deposit;
        let key = format!("{}{txid}:{}:{to}:{index}:v{}", fact_key_prefix(coin.chain), coin.symbol, version + 1);
        let backdating = app.catalogue.chain_backdating(coin.chain);
        let at = Some(counts_at(deposit.block_time, deposit.seen_at, deposit.read_before, backdating));
        (key, FactBody::Deposit { deposit: deposit.id, change, order: deposit.order, at })
    });
    let facts = ingest::facts(app, reported.collect(), None).into_iter().zip(&deposits);
    let facts: Vec<Fact> = facts.map(|(fact, deposit)| Fact { read_before: deposit.read_before, ..fact }).collect();
    ingest::store(step, &facts);
    step.writes.extend(deposits.into_iter().map(Record::from));
}
