//! `createPayment`: an order to buy coins. The checks run in the order of the API contract; one step is committed; no
//! provider is called.

use std::sync::Arc;

use rampart_core::catalogue::{Coin, Method, MethodKind, RailAccount};
use rampart_core::customer::Customer;
use rampart_core::customer::kyc::KycLevel;
use rampart_core::id::{CustomerId, OrderId};
use rampart_core::identity::bank_account::{BankAccountInput, virtual_account};
use rampart_core::ledger::Rail;
use rampart_core::money::amount::{Amount, AmountSent};
use rampart_core::order::limits::{self, Usage};
use rampart_core::order::pay_to::PayTo;
use rampart_core::order::payment::{Instructions, Payment};
use rampart_core::order::view::payment_url;
use rampart_core::order::{Context, DestinationOrigin, OrderHead, ProvidedBy, reference};
use rampart_core::outgoing::PayoutDestination;
use rampart_core::partner::Partner;
use rampart_core::quote::{AmountIn, BuyTerms, Quote, QuoteTerms};
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_core::step::record::RecordKey;
use rampart_core::step::{Claim, ClaimScope};
use rampart_core::text::redacted::Redacted;
use rampart_store::CommitError;
use url::Url;

use crate::app::{App, MAX_COMMIT_ATTEMPTS};
use crate::error::{AppError, AppResult};
use crate::orders::idempotency::{IdempotentRequest, StoredResponse};
use crate::orders::order_checks::{OpenedQuote, invalid_wallet};
use crate::orders::page_links::{URL_PAYMENT, with_token};
use crate::orders::{idempotency, order_checks, page_links};
use crate::partner_api::{authenticate, quotes, token_price};
use crate::request::common::{COIN, CURRENCY, EXTERNAL_ID, NAME, QUOTE, USER};
use crate::request::field::{FieldKind, optional, required};
use crate::request::{FieldFaults, request};
use crate::state::numbers::Series;
use crate::state::own_accounts::{self, OwnAccounts};
use crate::views::{CreatedResponse, RedirectView, TransferView};
use rampart_http::AuthenticatedPartner;

const OPERATION: &str = "POST /api/createPayment";

request! {
    /// The request of `createPayment`. The codes of a quote stand between those of its fields and those of the amount.
    CreatePayment refused by [
        UserNotFound, UserBanned, RequireKyc, InvalidIdentification, MethodNotAllowed, CoinNotSupported, InvalidWallet,
        InvalidBankAccount, QuoteMismatch, QuoteUsed, QuoteExpired, MinPurchase, MaxPurchase, KycReinforcedRequired, LimitExceded,
        TooManyOpen, PriceUnavailable, NoLiquidity,
    ] {
        user_id: CustomerId = USER.example("106");
        external_id: Option<&'a str> = optional(EXTERNAL_ID, "Your own identifier of the order, unique among your payments. The same request with the same `external_id` returns the same payment.").example(r#""23232323231""#);
        payment_type: &'a str = required(NAME, "The payment method. Upper and lower case are the same.").example(r#""KHIPU""#);
        fiat_symbol: &'a str = required(CURRENCY, "The currency.").example(r#""ARS""#);
        fiat_amount: &'a AmountSent = required(FieldKind::Money, "The amount that the customer pays, in major units. It must be a multiple of the `step` that `paymentMethods` returns.").example("240");
        coin_symbol: &'a str = required(COIN, "The coin.").example(r#""ETH""#);
        coin_chain: Option<&'a str> = optional(NAME, "The chain of the coin. Optional for Latin American customers, for whom the coin's default chain is used.").example(r#""polygon""#);
        wallet: &'a str = required(FieldKind::Wallet, "The wallet address that receives the coins. It is checked by the rules of its chain.").example(r#""0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55""#);
        callback_url: Option<Url> = optional(FieldKind::BrowserLink, "The URL to which the customer's browser is sent after the payment.");
        quote_id: Option<&'a str> = optional(QUOTE, "The `quote_id` of a quote with the same terms.");
        refund_account: Option<&'a str> = optional(FieldKind::AsTyped(64), "The customer's bank account for a refund.");
    }
}

/// A request with what the catalogue says of it.
struct ParsedCreatePayment<'a> {
    request: &'a CreatePayment<'a>,
    amount: Amount,
    coin: Option<&'a Coin>,
}

/// An order that has passed every check that does not depend on other orders.
struct ValidatedPayment<'a> {
    customer: &'a Customer,
    level: KycLevel,
    method: &'a Method,
    /// For virtual-account methods: the account number that belongs to this customer.
    own_account: Option<String>,
    coin: &'a Coin,
    wallet: String,
    refund_account: Option<PayoutDestination>,
    quote: Option<(Quote, BuyTerms)>,
    usage: Usage,
}

/// Creates an order to buy coins.
///
/// # Errors
/// [`CreatePayment::CODES`], after a conflict with an earlier request.
pub async fn create_payment(
    app: &App,
    caller: &AuthenticatedPartner,
    request: &CreatePayment<'_>,
    key: Option<&str>,
) -> AppResult<CreatedResponse> {
    let name = request.external_id.map(|name| (ClaimScope::PaymentExternalId, name));
    let idempotency = idempotency::idempotent_request(app, caller, OPERATION, key, name, request.sent).await?;
    let quote = OpenedQuote::open(app, request.quote_id);
    // Idempotency is checked first by contract, but repeats are rare: the commit detects them without a query of
    // its own. Before a refusal is returned the claims are looked up, because a repeat must get the stored
    // response instead.
    match new_payment(app, caller, request, &idempotency, &quote).await {
        Err(AppError::Refusal(refusal)) => {
            let claims = idempotency::existing_claims(app, &idempotency, quote.claim_key()).await?;
            match idempotency.stored_response(&claims)? {
                Some(stored) => replay_payment_response(app, stored).await,
                None => Err(quote.or_quote_used(refusal, &claims, CreatePayment::CODES)),
            }
        }
        answered => answered,
    }
}

/// The first attempt uses the cached customer, without a database read; the commit detects an outdated version. A
/// refusal is decided again on the stored customer, so no refusal depends on the cache.
async fn new_payment(
    app: &App,
    caller: &AuthenticatedPartner,
    request: &CreatePayment<'_>,
    idempotency: &IdempotentRequest<'_>,
    quote: &OpenedQuote,
) -> AppResult<CreatedResponse> {
    let parsed = parse_payment(app, request)?;
    let mut caller = caller.clone();
    let known = app.customer_cache.get(request.user_id);
    let mut cached = known.filter(|customer| customer.partner == caller.partner.id);
    for _ in 0..MAX_COMMIT_ATTEMPTS {
        let from_cache = cached.is_some();
        match try_payment(app, &caller, &parsed, cached.take(), idempotency, quote).await {
            Ok(OrderAttempt::Answered(answer)) => return Ok(answer),
            Ok(OrderAttempt::CustomerChanged | OrderAttempt::ReferenceTaken) => {}
            Ok(OrderAttempt::PartnerChanged) => caller.partner = reload_partner(app, &caller).await?,
            Err(AppError::Refusal(_)) if from_cache => {}
            Err(error) => return Err(error),
        }
    }
    Err(AppError::Unavailable("the customer is changing too fast".into()))
}

async fn replay_payment_response(app: &App, stored: StoredResponse) -> AppResult<CreatedResponse> {
    let order = |id: String| id.parse::<OrderId>().map_err(|_| AppError::defect("a claim without its order"));
    let (id, data) = match stored {
        StoredResponse::Answer { data, subject } => (order(subject)?, data),
        StoredResponse::Subject(id) => {
            let id = order(id)?;
            let payment = app.store.payment(id).await?.ok_or_else(|| AppError::defect("a claim without its payment"))?;
            (id, payment_json(app, &payment)?)
        }
    };
    Ok(CreatedResponse { data: with_token(&data, URL_PAYMENT, &page_links::payment_token(app, id)), replayed: true })
}

/// The checks of fields that need the catalogue.
fn parse_payment<'a>(app: &'a App, request: &'a CreatePayment<'a>) -> AppResult<ParsedCreatePayment<'a>> {
    let mut faults = FieldFaults::default();
    let fiat = request.fiat_symbol;
    let is_latin_american = order_checks::is_latin_american_currency(app, fiat);
    if is_latin_american.is_none() {
        faults.fault(ErrorCode::MethodNotAllowed, "fiat_symbol", format!("'{fiat}' is not a currency that is paid here"));
    }
    // In Latin America the chain is optional: the coin's default chain is used.
    if is_latin_american == Some(false) {
        faults.require("coin_chain", request.coin_chain);
    }
    let decimals = token_price::find_currency(app, fiat).and_then(|fiat| app.catalogue.decimals(fiat.into()));
    let amount = faults.amount("fiat_amount", request.fiat_amount, decimals.unwrap_or(18));
    faults.finish_in_order(CreatePayment::CODES)?;
    let amount = amount.ok_or(ErrorCode::ValidationFailed)?;
    let coin = token_price::find_coin(app, request.coin_symbol, request.coin_chain).and_then(|coin| app.catalogue.coin(coin));
    Ok(ParsedCreatePayment { request, amount, coin })
}

async fn try_payment(
    app: &App,
    caller: &AuthenticatedPartner,
    parsed: &ParsedCreatePayment<'_>,
    cached: Option<Arc<Customer>>,
    idempotency: &IdempotentRequest<'_>,
    quote: &OpenedQuote,
) -> AppResult<OrderAttempt> {
    let address = parsed.coin.map(|coin| order_checks::check_wallet(app, "wallet", coin.id.chain, parsed.request.wallet));
    let normalized = address.as_ref().and_then(|address| address.as_deref().ok()).map(str::to_owned);
    let (customer, is_deposit_address) = match cached {
        // The commit checks the address (`must_be_free`).
        Some(customer) => (customer, false),
        None => order_checks::customer_and_deposit_address(app, caller, parsed.request.user_id, normalized.as_deref()).await?,
    };
    let checked = check_payment(app, caller, parsed, &customer, address, is_deposit_address, quote).await?;
    let context = app.context(None);
    let payment = build_payment(app, caller, parsed, &checked, &context).await?;
    let data = payment_json(app, &payment)?;
    let id = payment.id;
    let concept = payment.instructions.as_ref().map(|instructions| instructions.concept.clone());
    let Ok(mut step) = payment.create(&context) else {
        return Err(order_checks::limit_refusal(app, &customer, &checked.usage, checked.level).await);
    };
    step.claims.extend(idempotency.claims(app, id, &data));
    step.claims.extend(concept.map(|concept| Claim::forever(ClaimScope::Concept, concept, id)));
    step.claims.extend(checked.quote.as_ref().map(|(quote, _)| order_checks::quote_claim(quote, id)));
    step.must_be_free.extend(normalized.map(|address| (ClaimScope::DepositAddress, address)));
    step.rely(RecordKey::Customer(customer.id), customer.version);
    step.rely(RecordKey::Partner(caller.partner.id), caller.partner.version);
    match app.commit(step).await {
        Ok(_) => Ok(OrderAttempt::Answered(CreatedResponse {
            data: with_token(&data, URL_PAYMENT, &page_links::payment_token(app, id)),
            replayed: false,
        })),
        Err(CommitError::Conflict(RecordKey::Partner(_))) => Ok(OrderAttempt::PartnerChanged),
        Err(CommitError::Conflict(_)) => Ok(OrderAttempt::CustomerChanged),
        Err(CommitError::AlreadyClaimed(claim)) if claim.scope == ClaimScope::DepositAddress => Err(is_deposit_address_of_ours()),
        Err(CommitError::AlreadyClaimed(claim)) if claim.scope == ClaimScope::Concept => Ok(OrderAttempt::ReferenceTaken),
        Err(CommitError::AlreadyClaimed(claim)) => {
            replay_payment_response(app, idempotency.stored_response_of(&claim)?).await.map(OrderAttempt::Answered)
        }
        Err(CommitError::OverCeiling { counter }) => {
            Err(order_checks::ceiling_refusal(app, &customer, &checked.usage, checked.level, &counter).await)
        }
        Err(error) => Err(error.into()),
    }
}

async fn check_payment<'a>(
    app: &'a App,
    caller: &AuthenticatedPartner,
    parsed: &ParsedCreatePayment<'a>,
    customer: &'a Customer,
    address: Option<AppResult<String>>,
    is_deposit_address: bool,
    quote: &OpenedQuote,
) -> AppResult<ValidatedPayment<'a>> {
    let level = order_checks::check_identity(app, customer)?;
    let method = app
        .catalogue
        .method(customer.country, parsed.request.payment_type)
        .filter(|method| method.enabled && method.fiat.is_spelled(parsed.request.fiat_symbol))
        .ok_or(ErrorCode::MethodNotAllowed)?;
    let own_account = own_account(app, method, customer.id)?;
    let coin = parsed.coin.filter(|coin| coin.buy).ok_or(ErrorCode::CoinNotSupported)?;
    let wallet = address.unwrap_or_else(|| Err(ErrorCode::CoinNotSupported.into()))?;
    if is_deposit_address {
        return Err(is_deposit_address_of_ours());
    }
    let refund_account =
        parsed.request.refund_account.map(|account| checked_refund_account(&app.own_accounts, customer, account)).transpose()?;
    let quote = order_checks::check_quote(app, caller, quote, |quoted| match quoted {
        QuoteTerms::Buy(by, terms) => {
            let is_amount = terms.fiat == method.fiat && terms.fiat_amount == parsed.amount;
            Some(terms).filter(|terms| is_amount && by == method.payment_type && terms.coin == coin.id)
        }
        QuoteTerms::Sell(_) => None,
    })?;
    // A quoted amount stays payable even if the method's payable step has changed since.
    if quote.is_none() {
        quotes::check_payable(app, "fiat_amount", method, parsed.amount)?;
    }
    quotes::check_method_bounds(app, method, parsed.amount)?;
    let at = app.business.now();
    let usage = Usage { customer: customer.counts_as(), method: method.payment_type, fiat: method.fiat, amount: parsed.amount, at };
    Ok(ValidatedPayment { customer, level, method, own_account, coin, wallet, refund_account, quote, usage })
}

async fn terms_of(app: &App, checked: &ValidatedPayment<'_>) -> AppResult<BuyTerms> {
    let terms = match &checked.quote {
        Some((_, terms)) => *terms,
        None => {
            let (method, coin, usage) = (checked.method, checked.coin, &checked.usage);
            let Some(price) = app.prices.buy_price(coin.id.symbol, method.fiat, usage.at) else {
                return Err(order_checks::price_refusal(app, checked.customer, usage, checked.level, method.maximum).await);
            };
            BuyTerms::new(&app.catalogue, method, coin, price, AmountIn::Fiat(usage.amount))
                .map_err(|fault| quotes::terms_refusal(&fault))?
        }
    };
    crate::partner_api::quotes::check_coin_maximum(checked.coin, terms.coin_amount)?;
    Ok(terms)
}

async fn build_payment(
    app: &App,
    caller: &AuthenticatedPartner,
    parsed: &ParsedCreatePayment<'_>,
    checked: &ValidatedPayment<'_>,
    context: &Context<'_>,
) -> AppResult<Payment> {
    let (method, now) = (checked.method, checked.usage.at);
    let terms = terms_of(app, checked).await?;
    // Asked again by the step; here, so that a refused order uses up no payment reference.
    if !limits::allows(&app.catalogue, &checked.usage, checked.level) {
        return Err(order_checks::limit_refusal(app, checked.customer, &checked.usage, checked.level).await);
    }
    let from_partner = DestinationOrigin::trusted(ProvidedBy::Partner, now);
    let head = OrderHead {
        counts_as: Some(checked.customer.counts_as()).filter(|other| *other != checked.customer.id),
        external_id: parsed.request.external_id.map(str::to_owned),
        quote: checked.quote.as_ref().map(|(quote, _)| quote.id),
        refund_origin: checked.refund_account.as_ref().map(|_| from_partner),
        ..OrderHead::new(context.mint.id(), caller.partner.id, checked.customer.id, method.country, checked.level, now)
    };
    Ok(Payment {
        callback_url: parsed.request.callback_url.as_ref().map(Url::to_string),
        refund_account: checked.refund_account.clone(),
        instructions: instructions(app, method, checked.own_account.as_deref()).await?,
        ..Payment::new(head, method, terms, checked.wallet.clone())
    })
}

fn rail_account(app: &App, rail: Rail) -> AppResult<&RailAccount> {
    app.catalogue.rail_account(rail).ok_or_else(|| AppError::defect(format!("the rail {rail} has no account")))
}

/// The virtual account of the customer, for methods that have one. An account number has space for a limited number
/// of digits of the customer's number; customers with longer numbers cannot use the method.
fn own_account(app: &App, method: &Method, customer: CustomerId) -> AppResult<Option<String>> {
    let MethodKind::VirtualAccount(rail) = method.kind else { return Ok(None) };
    let account = virtual_account::account_of(&rail_account(app, rail)?.account, customer);
    let message = "no virtual account can be assigned to this customer; use another payment method";
    account.map(Some).ok_or_else(|| Refusal::new(ErrorCode::MethodNotAllowed, message).into())
}

/// The payment instructions of a transfer.
async fn instructions(app: &App, method: &Method, own_account: Option<&str>) -> AppResult<Option<Instructions>> {
    let (MethodKind::Concept(rail) | MethodKind::VirtualAccount(rail)) = method.kind else { return Ok(None) };
    let ours = rail_account(app, rail)?;
    let number = app.numbers.next(&app.store, Series::concepts()).await?;
    let serial = app.keys.reference_serial(number).ok_or_else(|| AppError::defect("every payment reference is used up"))?;
    Ok(Some(Instructions {
        account: own_account.unwrap_or(&ours.account).to_owned(),
        bic: ours.bic.clone(),
        concept: reference::from_serial(serial),
        destination_name: ours.holder.clone(),
        own_account: own_account.is_some(),
        bank: ours.bank.clone(),
        tax_id: ours.tax_id.clone(),
        email: ours.email.clone(),
    }))
}

/// `data` of the response as it is stored: the link has no token.
fn payment_json(app: &App, payment: &Payment) -> AppResult<String> {
    let payment_id = payment.id.to_string();
    let url_payment = payment_url(&app.config.public_url, payment.method, "");
    let json = match &payment.instructions {
        None => serde_json::to_string(&RedirectView { payment_id, url_payment }),
        Some(instructions) => serde_json::to_string(&TransferView {
            payment_id,
            iban: instructions.account.clone(),
            bic: instructions.bic.clone(),
            concept: instructions.concept.parse().unwrap_or_default(),
            destination_name: instructions.destination_name.clone(),
            amount: payment.terms.fiat_amount.to_major(payment.terms.fiat_decimals),
            fiat_symbol: payment.terms.fiat.to_string(),
            expires_at: payment.held_until,
            url_payment,
            pay_to: PayTo::of(instructions, payment.country),
        }),
    };
    json.map_err(|fault| AppError::Defect(Box::new(fault)))
}

/// Reads the partner from the database and checks its token again.
pub(crate) async fn reload_partner(app: &App, caller: &AuthenticatedPartner) -> AppResult<Arc<Partner>> {
    app.partner_cache.forget(caller.partner.id);
    let partner = app.partner_cache.load(&app.store, caller.partner.id).await?;
    let holds = partner.filter(|partner| authenticate::accepts_token(app, partner, caller.epoch));
    Ok(holds.ok_or(ErrorCode::AuthorizationIncorrect)?)
}

/// How an attempt to create an order ended.
pub(crate) enum OrderAttempt {
    Answered(CreatedResponse),
    /// The customer changed since it was read.
    CustomerChanged,
    /// The partner changed since it was read.
    PartnerChanged,
    /// The payment reference is taken: earlier versions allocated references in another order.
    ReferenceTaken,
}

fn is_deposit_address_of_ours() -> AppError {
    invalid_wallet("wallet", "is a deposit address of ours")
}

/// Checks a refund account. When it is the number of the account given at registration, the registered bank details are
/// used.
pub(crate) fn checked_refund_account(own: &OwnAccounts, customer: &Customer, account: &str) -> AppResult<PayoutDestination> {
    let name = Redacted::new(customer.profile.full_name());
    let registered = customer.bank_account.as_ref().and_then(|registered| {
        own_accounts::validated(own, customer.country, registered.given(), registered.bank_name.as_deref(), name.clone()).ok()
    });
    match registered.filter(|registered| is_number_of(registered.account.reveal(), account)) {
        Some(registered) => Ok(registered),
        None => own_accounts::validated(own, customer.country, BankAccountInput::number(account), None, name)
            .map_err(|fault| Refusal::field(ErrorCode::InvalidBankAccount, "refund_account", fault.to_string()).into()),
    }
}

/// Compares account numbers without separators and case.
fn is_number_of(known: &str, given: &str) -> bool {
    let alphanumerics = |text: &str| {
        text.chars().filter(|character| character.is_alphanumeric()).map(|character| character.to_ascii_uppercase()).collect::<String>()
    };
    !alphanumerics(given).is_empty() && alphanumerics(known) == alphanumerics(given)
}
