//! A customer's payment for an order, by the method of the order.

use rampart_core::id::{OrderId, PartnerId};
use rampart_core::ledger::{Processor, Rail};
use rampart_core::money::amount::Amount;
use rampart_core::money::asset::Currency;
use rampart_core::order::payment::{PayIn, Payment};
use rampart_core::text::redacted::Redacted;

use crate::bank::{BankTransfer, Booked};
use crate::error::WorldError;
use crate::processor::{CardPayment, CardResult};
use crate::world::World;

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

impl World {
    /// The customer pays by the method of the payment: the amount due, or another amount.
    /// Those of [`World::pay_by_card`] and [`World::transfer`].
    pub async fn pay_payment(
        &self,
        payable: &PayablePayment,
        amount: Option<Amount>,
        holder: Option<String>,
    ) -> Result<PayResult, WorldError> {
        let amount = amount.unwrap_or(payable.due);
        let holder = holder.unwrap_or_else(|| payable.customer_name.reveal().to_owned());
        match &payable.method {
            PayableMethod::Redirect { processor } => {
                let payment = CardPayment {
                    processor: *processor,
                    payment: payable.payment,
                    amount,
                    currency: payable.currency,
                    holder: Some(Redacted::new(holder)),
                    decided: false,
                };
                Ok(match self.pay_by_card(payment).await? {
                    CardResult::Captured { reference } => PayResult::Paid(reference),
                    CardResult::AlreadyCaptured { reference } => PayResult::PaidBefore(reference),
                    CardResult::Pending => PayResult::Pending,
                    CardResult::Declined { reason } => PayResult::Declined(reason),
                })
            }
            PayableMethod::Transfer { rail, account, concept } => {
                let transfer = BankTransfer {
                    rail: *rail,
                    account: account.clone(),
                    amount,
                    currency: payable.currency,
                    concept: concept.clone(),
                    sender_name: Some(holder),
                    sender_account: None,
                    booked: Booked::Now,
                };
                self.transfer_by(Some(payable.partner), transfer).await.map(PayResult::Paid)
            }
        }
    }

    /// The processor declines a customer's payment, or the customer cancels.
    /// [`WorldError::Impossible`] for a payment by bank transfer, and those of [`World::decline_card`].
    pub async fn decline_payment(&self, payable: &PayablePayment, reason: String) -> Result<(), WorldError> {
        match &payable.method {
            PayableMethod::Redirect { processor } => self.decline_card(*processor, payable.payment, reason).await,
            PayableMethod::Transfer { .. } => Err(WorldError::impossible("a payment by bank transfer cannot be declined")),
        }
    }
}
