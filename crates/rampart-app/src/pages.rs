//! What the hosted pages show and do. A page is known by the secret token in its link, and by nothing else.

use rampart_core::country::Country;
use rampart_core::customer::Customer;
use rampart_core::kyc::KycLevel;
use rampart_core::payment::Payment;
use rampart_core::rampoff::Rampoff;
use rampart_core::time::Timestamp;

use crate::app::App;
use crate::error::{AppError, Reply};

/// What the identity page shows.
#[derive(Debug, Clone)]
pub struct CustomerPage {
    /// The customer.
    pub customer: Customer,
    /// Whose customer it is.
    pub partner_name: String,
    /// The level that the form is for; nothing when there is nothing to submit now.
    pub wanted: Option<KycLevel>,
    /// Whether the outside world is simulated.
    pub sandbox: bool,
}

/// The identity form, as it came.
#[derive(Clone)]
pub struct KycForm {
    /// The level it is for.
    pub level: KycLevel,
    /// Given name, or a company's name.
    pub name: Option<String>,
    /// First family name.
    pub last_name: Option<String>,
    /// Second family name.
    pub last_name2: Option<String>,
    /// Date of birth, `YYYY-MM-DD`.
    pub dob: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// City.
    pub city: Option<String>,
    /// Street and number.
    pub address: Option<String>,
    /// State or province.
    pub address_state: Option<String>,
    /// Postal code.
    pub zipcode: Option<String>,
    /// The document.
    pub identification_type: Option<String>,
    /// Its number.
    pub identification_number: Option<String>,
    /// What the customer does for a living.
    pub professional_activity: Option<String>,
    /// Where the money comes from.
    pub source_of_funds: Option<String>,
}

/// What a payment's page shows.
#[derive(Debug, Clone)]
pub struct PaymentPage {
    /// The payment.
    pub payment: Payment,
    /// Whose customer pays.
    pub partner_name: String,
    /// Who pays.
    pub customer_name: String,
    /// The customer's country.
    pub country: Country,
    /// Whether the customer can say that the money is sent.
    pub can_declare: bool,
    /// Whether it can be called off.
    pub can_cancel: bool,
    /// Whether an account can be given for money to go back to.
    pub can_give_refund_account: bool,
    /// Whether the outside world is simulated.
    pub sandbox: bool,
    /// The present moment (business time).
    pub now: Timestamp,
}

/// What a ramp-off's page shows.
#[derive(Debug, Clone)]
pub struct RampoffPage {
    /// The ramp-off.
    pub rampoff: Rampoff,
    /// Whose customer sells.
    pub partner_name: String,
    /// Who sells.
    pub customer_name: String,
    /// Whether it can be called off.
    pub can_cancel: bool,
    /// Whether a wallet can be given for coins to go back to.
    pub can_give_refund_wallet: bool,
    /// Whether the outside world is simulated.
    pub sandbox: bool,
    /// The present moment (business time).
    pub now: Timestamp,
}

/// What the status page shows.
#[derive(Debug, Clone)]
pub enum StatusPage {
    /// A purchase.
    Payment(Box<PaymentPage>),
    /// A sale.
    Rampoff(Box<RampoffPage>),
}

/// What the gateway page does next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GatewaySession {
    /// The customer goes to the processor's own page.
    Redirect(String),
    /// Our own page plays the processor (sandbox).
    Play,
}

/// What the customer does on a gateway page of the sandbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Play {
    /// Pays.
    Pay,
    /// Is refused by the processor.
    Decline,
}

fn later<T>() -> Reply<T> {
    Err(AppError::Unavailable(String::new()))
}

#[expect(missing_docs, reason = "being written")]
#[expect(clippy::missing_errors_doc, reason = "being written")]
impl App {
    pub async fn page_customer(&self, _token: &str) -> Reply<CustomerPage> {
        later()
    }
    pub async fn submit_kyc_form(&self, _token: &str, _form: KycForm) -> Reply<CustomerPage> {
        later()
    }
    pub async fn page_payment(&self, _token: &str) -> Reply<PaymentPage> {
        later()
    }
    pub async fn page_rampoff(&self, _token: &str) -> Reply<RampoffPage> {
        later()
    }
    pub async fn page_status(&self, _token: &str) -> Reply<StatusPage> {
        later()
    }
    pub async fn gateway_session(&self, _token: &str) -> Reply<GatewaySession> {
        later()
    }
    pub async fn gateway_play(&self, _token: &str, _play: Play) -> Reply<()> {
        later()
    }
    pub async fn declare_sent(&self, _token: &str) -> Reply<()> {
        later()
    }
    pub async fn cancel_payment(&self, _token: &str) -> Reply<()> {
        later()
    }
    pub async fn cancel_rampoff(&self, _token: &str) -> Reply<()> {
        later()
    }
    pub async fn give_refund_account(&self, _token: &str, _account: &str, _name: &str) -> Reply<()> {
        later()
    }
    pub async fn give_refund_wallet(&self, _token: &str, _wallet: &str) -> Reply<()> {
        later()
    }
}
