//! A customer's payment for an order, by the method of the order.

use rampart_core::id::{OrderId, PartnerId};
use rampart_core::ledger::{Processor, Rail};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Currency;
use rampart_core::order::payment::{PayIn, Payment};
use rampart_core::text::redacted::Redacted;

/// What the world must know about a payment so that it can be paid.
#[derive(Debug, Clone)]
pub struct PayablePayment {
    pub payment: OrderId,
    pub partner: PartnerId,
    pub method: PayableMethod,
    /// The amount due, in minor units.
    pub due: Amount,
    pub currency: Currency,
    /// Decimals of the currency's minor unit.
    pub decimals: u8,
    /// The customer's full name, the payer unless another is given.
    pub customer_name: Redacted,
}

impl PayablePayment {
    /// A payment of a customer of this name.
    #[must_use]
    pub fn of(payment: &Payment, customer_name: &str) -> Self {
        let method = match (payment.pay_in, &payment.instructions) {
            (PayIn::Processor(processor), _) => PayableMethod::Redirect { processor },
            (PayIn::Bank(rail), Some(instructions)) => PayableMethod::Transfer {
                rail,
                account: instructions.account.clone(),
                concept: (!instructions.own_account).then(|| instructions.concept.clone()),
            },
            // Does not happen: every payment by transfer has instructions.
            (PayIn::Bank(rail), None) => PayableMethod::Transfer { rail, account: String::new(), concept: None },
        };
        Self {
            payment: payment.id,
            partner: payment.partner,
            method,
            due: payment.terms.fiat_amount,
            currency: payment.terms.fiat,
            decimals: payment.terms.fiat_decimals,
            customer_name: Redacted::new(customer_name),
        }
    }
}

/// How a payment is to be paid.
#[derive(Debug, Clone)]
pub enum PayableMethod {
    Redirect {
        processor: Processor,
    },
    Transfer {
        rail: Rail,
        /// Our account, or the customer's virtual account.
        account: String,
        /// The remittance text that the transfer must have, if any.
        concept: Option<String>,
    },
}

/// The result of a customer's attempt to pay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PayResult {
    /// Paid. The reference of the processor or statement line.
    Paid(String),
    /// Paid before; nothing was changed. The reference of the first payment.
    PaidBefore(String),
    Pending,
    Declined(String),
}
