//! `/sandbox/chain/{chain}/…`: deposits, blocks, reorganisations and transactions.

use axum::http::Method;
use rampart_core::money::amount::AmountSent;
use rampart_core::money::asset::{Chain, Symbol};
use rampart_core::ports::BlockHead;
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_http::describe::{described, described_list};
use rampart_http::request::field::{FieldKind, FieldSpec, optional, required};
use rampart_http::{Access, Call, CallContext, CallFuture, CallResponse, Envelope, FieldSource, Idempotency, request};

use super::{GROUP, PAGE_LINES, SandboxAnswer, SandboxState};
use crate::chain::{ChainDeposit, ReorganisationPlan};

request! {
    /// A deposit of coins.
    Deposit refused by [NotFound, CoinNotSupported] {
        to: &'a str = required(ADDRESS, "The address that receives the coins.").example(r#""0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55""#);
        symbol: &'a str = required(FieldKind::AsTyped(12), "The symbol of the coin.").example(r#""USDC""#);
        amount: &'a AmountSent = required(FieldKind::Money, "The amount in major units.").example(r#""100.50""#);
        from: Option<&'a str> = optional(ADDRESS, "The address that sends the coins. Default: the address of a stranger.");
    }
}

request! {
    /// The number of blocks to mine.
    Mine refused by [NotFound] {
        count: Option<u32> = optional(FieldKind::Integer(1, 1_000), "The number of blocks. Default: 1.");
    }
}

request! {
    /// The blocks to undo.
    Reorganise refused by [NotFound] {
        depth: u32 = required(FieldKind::Integer(0, 200), "The number of blocks to undo, from the newest.").example("1");
        drop: Option<Vec<String>> = optional(FieldKind::Texts(1_000, 128), "Identifiers of transactions that the chain forgets. All others wait for a block again.");
        again: Option<Vec<String>> = optional(FieldKind::Texts(1_000, 128), "Identifiers of transactions that the newest block of the new fork has.");
    }
}

request! {
    /// The interval of automatic blocks.
    Automine refused by [NotFound] {
        every_seconds: u32 = required(FieldKind::Integer(0, 86_400), "The interval in seconds of business time. 0 stops automatic blocks.").example("2");
    }
}

request! {
    /// The page of transactions.
    Transactions refused by [NotFound] {
        address: Option<&'a str> = optional(ADDRESS, "Return only transactions from or to this address.");
        before: Option<i64> = optional(FieldKind::Integer(1, i64::MAX), "Return only transactions older than this `id` of an earlier response.");
        limit: Option<u32> = PAGE_LINES;
    }
}

pub(super) const ADDRESS: FieldKind = FieldKind::AsTyped(100);
pub(super) const CHAIN: FieldSpec = required(FieldKind::Token(16), "The chain.").named("chain").example(r#""polygon""#);

/// The transaction of a deposit.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxDeposit {
    txid: String,
    chain: String,
    symbol: String,
    /// The amount in major units.
    amount: String,
}

/// The newest block.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxBlock {
    chain: String,
    height: u64,
    hash: String,
}

/// The result of a reorganisation.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxReorg {
    chain: String,
    /// The height of the newest block of the new fork.
    height: u64,
    hash: String,
    /// Identifiers of transactions that wait for a block again.
    waiting: Vec<String>,
    /// Identifiers of transactions that the chain has forgotten.
    dropped: Vec<String>,
}

/// The interval of automatic blocks.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxAutomine {
    chain: String,
    every_seconds: u32,
}

/// A transaction of a chain.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxTransaction {
    /// The sequence number of the transaction. Later transactions have larger numbers.
    id: i64,
    txid: String,
    from: String,
    to: String,
    symbol: String,
    /// The amount in minor units.
    amount: String,
    /// The decimals of the coin. Absent for a token that is not in the catalogue.
    decimals: Option<u8>,
    /// The network fee in minor units of the chain's native coin.
    network_fee: String,
    nonce: Option<u64>,
    /// `waiting`, `in_block`, `reverted` or `dropped`.
    state: String,
    height: Option<u64>,
}

pub(super) fn chain_of(state: &SandboxState, name: &str) -> Result<Chain, Refusal> {
    let known = state.world.chains().into_iter().find(|chain| chain.as_str() == name);
    known.ok_or_else(|| {
        let names: Vec<String> = state.world.chains().iter().map(ToString::to_string).collect();
        Refusal::new(ErrorCode::NotFound, format!("there is no such chain; the chains are {}", names.join(", ")))
    })
}

/// A coin and its decimals. Unknown tokens may arrive as well; they are given six.
pub(super) fn coin_of(state: &SandboxState, chain: Chain, symbol: &str) -> Result<(Symbol, u8), Refusal> {
    let not_a_coin = || Refusal::field(ErrorCode::CoinNotSupported, "symbol", format!("is not a coin of {chain}"));
    let symbol: Symbol = symbol.to_ascii_uppercase().parse().map_err(|_| not_a_coin())?;
    let config = state.world.config().chain(chain);
    Ok((symbol, config.and_then(|config| config.coin(symbol)).map_or(6, |coin| coin.decimals)))
}

fn block(chain: Chain, head: BlockHead) -> SandboxBlock {
    SandboxBlock { chain: chain.to_string(), height: head.height, hash: head.hash }
}

pub(super) static DEPOSIT: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/chain/{chain}/deposits"],
    id: "sandboxDeposit",
    group: GROUP,
    summary: "Simulate a deposit of coins",
    about: "The transaction waits for the next block.",
    access: Access::Token,
    takes: FieldSource::Path(CHAIN, &FieldSource::Json(Deposit::FIELDS)),
    idempotency: Idempotency::None,
    codes: Deposit::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxDeposit>,
    run: |state, context| Box::pin(deposit(state, context)) as CallFuture,
};

async fn deposit(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let request = Deposit::of(&context.fields)?;
    let chain = chain_of(&state, &context.path)?;
    let (symbol, decimals) = coin_of(&state, chain, request.symbol)?;
    let amount = super::amount(request.amount, decimals)?;
    let (to, from) = (request.to.to_owned(), request.from.map(str::to_owned));
    let txid = state.world.deposit(ChainDeposit { chain, to, symbol, amount, from }).await?;
    CallResponse::ok(&SandboxDeposit { txid, chain: chain.to_string(), symbol: symbol.to_string(), amount: amount.to_major(decimals) })
}

pub(super) static MINE: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/chain/{chain}/blocks"],
    id: "sandboxBlocks",
    group: GROUP,
    summary: "Mine blocks",
    about: "Returns the newest block.",
    access: Access::Token,
    takes: FieldSource::Path(CHAIN, &FieldSource::Json(Mine::FIELDS)),
    idempotency: Idempotency::None,
    codes: Mine::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxBlock>,
    run: |state, context| Box::pin(mine(state, context)) as CallFuture,
};

async fn mine(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let chain = chain_of(&state, &context.path)?;
    let head = state.world.mine(chain, Mine::of(&context.fields)?.count.unwrap_or(1)).await?;
    CallResponse::ok(&block(chain, head))
}

pub(super) static REORGANISE: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/chain/{chain}/reorg"],
    id: "sandboxReorg",
    group: GROUP,
    summary: "Simulate a reorganisation: undo the newest blocks",
    about: "Returns what was undone.",
    access: Access::Token,
    takes: FieldSource::Path(CHAIN, &FieldSource::Json(Reorganise::FIELDS)),
    idempotency: Idempotency::None,
    codes: Reorganise::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxReorg>,
    run: |state, context| Box::pin(reorganise(state, context)) as CallFuture,
};

async fn reorganise(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let request = Reorganise::of(&context.fields)?;
    let chain = chain_of(&state, &context.path)?;
    let (drop, again) = (request.drop.unwrap_or_default(), request.again.unwrap_or_default());
    let result = state.world.reorganise_by(chain, ReorganisationPlan { depth: request.depth, drop, again }).await?;
    let (height, hash) = (result.head.height, result.head.hash);
    CallResponse::ok(&SandboxReorg { chain: chain.to_string(), height, hash, waiting: result.waiting, dropped: result.dropped })
}

pub(super) static AUTOMINE: Call<SandboxState> = Call {
    method: Method::POST,
    paths: &["/sandbox/chain/{chain}/automine"],
    id: "sandboxAutomine",
    group: GROUP,
    summary: "Set the interval of automatic blocks, or stop them",
    about: "Returns the new interval.",
    access: Access::Token,
    takes: FieldSource::Path(CHAIN, &FieldSource::Json(Automine::FIELDS)),
    idempotency: Idempotency::None,
    codes: Automine::CODES,
    envelope: Envelope::Ok,
    data: described::<SandboxAutomine>,
    run: |state, context| Box::pin(automine(state, context)) as CallFuture,
};

async fn automine(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let Automine { every_seconds, .. } = Automine::of(&context.fields)?;
    let chain = chain_of(&state, &context.path)?;
    state.world.automine(chain, every_seconds).await?;
    CallResponse::ok(&SandboxAutomine { chain: chain.to_string(), every_seconds })
}

pub(super) static TRANSACTIONS: Call<SandboxState> = Call {
    method: Method::GET,
    paths: &["/sandbox/chain/{chain}/transactions"],
    id: "sandboxTransactions",
    group: GROUP,
    summary: "The transactions of a chain",
    about: "Returns the transactions, newest first.",
    access: Access::Token,
    takes: FieldSource::Path(CHAIN, &FieldSource::Query(Transactions::FIELDS)),
    idempotency: Idempotency::None,
    codes: Transactions::CODES,
    envelope: Envelope::Ok,
    data: described_list::<SandboxTransaction>,
    run: |state, context| Box::pin(transactions(state, context)) as CallFuture,
};

async fn transactions(state: SandboxState, context: CallContext) -> SandboxAnswer {
    let request = Transactions::of(&context.fields)?;
    let chain = chain_of(&state, &context.path)?;
    let found = state.world.transactions(chain, request.address, request.before, super::page_lines(request.limit)).await?;
    let lines = found.into_iter().map(|transaction| SandboxTransaction {
        id: transaction.id,
        txid: transaction.txid,
        from: transaction.from,
        to: transaction.to,
        symbol: transaction.symbol,
        amount: transaction.amount.to_string(),
        decimals: transaction.decimals,
        network_fee: transaction.fee.to_string(),
        nonce: transaction.nonce,
        state: transaction.state.to_owned(),
        height: transaction.height,
    });
    CallResponse::ok(&lines.collect::<Vec<_>>())
}
