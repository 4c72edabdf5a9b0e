//! `createRampoff`: an order to sell coins. The checks run in the order of the API contract; one step is committed; no
//! provider is called.

use rampart_core::catalogue::{Coin, PayoutRail};
use rampart_core::customer::Customer;
use rampart_core::customer::kyc::KycLevel;
use rampart_core::id::{CustomerId, OrderId};
use rampart_core::identity::bank_account::BankAccountInput;
use rampart_core::money::amount::{Amount, AmountSent};
use rampart_core::order::limits::{self, Usage};
use rampart_core::order::rampoff::Rampoff;
use rampart_core::order::view::status_url;
use rampart_core::order::{Context, DestinationOrigin, OrderHead, ProvidedBy};
use rampart_core::outgoing::{Lane, PayoutDestination};
use rampart_core::quote::{Quote, QuoteTerms, SellTerms};
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::step::record::RecordKey;
use rampart_core::step::{Claim, ClaimScope};
use rampart_core::text::redacted::Redacted;
use rampart_store::CommitError;

use crate::app::{App, MAX_COMMIT_ATTEMPTS};
use crate::error::{AppError, AppResult};
use crate::orders::idempotency::{IdempotentRequest, StoredResponse};
use crate::orders::order_checks::OpenedQuote;
use crate::orders::page_links::{URL_STATUS, with_token};
use crate::orders::{idempotency, order_checks, page_links};
use crate::partner_api::create_payment::OrderAttempt;
use crate::partner_api::{create_payment, quotes, token_price};
use crate::request::common::{ACCOUNT_TYPE, BANK_CODE, BANK_NAME, COIN, EXTERNAL_ID, NAME, QUOTE, USER};
use crate::request::field::{FieldKind, optional, required};
use crate::request::{CompareAs, FieldFaults, request};
use crate::state::numbers::Series;
use crate::state::own_accounts::{self, OwnAccounts};
use crate::views::{CreatedResponse, RampoffCreatedView};
use rampart_http::AuthenticatedPartner;

const OPERATION: &str = "POST /api/createRampoff";

request! {
    /// The request of `createRampoff`. The limits come late because they are in money and need the price.
    CreateRampoff refused by [
        UserNotFound, UserBanned, RequireKyc, InvalidIdentification, MethodNotAllowed, InvalidBankAccount, CoinNotSupported,
        InvalidWallet, QuoteMismatch, QuoteUsed, QuoteExpired, MinPurchase, MaxPurchase, PriceUnavailable, KycReinforcedRequired,
        LimitExceded, TooManyOpen, NoLiquidity,
    ] {
        user_id: CustomerId = USER.example("106");
        amount: &'a AmountSent = required(FieldKind::Money, "The amount that the customer sells, in whole coins.").example("50");
        blockchain: Option<&'a str> = optional(NAME, "The chain of the coin. Optional for Latin American customers, for whom the coin's default chain is used.").example(r#""polygon""#);
        symbol: &'a str = required(COIN, "The coin.").example(r#""USDC""#);
        iban: Option<&'a str> = optional(FieldKind::AsTyped(64), "The bank account that receives the payout. For Latin American customers it is optional and overrides the account given at registration.").example(r#""ES9121000418450200051332""#);
        bank_name: Option<&'a str> = BANK_NAME;
        bank_code: Option<&'a str> = BANK_CODE.compared(CompareAs::Trimmed);
        account_type: Option<&'a str> = ACCOUNT_TYPE.compared(CompareAs::Trimmed);
        external_id: Option<&'a str> = optional(EXTERNAL_ID, "Your own identifier of the order, unique among your ramp-offs. The same request with the same `external_id` returns the same ramp-off.").example(r#""sale-1""#);
        quote_id: Option<&'a str> = optional(QUOTE, "The `quote_id` of a quote with the same terms.");
        refund_wallet: Option<&'a str> = optional(FieldKind::Wallet, "The customer's wallet for a refund. The network fee is deducted from a refund.");
    }
}

/// A request with what the catalogue says of it.
struct ParsedCreateRampoff<'a> {
    request: &'a CreateRampoff<'a>,
    coin: Option<&'a Coin>,
    amount: Amount,
}

/// An order that has passed every check that does not depend on other orders.
struct ValidatedRampoff<'a> {
    customer: &'a Customer,
    level: KycLevel,
    rail: &'a PayoutRail,
    coin: &'a Coin,
    destination: PayoutDestination,
    refund_wallet: Option<String>,
    quote: Option<Quote>,
    terms: SellTerms,
    usage: Usage,
}

/// Creates an order to sell coins.
///
/// # Errors
/// [`CreateRampoff::CODES`], after a conflict with an earlier request.
pub async fn create_rampoff(
    app: &App,
    caller: &AuthenticatedPartner,
    request: &CreateRampoff<'_>,
    key: Option<&str>,
) -> AppResult<CreatedResponse> {
    let name = request.external_id.map(|name| (ClaimScope::RampoffExternalId, name));
    let idempotency = idempotency::idempotent_request(app, caller, OPERATION, key, name, request.sent).await?;
    let quote = OpenedQuote::open(app, request.quote_id);
    // As for payments: the commit detects repeats, and the claims are looked up before a refusal is returned.
    match new_rampoff(app, caller, request, &idempotency, &quote).await {
        Err(AppError::Refusal(refusal)) => {
            let claims = idempotency::existing_claims(app, &idempotency, quote.claim_key()).await?;
            match idempotency.stored_response(&claims)? {
                Some(stored) => replay_rampoff_response(app, stored).await,
                None => Err(quote.or_quote_used(refusal, &claims, CreateRampoff::CODES)),
            }
        }
        answered => answered,
    }
}

async fn new_rampoff(
    app: &App,
    caller: &AuthenticatedPartner,
    request: &CreateRampoff<'_>,
    idempotency: &IdempotentRequest<'_>,
    quote: &OpenedQuote,
) -> AppResult<CreatedResponse> {
    let parsed = parse_rampoff(app, request)?;
    let mut caller = caller.clone();
    // One address index for all attempts, so that none is wasted.
    let mut index = None;
    for _ in 0..MAX_COMMIT_ATTEMPTS {
        match try_rampoff(app, &caller, &parsed, idempotency, quote, &mut index).await? {
            OrderAttempt::Answered(answer) => return Ok(answer),
            OrderAttempt::CustomerChanged | OrderAttempt::ReferenceTaken => {}
            OrderAttempt::PartnerChanged => caller.partner = create_payment::reload_partner(app, &caller).await?,
        }
    }
    Err(AppError::Unavailable("the customer is changing too fast".into()))
}

async fn replay_rampoff_response(app: &App, stored: StoredResponse) -> AppResult<CreatedResponse> {
    let order = |id: String| id.parse::<OrderId>().map_err(|_| AppError::defect("a claim without its order"));
    let (id, data) = match stored {
        StoredResponse::Answer { data, subject } => (order(subject)?, data),
        StoredResponse::Subject(id) => {
            let id = order(id)?;
            let rampoff = app.store.rampoff(id).await?.ok_or_else(|| AppError::defect("a claim without its ramp-off"))?;
            (id, rampoff_json(app, &rampoff)?)
        }
    };
    Ok(CreatedResponse { data: with_token(&data, URL_STATUS, &page_links::rampoff_token(app, id)), replayed: true })
}

/// The checks of fields that need the catalogue.
fn parse_rampoff<'a>(app: &'a App, request: &'a CreateRampoff<'a>) -> AppResult<ParsedCreateRampoff<'a>> {
    let mut faults = FieldFaults::default();
    let coin = token_price::find_coin(app, request.symbol, request.blockchain).and_then(|coin| app.catalogue.coin(coin));
    let amount = faults.amount("amount", request.amount, coin.map_or(18, |coin| coin.decimals));
    faults.finish()?;
    Ok(ParsedCreateRampoff { request, coin, amount: amount.ok_or(ErrorCode::ValidationFailed)? })
}

async fn try_rampoff(
    app: &App,
    caller: &AuthenticatedPartner,
    parsed: &ParsedCreateRampoff<'_>,
    idempotency: &IdempotentRequest<'_>,
    quote: &OpenedQuote,
    index: &mut Option<u64>,
) -> AppResult<OrderAttempt> {
    let customer = order_checks::customer_of(app, caller, parsed.request.user_id).await?;
    let checked = check_rampoff(app, caller, parsed, &customer, quote).await?;
    let index = match index {
        Some(index) => *index,
        None => {
            let family = app.catalogue.chain(checked.coin.id.chain).ok_or(ErrorCode::CoinNotSupported)?.addresses;
            let number = app.numbers.next(&app.store, Series::addresses(family)).await?;
            *index.insert(u64::try_from(number).unwrap_or_default())
        }
    };
    let context = app.context(None);
    let rampoff = build_rampoff(app, caller, parsed, &checked, index, &context)?;
    let data = rampoff_json(app, &rampoff)?;
    let id = rampoff.id;
    let deposit_address = rampoff.deposit_address.clone();
    let Ok(mut step) = rampoff.create(&context) else {
        return Err(order_checks::limit_refusal(app, &customer, &checked.usage, checked.level).await);
    };
    step.claims.extend(idempotency.claims(app, id, &data));
    step.claims.push(Claim::forever(ClaimScope::DepositAddress, deposit_address, id));
    step.claims.extend(checked.quote.as_ref().map(|quote| order_checks::quote_claim(quote, id)));
    step.rely(RecordKey::Customer(customer.id), customer.version);
    step.rely(RecordKey::Partner(caller.partner.id), caller.partner.version);
    match app.commit(step).await {
        Ok(_) => Ok(OrderAttempt::Answered(CreatedResponse {
            data: with_token(&data, URL_STATUS, &page_links::rampoff_token(app, id)),
            replayed: false,
        })),
        Err(CommitError::Conflict(RecordKey::Partner(_))) => Ok(OrderAttempt::PartnerChanged),
        Err(CommitError::Conflict(_)) => Ok(OrderAttempt::CustomerChanged),
        Err(CommitError::AlreadyClaimed(claim)) => {
            replay_rampoff_response(app, idempotency.stored_response_of(&claim)?).await.map(OrderAttempt::Answered)
        }
        Err(CommitError::OverCeiling { counter }) => {
            Err(order_checks::ceiling_refusal(app, &customer, &checked.usage, checked.level, &counter).await)
        }
        Err(error) => Err(error.into()),
    }
}

async fn check_rampoff<'a>(
    app: &'a App,
    caller: &AuthenticatedPartner,
    parsed: &ParsedCreateRampoff<'a>,
    customer: &'a Customer,
    quote: &OpenedQuote,
) -> AppResult<ValidatedRampoff<'a>> {
    // Belongs to the field checks, but depends on the customer's country.
    if parsed.request.blockchain.is_none() && !customer.country.is_latin_american() {
        return Err(Refusal::field(ErrorCode::FailMandatoryField, "blockchain", "is required").into());
    }
    let level = order_checks::check_identity(app, customer)?;
    let rail = app
        .catalogue
        .payout_rail(customer.country)
        .filter(|rail| rail.enabled)
        .ok_or_else(|| Refusal::new(ErrorCode::MethodNotAllowed, format!("there is no payout to customers of {}", customer.country)))?;
    let destination = payout_destination(&app.own_accounts, customer, parsed.request)?;
    let coin = parsed.coin.filter(|coin| coin.sell).ok_or(ErrorCode::CoinNotSupported)?;
    let refund_wallet = match parsed.request.refund_wallet {
        Some(wallet) => Some(order_checks::check_foreign_wallet(app, "refund_wallet", coin.id.chain, wallet).await?),
        None => None,
    };
    let (quote, quoted) = order_checks::check_quote(app, caller, quote, |quoted| match quoted {
        QuoteTerms::Sell(terms) => {
            Some(terms).filter(|terms| terms.coin == coin.id && terms.coin_amount == parsed.amount && terms.fiat == rail.fiat)
        }
        QuoteTerms::Buy(..) => None,
    })?
    .unzip();
    crate::partner_api::quotes::check_coin_bounds(coin, parsed.amount)?;
    let at = app.business.now();
    let terms = match quoted {
        Some(terms) => terms,
        None => {
            let price = app.prices.sell_price(coin.id.symbol, rail.fiat, at).ok_or(ErrorCode::PriceUnavailable)?;
            SellTerms::new(&app.catalogue, rail, coin, price, parsed.amount).map_err(|fault| quotes::terms_refusal(&fault))?
        }
    };
    quotes::check_rail_bounds(app, rail, terms.fiat_amount)?;
    let usage = Usage { customer: customer.counts_as(), method: limits::RAMPOFF, fiat: rail.fiat, amount: terms.fiat_amount, at };
    Ok(ValidatedRampoff { customer, level, rail, coin, destination, refund_wallet, quote, terms, usage })
}

fn build_rampoff(
    app: &App,
    caller: &AuthenticatedPartner,
    parsed: &ParsedCreateRampoff<'_>,
    checked: &ValidatedRampoff<'_>,
    index: u64,
    context: &Context<'_>,
) -> AppResult<Rampoff> {
    let chain = checked.coin.id.chain;
    let chain_ports = app.ports.chain(chain).ok_or_else(|| AppError::defect(format!("the chain {chain} has no adapter")))?;
    let now = checked.usage.at;
    let from_partner = DestinationOrigin::trusted(ProvidedBy::Partner, now);
    let head = OrderHead {
        counts_as: Some(checked.customer.counts_as()).filter(|other| *other != checked.customer.id),
        external_id: parsed.request.external_id.map(str::to_owned),
        quote: checked.quote.map(|quote| quote.id),
        refund_origin: checked.refund_wallet.as_ref().map(|_| from_partner),
        ..OrderHead::new(context.mint.id(), caller.partner.id, checked.customer.id, checked.rail.country, checked.level, now)
    };
    let (destination, address) = ((checked.destination.clone(), from_partner), (chain_ports.reader.address(Lane::Deposit(index)), index));
    let rampoff = Rampoff::new(head, checked.rail, checked.terms, destination, address);
    Ok(Rampoff { refund_wallet: checked.refund_wallet.clone(), ..rampoff })
}

/// `data` of the response as it is stored: the link has no token.
fn rampoff_json(app: &App, rampoff: &Rampoff) -> AppResult<String> {
    let view = RampoffCreatedView {
        rampoff: "payment created",
        wallet: rampoff.deposit_address.clone(),
        id: rampoff.id.to_string(),
        amount: rampoff.terms.coin_amount.to_string(),
        decimals: rampoff.terms.coin_decimals,
        fiat_amount: rampoff.terms.fiat_amount.to_major(rampoff.terms.fiat_decimals),
        fiat_symbol: rampoff.terms.fiat.to_string(),
        expires_at: rampoff.held_until,
        url_status: status_url(&app.config.public_url, ""),
    };
    serde_json::to_string(&view).map_err(|fault| AppError::Defect(Box::new(fault)))
}

/// The payout destination: the account of this request, else the one given at registration.
fn payout_destination(own: &OwnAccounts, customer: &Customer, request: &CreateRampoff<'_>) -> AppResult<PayoutDestination> {
    let registered = customer.bank_account.as_ref();
    let given = match (request.iban, registered) {
        (Some(account), _) => BankAccountInput { account, bank_code: request.bank_code, account_type: request.account_type },
        (None, Some(registered)) => {
            let known = registered.given();
            BankAccountInput {
                bank_code: request.bank_code.or(known.bank_code),
                account_type: request.account_type.or(known.account_type),
                ..known
            }
        }
        (None, None) => {
            let message = "is required: no bank account was given here or at registration";
            return Err(Refusal::field(ErrorCode::InvalidBankAccount, "iban", message).into());
        }
    };
    let registered_name = registered.and_then(|registered| registered.bank_name.as_deref());
    let name = Redacted::new(customer.profile.full_name());
    own_accounts::validated(own, customer.country, given, request.bank_name.or(registered_name), name)
        .map_err(|fault| Refusal::field(ErrorCode::InvalidBankAccount, "iban", fault.to_string()).into())
}
