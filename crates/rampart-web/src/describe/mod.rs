//! The OpenAPI description. It is generated from the same table of calls as the router.

mod calls;
mod failures;
mod fields;
pub(crate) mod responses;

pub(crate) use fields::BLANK;
use utoipa::ToSchema;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Components, ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Paths, Ref, RefOr, Schema, Server,
};

use crate::call::{Call, Schemas};

/// Adds the schema of a type, with all schemas it refers to, and returns the reference to it.
pub(crate) fn described<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    T::schemas(schemas);
    schemas.push((T::name().into_owned(), T::schema()));
    Ref::from_schema_name(T::name()).into()
}

/// Like [`described`], for a list of the type.
pub(crate) fn described_list<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    let item = described::<T>(schemas);
    Schema::from(utoipa::openapi::schema::ArrayBuilder::new().items(item)).into()
}

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

fn build(all: &[&Call], extra: Vec<OpenApi>) -> OpenApi {
    let mut schemas = Schemas::new();
    let mut paths = Paths::new();
    for call in all {
        for path in call.paths {
            paths.add_path_operation(*path, vec![calls::method(call)], calls::operation(call, path, &mut schemas));
        }
    }
    for (path, operation) in calls::service(&mut schemas) {
        paths.add_path_operation(path, vec![utoipa::openapi::HttpMethod::Get], operation);
    }
    schemas.push(("Failure".into(), failures::schema()));
    let mut components: Components = ComponentsBuilder::new().schemas_from_iter(schemas).build();
    components.responses = failures::shared_responses().collect();
    components.add_security_scheme(
        "auth",
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("auth", "The token from `authenticate`."))),
    );
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("The token from `authenticate`, as `Authorization: Bearer`."))
        .build();
    components.add_security_scheme("bearer", SecurityScheme::Http(bearer));
    let info = InfoBuilder::new()
        .title("Rampart")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(INTRODUCTION))
        .license(Some(LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build()))
        .build();
    let tags = GROUPS.iter().map(|(name, about)| TagBuilder::new().name(*name).description(Some(*about)).build());
    let mut whole = OpenApiBuilder::new()
        .info(info)
        .servers(Some([Server::new("/")]))
        .paths(paths)
        .components(Some(components))
        .tags(Some(tags.collect::<Vec<_>>()))
        .build();
    for other in extra {
        whole.merge(other);
    }
    whole
}

/// The OpenAPI description of these calls and of the mounted routers, as indented JSON.
pub(crate) fn openapi(all: &[&Call], extra: Vec<OpenApi>) -> String {
    // Serialization cannot fail: all maps have string keys.
    build(all, extra).to_pretty_json().unwrap_or_default()
}
