//! The OpenAPI description. It is generated from the same table of calls that requests are dispatched by.

pub(crate) mod responses;
mod service;

use rampart_http::Call;
use rampart_http::call::Schemas;
use rampart_http::describe::{failures, part};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{HttpMethod, InfoBuilder, LicenseBuilder, OpenApi, Server};

use crate::state::Web;

/// The groups of calls with their descriptions, in the order of the documentation.
const GROUPS: &[(&str, &str)] = &[
    ("Common", "Tokens, customers, prices and assets."),
    ("OnRamp", "Customers buy coins with local money."),
    ("OffRamp", "Customers sell coins for local money."),
    ("Webhooks", "Events about customers and orders, delivered to your URL and kept in a log."),
    ("Validation", "Checks of identification and bank account numbers, for your own forms."),
    ("Service", "Health checks, metrics and this description."),
];

const INTRODUCTION: &str = "\
A ramp between fiat money and crypto assets. Register a customer, let the customer complete the identity form, then create orders to buy (`createPayment`) and to sell (`createRampoff`).

**Failures** have one body: `{\"status\":\"error\",\"error\":\"<code>\",\"message\":\"<a sentence>\",\"request_id\":\"…\"}`, with `errors` by field if fields are \
invalid, and with `data` for some error codes. The HTTP status depends on a setting of the partner: with `http_errors = rest` (default) every code has its own \
status, as listed for each call; with `http_errors = documented` business failures are answered with 200 and invalid fields with 422, while \
401, 429 and transport errors keep their status.

**Amounts** in requests are JSON numbers or decimal strings in major units, read exactly. A string (and every amount in a query) must not have more \
decimals than its asset: `20.000` for EUR has three decimals and is refused, because it may mean twenty thousand; only a single zero (`20.0`) is always accepted. **Times** are \
RFC 3339 in UTC with microseconds. **Whole numbers** may be written as `106`, `106.0` and `1.06e2`. \
Unknown JSON fields are ignored; `null` and blank texts count as absent. With the header `Idempotency-Key`, a repeated request returns the stored answer, marked by `Idempotent-Replayed: true`.

**Texts** must consist of visible characters. Control characters, bidirectional overrides, zero-width, unassigned and private-use characters in names, \
addresses and `external_id` are refused with `validation_failed`; joiners are accepted in scripts that need them.";

fn build(all: &[&Call<Web>], extra: Vec<OpenApi>) -> OpenApi {
    let mut whole = part(GROUPS, all);
    let mut schemas = Schemas::new();
    for (path, operation) in service::service(&mut schemas) {
        whole.paths.add_path_operation(path, vec![HttpMethod::Get], operation);
    }
    schemas.push(("Failure".into(), failures::schema()));
    let components = whole.components.get_or_insert_default();
    components.schemas.extend(schemas);
    components.responses = failures::shared_responses().collect();
    components.headers = failures::shared_headers();
    components.add_security_scheme(
        "auth",
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("auth", "The token from `authenticate`."))),
    );
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The token from `authenticate`, as `Authorization: Bearer`."))
        .build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    whole.info = InfoBuilder::new()
        .title("Rampart")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(INTRODUCTION))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    whole.servers = Some(vec![Server::new("/")]);
    for other in extra {
        whole.merge(other);
    }
    whole
}

/// The OpenAPI description of these calls and of additional ones, as indented JSON.
pub(crate) fn openapi(all: &[&Call<Web>], extra: Vec<OpenApi>) -> String {
    // Serialization cannot fail: all maps have string keys.
    build(all, extra).to_pretty_json().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use rampart_core::refusal::ErrorCode;
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn codes_are_documented_in_the_order_of_the_checks() {
        let whole: Value = serde_json::from_str(&crate::describe::openapi(crate::calls::ALL, Vec::new())).unwrap();
        for call in crate::calls::ALL {
            let operation = &whole["paths"][call.path()][call.method.as_str().to_ascii_lowercase()];
            for (status, response) in operation["responses"].as_object().unwrap() {
                let schema = &response["content"]["application/json"]["schema"];
                let is_listed = |code: &ErrorCode| match status.as_str() {
                    "200" => failures::business(&[*code]) == [*code],
                    status => code.status().to_string() == status,
                };
                let listed = schema.pointer("/allOf/1").or_else(|| schema.pointer("/oneOf/1/allOf/1"));
                let Some(listed) = listed.map(|only| &only["properties"]["error"]["enum"]) else { continue };
                let expected: Vec<&str> =
                    rampart_http::describe::codes(call).iter().filter(|code| is_listed(code)).map(|code| code.as_str()).collect();
                assert_eq!(*listed, json!(expected), "{} {status}", call.id);
            }
        }
    }
}
