//! What the requests of the partner API have in common, beside how any request is read (`rampart_http::request`).

pub mod common;
pub mod faults;

pub(crate) use faults::FieldFaults;
pub use rampart_http::request;
pub use rampart_http::request::{CompareAs, FieldKind, FieldSpec, InvalidFields, RequestFields, field};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CreatePayment, CreateRampoff, RegisterUser, SetPayoutAccount, SetRefundAccount, SetRefundWallet, SubscriptionRequest};

    #[test]
    fn the_parts_of_stored_fingerprints_stay() {
        use CompareAs::{Code, CodeIfSent, Decimal, Integer, Never, Text, Trimmed};
        type Parts = &'static [(&'static str, CompareAs)];
        let expected: [(&[FieldSpec], Parts); 7] = [
            (
                CreatePayment::FIELDS,
                &[
                    ("user_id", Integer),
                    ("external_id", Text),
                    ("payment_type", Code),
                    ("fiat_symbol", Code),
                    ("fiat_amount", Decimal),
                    ("coin_symbol", Code),
                    ("coin_chain", Code),
                    ("wallet", Trimmed),
                    ("callback_url", Trimmed),
                    ("quote_id", Trimmed),
                    ("refund_account", Trimmed),
                ],
            ),
            (
                CreateRampoff::FIELDS,
                &[
                    ("user_id", Integer),
                    ("amount", Decimal),
                    ("blockchain", Code),
                    ("symbol", Code),
                    ("iban", Trimmed),
                    ("bank_name", Text),
                    ("bank_code", Trimmed),
                    ("account_type", Trimmed),
                    ("external_id", Text),
                    ("quote_id", Trimmed),
                    ("refund_wallet", Trimmed),
                ],
            ),
            (SetRefundAccount::FIELDS, &[("payment_id", Trimmed), ("refund_account", Trimmed)]),
            (SetRefundWallet::FIELDS, &[("rampoff_id", Trimmed), ("refund_wallet", Trimmed)]),
            (
                SetPayoutAccount::FIELDS,
                &[("rampoff_id", Trimmed), ("iban", Trimmed), ("bank_name", Text), ("bank_code", Trimmed), ("account_type", Trimmed)],
            ),
            (SubscriptionRequest::FIELDS, &[("url", Text), ("type", Text), ("replay", CodeIfSent)]),
            (
                RegisterUser::FIELDS,
                &[
                    ("name", Text),
                    ("last_name", Text),
                    ("last_name2", Text),
                    ("phone", Text),
                    ("country", Text),
                    ("country_code", Text),
                    ("city", Text),
                    ("address", Text),
                    ("email", Text),
                    ("identification_number", Text),
                    ("identification_type", Text),
                    ("password", Never),
                    ("professional_activity", Text),
                    ("address_state", Text),
                    ("zipcode", Text),
                    ("dob", Text),
                    ("iban", Text),
                    ("bank_code", Text),
                    ("account_type", Text),
                    ("callback_url", Text),
                ],
            ),
        ];
        for (table, parts) in expected {
            assert_eq!(table.iter().map(|field| (field.name, field.compare)).collect::<Vec<_>>(), parts);
        }
    }

    #[test]
    fn what_is_beyond_the_bounds_is_refused_and_every_fault_is_named() {
        let body = format!(
            r#"{{"user_id":"99999999999999999999","external_id":"{}","callback_url":"javascript:alert(1)","payment_type":"card"}}"#,
            "x".repeat(129)
        );
        let refusal = RequestFields::from_json(CreatePayment::FIELDS, body.as_bytes()).unwrap_err().refusal;
        let named: Vec<_> = refusal.fields.iter().map(|(field, _)| field.as_str()).collect();
        assert_eq!(named, ["fiat_symbol", "fiat_amount", "coin_symbol", "wallet", "user_id", "external_id", "callback_url"]);
        assert_eq!(refusal.code, rampart_core::refusal::ErrorCode::FailMandatoryField);
    }
}
