//! Customers for tests.

use crate::partner_api;
use crate::partner_api::RegisterUserForm;
use rampart_app::AuthenticatedPartner;
use rampart_core::customer::kyc::{KycLevel, KycStatus, KycVerdict};
use rampart_core::id::{CustomerId, OrderId};
use rampart_core::identity::country::Country;

use crate::app::TestApp;
use crate::orders::data_of;

/// A country's sample data for registration: valid by every rule, and fictitious.
#[derive(Debug, Clone, Copy)]
pub struct CustomerOf {
    /// ISO 3166 alpha-3.
    pub country: &'static str,
    pub document: &'static str,
    pub number: &'static str,
    pub account: &'static str,
}

impl CustomerOf {
    pub const SPAIN: Self = Self { country: "ESP", document: "GOVERNMENT_ID", number: "12345678Z", account: "ES9121000418450200051332" };
    pub const ARGENTINA: Self = Self { country: "ARG", document: "DNI", number: "11111111", account: "0110001300000000000017" };
    pub const MEXICO: Self = Self { country: "MEX", document: "CURP", number: "HEGG560427MVZRRL04", account: "002010077777777771" };
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// The request of the API documentation, byte for byte.
#[must_use]
pub fn documented_registration() -> RegisterUserForm {
    RegisterUserForm {
        name: some("Alvaro"),
        last_name: some("Iglesia"),
        last_name2: some("Vicente"),
        phone: some("+54xxxxxxxxx"),
        country: some("Argentina"),
        country_code: some("ARG"),
        city: some("Buenos Aires"),
        address: some("Fray Justo St. María de Oro 2121"),
        email: some("email@gmail.com"),
        identification_number: some("11111111"),
        password: some("123456"),
        professional_activity: some("Developer"),
        address_state: some("CABA"),
        zipcode: some("1425"),
        dob: some("1986-05-03"),
        identification_type: some("DNI"),
        iban: some("123123123"),
        ..RegisterUserForm::default()
    }
}

impl TestApp {
    /// Registers a customer of the partner's.
    pub async fn register(&self, caller: &AuthenticatedPartner, of: CustomerOf, email: &str) -> CustomerId {
        let request = RegisterUserForm {
            name: some("Ana"),
            last_name: some("García"),
            last_name2: some("López"),
            country: some(of.country),
            email: some(email),
            identification_type: some(of.document),
            identification_number: some(of.number),
            city: some("Madrid"),
            address: some("Calle Mayor 1"),
            zipcode: some("28013"),
            iban: some(of.account),
            ..RegisterUserForm::default()
        };
        let answer = partner_api::register_user(&self.app, caller, &request, None).await.expect("a registration");
        CustomerId(data_of(&answer)["id"].as_i64().expect("a number"))
    }

    /// Applies a decision of the identity provider, without a form.
    pub async fn decide(&self, customer: CustomerId, level: KycLevel, status: KycStatus) {
        let mint = self.app.mint();
        let reference = format!("kyc_{}", mint.id::<OrderId>());
        let found = self.app.store.customer(customer).await.expect("a read").expect("a customer");
        let verdict = KycVerdict { reference, level, status, reasons: Vec::new(), may_retry: true };
        let step = found.kyc_decided(verdict, &mint, &self.app.config.public_url);
        self.app.commit(step).await.expect("a decision");
    }

    /// Registers a customer and verifies the identity.
    pub async fn verified(&self, of: CustomerOf, email: &str) -> CustomerId {
        let customer = self.register(&self.caller, of, email).await;
        self.decide(customer, KycLevel::Basic, KycStatus::Valid).await;
        customer
    }

    /// The country of a customer.
    pub async fn country(&self, customer: CustomerId) -> Country {
        self.app.store.customer(customer).await.expect("a read").expect("a customer").country
    }
}
