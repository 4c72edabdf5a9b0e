//! The texts of the pages, one table per language. A missing text does not compile.

mod english;
mod spanish;

pub(crate) use english::ENGLISH;
pub(crate) use spanish::SPANISH;

use rampart_core::text::isolated;

macro_rules! texts {
    ($($name:ident)+) => {
        /// The texts of one language. `{0}` and `{1}` are placeholders for [`fill`].
        #[derive(Debug)]
        pub(crate) struct Texts {
            $(pub(crate) $name: &'static str),+
        }

        #[cfg(test)]
        impl Texts {
            /// Every key with its text.
            fn all(&self) -> Vec<(&'static str, &'static str)> {
                vec![$((stringify!($name), self.$name)),+]
            }
        }
    };
}

texts! {
    other_language sandbox_banner keep_private back_to refresh_now refreshes_itself errors_title optional choose tap_to_select cancel_edit

    kyc_title kyc_intro kyc_title_reinforced kyc_intro_reinforced kyc_known kyc_correct kyc_submit kyc_declaration
    kyc_processing kyc_processing_text kyc_valid kyc_valid_text kyc_valid_reinforced kyc_valid_reinforced_text kyc_raise
    kyc_failed kyc_failed_text kyc_reasons kyc_try_again kyc_no_retry kyc_banned kyc_banned_text
    kyc_leaving

    field_name field_company field_last_name field_last_name2 field_dob field_dob_hint field_phone field_city field_address
    field_address_state field_zipcode field_identification_type field_identification_number field_activity
    field_source_of_funds field_country field_email field_keep
    funds_salary funds_business funds_savings funds_investments funds_property funds_inheritance funds_pension funds_other

    fault_required fault_too_long fault_hidden fault_date fault_underage fault_choose fault_number
    fault_account fault_wallet fault_invalid

    document_government_id document_residence_permit document_passport document_cif document_rut document_curp document_rfc
    document_ced_ciu document_ced_ext document_ti document_nuip document_te document_ppt document_pep document_rc document_nit
    document_dni document_ce document_ruc document_cuit

    trigger_title trigger_intro trigger_reject trigger_processing trigger_retry trigger_reinforced trigger_slow trigger_else

    pay_title pay_intro you_pay you_receive fees_included to_wallet network method order expires
    minutes_left less_than_a_minute pay_now decline_now pay_sandbox pay_declined processor_failed try_again cancel cancel_confirm

    transfer_title see_instructions transfer_intro transfer_amount transfer_amount_hint account_iban account_cbu account_clabe account_cci account_other
    account_bank account_bank_other account_bank_code account_bank_code_hint account_type account_number account_key account_number_or_key
    account_checking account_savings account_vista account_rut
    account_hint_argentina account_hint_chile account_hint_colombia account_hint_mexico account_hint_peru account_hint_spain
    method_card method_psd2 see_status bic concept concept_hint own_account_hint destination_name from_own_account declare declared declare_hint

    status_title status_rampoff_title details transaction confirmations received bank_reference refund_transaction
    step_created step_declared step_paid step_coins step_confirmed step_coins_seen step_coins_final step_paying step_paid_out
    step_refund step_refunded step_expired step_cancelled step_failed step_hold now

    started started_text returned returned_text returned_full_link pending_bank pending_bank_text payment_received payment_received_text coins_sent coins_sent_text
    coins_confirmed_text expired expired_text expired_bank_text cancelled cancelled_text failed failed_text
    refund_pending refund_pending_text refunded refunded_text on_hold
    sell_created sell_created_text sell_confirming sell_confirming_text sell_received sell_received_text sell_paying sell_paying_text
    sell_finished sell_finished_text sell_returned sell_returned_text sell_expired_text sell_cancelled_text sell_refund_pending_text sell_refunded_text

    hold_amount hold_limit hold_identity hold_waits hold_foreign_payer hold_refund_destination hold_refund_failed hold_payout_failed hold_review
    exception_short exception_over exception_late exception_duplicate exception_wrong_asset exception_wrong_network exception_foreign_payer
    reversal_chargeback reversal_bank_return reversal_reorganisation

    deposit_title deposit_amount deposit_address deposit_only deposit_qr payout_to you_send

    refund_title_account refund_title_wallet refund_why_account refund_why_wallet refund_needed refund_given refund_waits refund_waits_for_a_person refund_give
    refund_name refund_wallet refund_wallet_hint refund_save

    not_found not_found_text link_ended link_ended_text too_many too_many_text unavailable unavailable_text unexpected unexpected_text
    foreign_post foreign_post_text bad_request bad_request_text expired_form request_number
}

/// Replaces the placeholders `{0}`, `{1}`. Values are bidi-isolated, so that right-to-left text does not affect the sentence.
pub(crate) fn fill(text: &str, values: &[&str]) -> String {
    let mut filled = text.to_owned();
    for (index, value) in values.iter().enumerate() {
        filled = filled.replace(&format!("{{{index}}}"), &isolated(value));
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_languages_say_something_and_take_the_same_values() {
        for ((key, spanish), (_, english)) in SPANISH.all().into_iter().zip(ENGLISH.all()) {
            assert!(!spanish.trim().is_empty() && !english.trim().is_empty(), "{key}");
            for place in ["{0}", "{1}", "{2}"] {
                assert_eq!(spanish.contains(place), english.contains(place), "{key} {place}");
            }
        }
    }

    #[test]
    fn values_are_put_in_place() {
        assert_eq!(fill("{0} de {1}", &["a", "b"]), "a de b");
    }
}
