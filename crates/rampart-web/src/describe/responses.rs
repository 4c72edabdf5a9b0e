//! The `data` of answers: views of the core and the application, which carry their schemas, and answers of one word.

use utoipa::ToSchema;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{RefOr, Schema};

pub(crate) use rampart_app::{
    AssetsView, BankAccountView, EventView, IdentificationView, PaymentMethodView, QuoteView, RampoffCreatedView, RampoffQuoteView,
    RegisteredView, SubscriptionView, TokenGrant, TokenPriceView, TransferView,
};
pub(crate) use rampart_core::order::view::{KycView, PaymentView, RampoffView};

/// The schema of an answer that is always the same word.
macro_rules! word {
    ($name:ident, $about:literal, $word:literal) => {
        #[doc = $about]
        pub(crate) struct $name;

        impl utoipa::PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                ObjectBuilder::new().schema_type(Type::String).description(Some($about)).enum_values(Some([$word])).into()
            }
        }

        impl ToSchema for $name {}
    };
}

word!(SubscriptionCreated, "The subscription was created.", "subscription_created");
word!(SubscriptionUpdated, "The subscription was updated.", "subscription_updated");
word!(SubscriptionDeleted, "The subscription was deleted.", "subscription_deleted");
