//! The OpenAPI description, written from the table of calls that the router is built from.

mod calls;
mod failures;
mod fields;
mod orders;
pub(crate) mod replies;

pub(crate) use fields::BLANK;
use utoipa::ToSchema;
use utoipa::openapi::security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Components, ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, Paths, Ref, RefOr, Schema, Server,
};

/// Named schemas that a description refers to.
pub(crate) type Schemas = Vec<(String, RefOr<Schema>)>;

/// Adds the schemas of an answer's `data` and gives the reference to it.
pub(crate) type Describe = fn(&mut Schemas) -> RefOr<Schema>;

/// The reference to a type's schema, which is added along with what it refers to.
pub(crate) fn described<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    T::schemas(schemas);
    schemas.push((T::name().into_owned(), T::schema()));
    Ref::from_schema_name(T::name()).into()
}

/// The same for a list of it.
pub(crate) fn described_list<T: ToSchema>(schemas: &mut Schemas) -> RefOr<Schema> {
    let item = described::<T>(schemas);
    Schema::from(utoipa::openapi::schema::ArrayBuilder::new().items(item)).into()
}

/// Groups of calls, in the order of the documentation.
const GROUPS: &[(&str, &str)] = &[
    ("Common", "Tokens, customers, prices and what is traded."),
    ("OnRamp", "Customers buy coins with money."),
    ("OffRamp", "Customers sell coins for money."),
    ("Webhooks", "What changes is told, and can be read again."),
    ("Validation", "Whether a number holds, for your own forms."),
    ("Service", "Health, and this description."),
];

const INTRODUCTION: &str = "\
A fiat to crypto ramp. Register a customer, let the customer pass the identity form, then buy (`createPayment`) and sell (`createRampoff`).

**Failures** have one body: `{\"status\":\"error\",\"error\":\"<code>\",\"message\":\"<a sentence>\",\"request_id\":\"…\"}`, with `errors` by field when fields are \
at fault and `data` where the code says so. Their HTTP status follows a setting of the partner: with `http_errors = rest` (default) every code has its fitting \
status, as listed for each call; with `http_errors = documented` business failures are answered with 200 and failures of fields with 422, while \
401, 429 and everything about transport stay as they are.

**Amounts** in requests are JSON numbers or decimal strings in major units, read exactly. A string (and everything in a query) is held to the figures that \
it has: `20.000` for EUR has three decimals and is refused, because it may mean twenty thousand; only a single zero (`20.0`) is always taken. **Times** are \
RFC 3339 in UTC with microseconds. **Whole numbers** may be written as `106`, `106.0` and `1.06e2`. \
Unknown JSON fields are ignored; `null` and blank texts count as absent. `Idempotency-Key` makes a repeated request return the stored answer, marked by `Idempotent-Replayed: true`.

**Texts** hold what persons can see. Control characters, overrides of the direction of writing, zero-width, unassigned and private-use characters in names, \
addresses and `external_id` are `validation_failed`; joiners are taken where a script is not written without them.";

fn build(extra: Vec<OpenApi>) -> OpenApi {
    let mut schemas = Schemas::new();
    let mut paths = Paths::new();
    for call in crate::calls::ALL {
        for path in std::iter::once(call.path).chain(call.also_at) {
            paths.add_path_operation(path, vec![calls::method(call)], calls::operation(call, path, &mut schemas));
        }
    }
    for (path, operation) in calls::service(&mut schemas) {
        paths.add_path_operation(path, vec![utoipa::openapi::HttpMethod::Get], operation);
    }
    schemas.push(("Failure".into(), failures::schema()));
    let mut components: Components = ComponentsBuilder::new().schemas_from_iter(schemas).build();
    components.responses = failures::shared_responses().collect();
    components.add_security_scheme("auth", SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("auth", "The token."))));
    let bearer = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("The token, as `Authorization: Bearer`.")).build();
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

/// The description of the partner API, with that of mounted routers, as indented JSON.
#[must_use]
pub fn openapi(extra: Vec<OpenApi>) -> String {
    // It is made of maps with text keys, which JSON can always hold.
    build(extra).to_pretty_json().unwrap_or_default()
}
