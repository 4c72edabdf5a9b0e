//! Requests for orders, and their responses.

use rampart_app::{AppError, AppResult, CreatedResponse};
use rampart_core::id::{CustomerId, OrderId};
use rampart_core::money::amount::Amount;
use rampart_core::order::payment::Payment;
use rampart_core::order::rampoff::Rampoff;
use rampart_core::refusal::{ErrorCode, Refusal};
use rampart_sandbox::{BankTransfer, Booked, ChainDeposit, FaultCalls, FaultOutcome, FaultPort, FaultRule};

use crate::app::TestApp;
use crate::gateway::payable;
use crate::partner_api::{self, CreatePaymentForm, CreateRampoffForm};

/// A wallet that belongs to no one here.
const WALLET: &str = "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55";

/// A text that is sent.
#[must_use]
pub fn some(text: impl ToString) -> Option<String> {
    Some(text.to_string())
}

/// A request to buy USDC on polygon for EUR by card.
#[must_use]
pub fn buy(customer: CustomerId, amount: &str) -> CreatePaymentForm {
    CreatePaymentForm {
        user_id: some(customer),
        payment_type: some("card"),
        fiat_symbol: some("EUR"),
        fiat_amount: Some(amount.into()),
        coin_symbol: some("USDC"),
        coin_chain: some("polygon"),
        wallet: some(WALLET),
        ..CreatePaymentForm::default()
    }
}

/// A request to sell USDC on polygon to the account given at registration.
#[must_use]
pub fn sell(customer: CustomerId, amount: &str) -> CreateRampoffForm {
    CreateRampoffForm {
        user_id: some(customer),
        amount: Some(amount.into()),
        blockchain: some("polygon"),
        symbol: some("USDC"),
        ..CreateRampoffForm::default()
    }
}

/// `data` of a response.
#[must_use]
pub fn data_of(answer: &CreatedResponse) -> serde_json::Value {
    serde_json::from_str(&answer.data).expect("an answer is JSON")
}

/// The refusal in a result.
#[must_use]
pub fn refusal_of<T>(reply: AppResult<T>) -> Refusal {
    match reply {
        Err(AppError::Refusal(refusal)) => refusal,
        Err(other) => panic!("a refusal was expected, not {other:?}"),
        Ok(_) => panic!("a refusal was expected"),
    }
}

impl TestApp {
    /// The order id in a response of `createPayment` or `createRampoff`.
    #[must_use]
    pub fn order_of(answer: &CreatedResponse) -> OrderId {
        let data = data_of(answer);
        let id = data.get("payment_id").or_else(|| data.get("id")).and_then(serde_json::Value::as_str);
        id.expect("an identifier").parse().expect("an identifier")
    }

    /// The payment that a request creates.
    pub async fn bought(&self, request: &CreatePaymentForm) -> OrderId {
        Self::order_of(&partner_api::create_payment(&self.app, &self.caller, request, None).await.expect("a payment"))
    }

    /// The ramp-off that a request creates.
    pub async fn sold(&self, request: &CreateRampoffForm) -> OrderId {
        Self::order_of(&partner_api::create_rampoff(&self.app, &self.caller, request, None).await.expect("a ramp-off"))
    }

    /// The code that a request for a payment is refused with.
    pub async fn refused_payment(&self, request: &CreatePaymentForm) -> ErrorCode {
        Self::code(partner_api::create_payment(&self.app, &self.caller, request, None).await)
    }

    /// The code that a request for a ramp-off is refused with.
    pub async fn refused_rampoff(&self, request: &CreateRampoffForm) -> ErrorCode {
        Self::code(partner_api::create_rampoff(&self.app, &self.caller, request, None).await)
    }

    /// A stored payment.
    pub async fn payment(&self, id: OrderId) -> Payment {
        self.app.store.payment(id).await.expect("a read").expect("a payment")
    }

    /// A stored ramp-off.
    pub async fn rampoff(&self, id: OrderId) -> Rampoff {
        self.app.store.rampoff(id).await.expect("a read").expect("a ramp-off")
    }

    /// The customer pays the amount due.
    pub async fn pay(&self, id: OrderId) {
        let payment = self.payment(id).await;
        let customer = self.app.store.customer(payment.customer).await.expect("a read").expect("a customer");
        let payable = payable(&payment, &customer.profile.full_name());
        self.world.pay_payment(&payable, None, None).await.expect("a payment is paid");
    }

    /// The customer sends the coins that were ordered to the ramp-off's address. Returns the transaction.
    pub async fn deposit(&self, id: OrderId) -> String {
        let order = self.rampoff(id).await;
        let (chain, to, symbol) = (order.chain(), order.deposit_address.clone(), order.terms.coin.symbol);
        self.world.deposit(ChainDeposit { chain, to, symbol, amount: order.terms.coin_amount, from: None }).await.expect("a deposit")
    }

    /// A transfer of this many minor units to our account with a rail, from an unknown account.
    #[must_use]
    pub fn transfer_over(&self, rail: &str, minor: i128, concept: &str, sender_name: &str) -> BankTransfer {
        let ours = self.app.catalogue.rail_account(rail.parse().expect("a rail")).expect("an account of ours");
        BankTransfer {
            rail: ours.rail,
            account: ours.account.clone(),
            amount: Amount::from_minor(minor),
            currency: ours.currency,
            concept: some(concept),
            sender_name: some(sender_name),
            sender_account: None,
            booked: Booked::Now,
        }
    }

    /// Polygon gets new blocks.
    pub async fn mine(&self, blocks: u32) {
        self.world.mine("polygon".parse().expect("a chain"), blocks).await.expect("blocks");
    }

    /// The next calls of a port end like this.
    pub async fn fault(&self, port: FaultPort, calls: FaultCalls, outcome: FaultOutcome, count: u32) {
        self.world.add_fault(FaultRule { port, calls, outcome, count, delay_seconds: 0 }).await.expect("a rule");
    }

    /// Waits until a payment has a status.
    pub async fn payment_becomes(&self, id: OrderId, status: &str) -> Payment {
        self.eventually(&format!("payment becomes {status}"), || async {
            Some(self.payment(id).await).filter(|payment| payment.status().as_str() == status)
        })
        .await
    }

    /// Waits until a ramp-off has a status.
    pub async fn rampoff_becomes(&self, id: OrderId, status: &str) -> Rampoff {
        self.eventually(&format!("ramp-off becomes {status}"), || async {
            Some(self.rampoff(id).await).filter(|rampoff| rampoff.status().as_str() == status)
        })
        .await
    }

    /// The error code of a refusal.
    #[must_use]
    pub fn code<T>(reply: AppResult<T>) -> ErrorCode {
        refusal_of(reply).code
    }
}
