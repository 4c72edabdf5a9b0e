//! `/sandbox/chain/{chain}/…`: coins arrive, blocks are made and undone, and the chain's own books.

use axum::extract::State;
use rampart_core::asset::{Chain, Symbol};
use rampart_core::ports::BlockHead;
use rampart_core::refusal::{ErrorCode, Refusal};

use super::input::{self, Decimal, SandboxBody, SandboxPath, SandboxQuery};
use super::response::{SandboxAnswer, SandboxResult, refusal};
use super::{RouteState, SandboxCaller, normalize};
use crate::chain::Deposit;

/// Coins that arrive.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxDepositRequest {
    /// To which address.
    #[schema(max_length = 100)]
    to: String,
    /// The coin.
    #[schema(max_length = 12, example = "USDC")]
    symbol: String,
    /// How much, in major units.
    amount: Decimal,
    /// From which address; a stranger's when absent.
    #[schema(max_length = 100)]
    from: Option<String>,
}

/// A transaction that was made.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxDeposit {
    txid: String,
    chain: String,
    symbol: String,
    /// In major units.
    amount: String,
}

/// How many blocks.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxBlocksRequest {
    /// One when absent.
    #[schema(minimum = 1, maximum = 1000)]
    count: Option<u32>,
}

/// The newest block.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxBlock {
    chain: String,
    height: u64,
    hash: String,
}

/// Which blocks are undone.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxReorgRequest {
    /// How many.
    #[schema(minimum = 0, maximum = 200)]
    depth: u32,
    /// Transactions that the chain forgets; the others wait for a block again.
    #[schema(max_items = 1000)]
    drop: Option<Vec<String>>,
}

/// What was undone.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxReorg {
    chain: String,
    /// The newest block of the new fork.
    height: u64,
    hash: String,
    /// Transactions that wait for a block again.
    waiting: Vec<String>,
    /// Transactions that the chain has forgotten.
    dropped: Vec<String>,
}

/// How blocks are made by themselves.
#[derive(Debug, serde::Deserialize, utoipa::ToSchema)]
pub(super) struct SandboxAutomineRequest {
    /// How many seconds of business time lie between them; 0 stops them.
    #[schema(minimum = 0, maximum = 86400)]
    every_seconds: u32,
}

/// How blocks are made by themselves.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxAutomine {
    chain: String,
    every_seconds: u32,
}

/// Which transactions.
#[derive(Debug, serde::Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct TransactionParams {
    /// From or to this address; all of them when absent.
    #[param(max_length = 100)]
    address: Option<String>,
    /// Only those older than this `id` of an earlier answer.
    #[param(minimum = 1)]
    #[serde(default, deserialize_with = "normalize::optional_integer")]
    before: Option<i64>,
    /// At most so many, 100 when absent.
    #[param(minimum = 1, maximum = 1000)]
    #[serde(default, deserialize_with = "normalize::optional_integer")]
    limit: Option<u32>,
}

/// A transaction of the chain's own books.
#[derive(Debug, serde::Serialize, utoipa::ToSchema)]
pub(super) struct SandboxTransaction {
    /// Its number in these books; later ones are larger.
    id: i64,
    txid: String,
    from: String,
    to: String,
    symbol: String,
    /// In minor units.
    amount: String,
    /// Of the coin; absent for a token that the catalogue does not know.
    decimals: Option<u8>,
    /// What the chain took, in minor units of its own coin.
    network_fee: String,
    nonce: Option<u64>,
    /// `waiting`, `in_block`, `reverted` or `dropped`.
    state: String,
    height: Option<u64>,
}

fn chain_of(state: &RouteState, name: &str) -> Result<Chain, Refusal> {
    let known = state.world.chains().into_iter().find(|chain| chain.as_str() == name);
    known.ok_or_else(|| {
        let names: Vec<String> = state.world.chains().iter().map(ToString::to_string).collect();
        Refusal::new(ErrorCode::NotFound, format!("there is no such chain; there are {}", names.join(", ")))
    })
}

fn block(chain: Chain, head: BlockHead) -> SandboxBlock {
    SandboxBlock { chain: chain.to_string(), height: head.height, hash: head.hash }
}

#[utoipa::path(post, path = "/sandbox/chain/{chain}/deposits", operation_id = "sandboxDeposit", tag = "Sandbox",
    params(("chain" = String, Path, description = "The chain")),
    request_body = SandboxDepositRequest, responses((status = 200, description = "On its way", body = SandboxAnswer<SandboxDeposit>)))]
/// Somebody sends coins to an address
pub(super) async fn deposit(
    State(state): State<RouteState>,
    caller: SandboxCaller,
    SandboxPath(chain): SandboxPath,
    SandboxBody(body): SandboxBody<SandboxDepositRequest>,
) -> SandboxResult<SandboxDeposit> {
    let work = async {
        let body = body?;
        let chain = chain_of(&state, &chain)?;
        let not_a_coin = || Refusal::field(ErrorCode::CoinNotSupported, "symbol", format!("is not a coin of {chain}"));
        let symbol: Symbol = body.symbol.to_ascii_uppercase().parse().map_err(|_| not_a_coin())?;
        let config = state.world.config().chain(chain);
        // A token nobody knows may arrive as well; such are written with six decimals.
        let decimals = config.and_then(|config| config.coin(symbol)).map_or(6, |coin| coin.decimals);
        let amount = body.amount.amount("amount", decimals)?;
        let to = input::text("to", Some(body.to), 100)?.unwrap_or_default();
        let from = input::text("from", body.from, 100)?;
        let txid = state.world.deposit(Deposit { chain, to, symbol, amount, from }).await.map_err(refusal)?;
        Ok(SandboxDeposit { txid, chain: chain.to_string(), symbol: symbol.to_string(), amount: amount.to_major(decimals) })
    };
    caller.respond(work.await)
}

#[utoipa::path(post, path = "/sandbox/chain/{chain}/blocks", operation_id = "sandboxBlocks", tag = "Sandbox",
    params(("chain" = String, Path, description = "The chain")),
    request_body = Option<SandboxBlocksRequest>, responses((status = 200, description = "The newest block", body = SandboxAnswer<SandboxBlock>)))]
/// Blocks are made
pub(super) async fn mine(
    State(state): State<RouteState>,
    caller: SandboxCaller,
    SandboxPath(chain): SandboxPath,
    SandboxBody(body): SandboxBody<SandboxBlocksRequest>,
) -> SandboxResult<SandboxBlock> {
    let work = async {
        let count = body?.count.unwrap_or(1);
        let chain = chain_of(&state, &chain)?;
        state.world.mine(chain, count).await.map(|head| block(chain, head)).map_err(refusal)
    };
    caller.respond(work.await)
}

#[utoipa::path(post, path = "/sandbox/chain/{chain}/reorg", operation_id = "sandboxReorg", tag = "Sandbox",
    params(("chain" = String, Path, description = "The chain")),
    request_body = SandboxReorgRequest, responses((status = 200, description = "What was undone", body = SandboxAnswer<SandboxReorg>)))]
/// The newest blocks are undone
pub(super) async fn reorganise(
    State(state): State<RouteState>,
    caller: SandboxCaller,
    SandboxPath(chain): SandboxPath,
    SandboxBody(body): SandboxBody<SandboxReorgRequest>,
) -> SandboxResult<SandboxReorg> {
    let work = async {
        let body = body?;
        let chain = chain_of(&state, &chain)?;
        let done = state.world.reorganise(chain, body.depth, body.drop.unwrap_or_default()).await.map_err(refusal)?;
        let (height, hash) = (done.head.height, done.head.hash);
        Ok(SandboxReorg { chain: chain.to_string(), height, hash, waiting: done.waiting, dropped: done.dropped })
    };
    caller.respond(work.await)
}

#[utoipa::path(post, path = "/sandbox/chain/{chain}/automine", operation_id = "sandboxAutomine", tag = "Sandbox",
    params(("chain" = String, Path, description = "The chain")),
    request_body = SandboxAutomineRequest, responses((status = 200, description = "As told", body = SandboxAnswer<SandboxAutomine>)))]
/// Blocks are made by themselves, or no longer
pub(super) async fn automine(
    State(state): State<RouteState>,
    caller: SandboxCaller,
    SandboxPath(chain): SandboxPath,
    SandboxBody(body): SandboxBody<SandboxAutomineRequest>,
) -> SandboxResult<SandboxAutomine> {
    let work = async {
        let every_seconds = body?.every_seconds;
        let chain = chain_of(&state, &chain)?;
        state.world.automine(chain, every_seconds).await.map_err(refusal)?;
        Ok(SandboxAutomine { chain: chain.to_string(), every_seconds })
    };
    caller.respond(work.await)
}

#[utoipa::path(get, path = "/sandbox/chain/{chain}/transactions", operation_id = "sandboxTransactions", tag = "Sandbox",
    params(("chain" = String, Path, description = "The chain"), TransactionParams),
    responses((status = 200, description = "Newest first", body = SandboxAnswer<Vec<SandboxTransaction>>)))]
/// The chain's own books
pub(super) async fn transactions(
    State(state): State<RouteState>,
    caller: SandboxCaller,
    SandboxPath(chain): SandboxPath,
    SandboxQuery(params): SandboxQuery<TransactionParams>,
) -> SandboxResult<Vec<SandboxTransaction>> {
    let work = async {
        let params = params?;
        let chain = chain_of(&state, &chain)?;
        let address = input::text("address", params.address, 100)?;
        let limit = input::limit(params.limit)?;
        let before = input::at_least("before", params.before, 1)?;
        let found = state.world.transactions(chain, address.as_deref(), before, limit).await.map_err(refusal)?;
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
        Ok(lines.collect())
    };
    caller.respond(work.await)
}
