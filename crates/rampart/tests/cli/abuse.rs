//! What every route of the server refuses, whichever crate it comes from. The routes are those of the OpenAPI description and of
//! the table of pages: a new one is tested automatically, and fails here until this file knows what its identifiers name.

use serde_json::{Value, json};

use crate::serving::verified_customer;
use crate::support::{Answer, ENGINES, Engine, Installation, Server, send};

/// A route with its operation in the OpenAPI description. Pages have none.
struct Route {
    method: String,
    path: String,
    operation: Value,
}

impl Route {
    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn needs_token(&self) -> bool {
        self.operation["security"].as_array().is_some_and(|schemes| !schemes.is_empty())
    }

    fn takes_json(&self) -> bool {
        self.operation["requestBody"]["content"]["application/json"].is_object()
    }

    /// Its parameters in `path` or `query`.
    fn parameters(&self, location: &str) -> Vec<&Value> {
        self.operation["parameters"].as_array().into_iter().flatten().filter(|parameter| parameter["in"] == location).collect()
    }
}

fn routes(server: &Server) -> Vec<Route> {
    let description = server.get("/openapi.json").1;
    let mut routes = Vec::new();
    for (path, item) in description["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let mut operation = operation.clone();
            // References are resolved for the names of the fields.
            let schema = operation.pointer("/requestBody/content/application~1json/schema").cloned().unwrap_or_default();
            let fields = fields(&description, &schema);
            operation["fields"] = fields.into();
            routes.push(Route { method: method.to_ascii_uppercase(), path: path.clone(), operation });
        }
    }
    for page in rampart_web::routes() {
        if !routes.iter().any(|route| route.path == page.path && route.method == page.method.as_str()) {
            routes.push(Route { method: page.method.to_string(), path: page.path.to_owned(), operation: Value::Null });
        }
    }
    assert!(routes.iter().filter(|route| route.path.starts_with("/sandbox/")).count() > 15, "the sandbox routes are included");
    assert!(routes.iter().any(|route| route.path == "/kyc"), "the pages are included");
    routes
}

/// The names of the fields of a schema.
fn fields(description: &Value, schema: &Value) -> Vec<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return fields(description, description.pointer(&reference[1..]).unwrap());
    }
    let choices = ["oneOf", "anyOf", "allOf"].iter().filter_map(|several| schema[*several].as_array()).flatten();
    let own = schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    own.chain(choices.flat_map(|choice| fields(description, choice))).collect()
}

/// The resources of a partner, or identifiers that do not exist.
struct Resources {
    token: String,
    user: i64,
    payment: String,
    rampoff: String,
    external_id: String,
    quotes: [String; 2],
}

impl Resources {
    fn nonexistent() -> Self {
        let order = "0Do000000000000000000000a".to_owned();
        Self {
            token: String::new(),
            user: 987_654_321,
            payment: order.clone(),
            rampoff: order,
            external_id: "nonexistent".to_owned(),
            quotes: ["abc.def".to_owned(), "abc.def".to_owned()],
        }
    }

    /// Creates a partner with resources; the server continues with its token.
    fn of(installation: &Installation, server: &mut Server, name: &str) -> Self {
        installation.partner(server, name);
        let user = verified_customer(server);
        let mut resources = Self { token: server.token.clone(), user, external_id: format!("{name}-1"), ..Self::nonexistent() };
        let named = |mut body: Value, name: &str| {
            body["external_id"] = name.into();
            body
        };
        let made = |path: &str, body: &Value| server.data("POST", path, Some(&named(body.clone(), &format!("{name}-1"))));
        let (purchase, sale) = (resources.body("/api/createPayment"), resources.body("/api/createRampoff"));
        resources.payment = made("/api/createPayment", &purchase)["payment_id"].as_str().unwrap().to_owned();
        resources.rampoff = made("/api/createRampoff", &sale)["id"].as_str().unwrap().to_owned();
        let quote = |path: &str| server.data("GET", path, None)["quote_id"].as_str().unwrap().to_owned();
        let buy = quote("/api/quote?amount=50&symbol=USDC&chain=polygon&payment_type=card&fiat_symbol=EUR");
        resources.quotes = [buy, quote("/api/rampoffQuote?amount=50&symbol=USDC&blockchain=polygon&fiat_symbol=EUR")];
        server.data("POST", "/api/subscribeToWebhook", Some(&json!({"type": "PAY_IN", "url": "http://127.0.0.1:9/hooks"})));
        resources
    }

    /// A valid body for the calls that name resources.
    fn body(&self, path: &str) -> Value {
        match path {
            "/api/createPayment" => json!({
                "user_id": self.user, "payment_type": "card", "fiat_symbol": "EUR", "fiat_amount": 50, "coin_symbol": "USDC",
                "coin_chain": "polygon", "wallet": "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55",
            }),
            "/api/createRampoff" => json!({
                "user_id": self.user, "amount": 50, "symbol": "USDC", "blockchain": "polygon", "iban": "ES9121000418450200051332",
            }),
            "/api/setRefundAccount" => json!({"payment_id": self.payment, "refund_account": "ES9121000418450200051332"}),
            "/api/setRefundWallet" => {
                json!({"rampoff_id": self.rampoff, "refund_wallet": "0xB51b2ce243bb1F88880bC8D287EBbfd7F695Ac55"})
            }
            "/api/setPayoutAccount" => json!({"rampoff_id": self.rampoff, "iban": "ES9121000418450200051332"}),
            "/sandbox/kyc/{user_id}" => json!({"decision": "approve", "level": 2}),
            "/sandbox/bank/returns" => json!({"rampoff_id": self.rampoff, "reason": "AC04"}),
            _ => json!({}),
        }
    }

    /// The resource that a field names; `None` for a field that names nothing of a partner.
    fn named(&self, route: &Route, field: &str) -> Option<Value> {
        Some(match (field, route.path.as_str()) {
            ("user_id", _) => self.user.into(),
            ("payment_id", _) => self.payment.clone().into(),
            ("rampoff_id", _) | ("id", "/api/getRampoff") => self.rampoff.clone().into(),
            ("external_id", _) => self.external_id.clone().into(),
            ("quote_id", "/api/createPayment") => self.quotes[0].clone().into(),
            ("quote_id", "/api/createRampoff") => self.quotes[1].clone().into(),
            // Chains, methods and bank statements belong to no partner, and a type names the caller's own subscription.
            ("chain" | "method" | "line" | "type", _) => return None,
            _ => panic!("{}: which resource does {field} name? Add it here.", route.name()),
        })
    }
}

fn is_identifier(field: &str) -> bool {
    field == "id" || field.ends_with("_id")
}

/// The path and query of a route with all variables filled in.
fn target(route: &Route, mine: &Resources, change: Option<(&str, &Value)>) -> String {
    let plain = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let value = |name: &str, parameter: &Value| match change {
        Some((changed, value)) if changed == name => plain(value),
        _ if is_identifier(name) && name != "external_id" => plain(&mine.named(route, name).unwrap()),
        _ => match (&parameter["example"], name) {
            (Value::Null, "chain") => "polygon".to_owned(),
            (Value::Null, "type") => "PAY_IN".to_owned(),
            (Value::Null, "method") => "card".to_owned(),
            (Value::Null, _) => "x".to_owned(),
            (example, _) => plain(example),
        },
    };
    let mut target = route.path.clone();
    while let (Some(begin), Some(end)) = (target.find('{'), target.find('}')) {
        let name = target[begin + 1..end].to_owned();
        target.replace_range(begin..=end, &value(&name, &Value::Null));
    }
    let query: Vec<String> = route
        .parameters("query")
        .into_iter()
        .filter(|parameter| parameter["required"] == true || change.is_some_and(|(changed, _)| parameter["name"] == changed))
        .map(|parameter| {
            let name = parameter["name"].as_str().unwrap();
            format!("{name}={}", value(name, parameter).replace(' ', "+"))
        })
        .collect();
    if query.is_empty() { target } else { format!("{target}?{}", query.join("&")) }
}

fn send_json(server: &Server, route: &Route, target: &str, token: Option<&str>, body: Option<&str>) -> Answer {
    let length = body.unwrap_or_default().len().to_string();
    let mut headers: Vec<(&str, &str)> = token.map(|token| ("auth", token)).into_iter().collect();
    if body.is_some() {
        headers.extend([("content-type", "application/json"), ("content-length", &length)]);
    }
    server.send(&route.method, target, &headers, body.unwrap_or_default().as_bytes())
}

/// A server with a partner and its resources.
fn server(engine: Engine, name: &str) -> (Installation, Server, Resources) {
    // A short timeout for slow bodies.
    let installation = Installation::new(engine, name).with("RAMPART__SERVER__READ_TIMEOUT_MILLISECONDS", "1000");
    let mut server = installation.serve();
    let mine = Resources::of(&installation, &mut server, "mine");
    (installation, server, mine)
}

#[test]
fn nobody_gets_in_without_a_good_token() {
    for engine in ENGINES {
        let (_installation, server, mine) = server(engine, "tokens");
        let forged: String = mine.token.chars().rev().collect();
        for route in routes(&server).iter().filter(|route| route.needs_token()) {
            let (target, body) = (target(route, &mine, None), mine.body(&route.path).to_string());
            let body = Some(body.as_str()).filter(|_| route.takes_json());
            for token in [None, Some("x"), Some(""), Some(forged.as_str())] {
                let answer = send_json(&server, route, &target, token, body);
                let said = (answer.status, answer.body["error"].as_str());
                assert_eq!(said, (401, Some("authorization_incorrect")), "{} with {token:?}: {}", route.name(), answer.body);
            }
            let answer = send_json(&server, route, &target, Some(&mine.token), body);
            assert_ne!(answer.status, 401, "{}: {}", route.name(), answer.body);
        }
        server.stop();
    }
}

/// The resources as their partner sees them.
fn seen(server: &Server, resources: &Resources) -> Vec<Value> {
    let paths = [
        format!("/api/payment/{}", resources.payment),
        format!("/api/getRampoff?id={}", resources.rampoff),
        format!("/api/kyc/check?user_id={}", resources.user),
        "/api/webhooks".to_owned(),
        "/api/payments".to_owned(),
        "/api/rampoffs".to_owned(),
    ];
    paths.iter().map(|path| server.send("GET", path, &[("auth", &resources.token)], b"").body["data"].clone()).collect()
}

#[test]
fn what_is_anothers_is_as_if_it_were_not() {
    for engine in ENGINES {
        let (installation, mut server, mine) = server(engine, "tenants");
        let theirs = Resources::of(&installation, &mut server, "theirs");
        let nonexistent = Resources::nonexistent();
        let before = seen(&server, &theirs);
        let mut compared = 0;
        for route in routes(&server).iter().filter(|route| route.needs_token()) {
            let of =
                |location: &str| route.parameters(location).into_iter().map(|parameter| parameter["name"].as_str().unwrap().to_owned());
            // The external_id of a new order belongs to the caller, even if another partner has used it.
            let body_fields = route.operation["fields"].as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned());
            let body_fields = body_fields.filter(|name| is_identifier(name) && name != "external_id");
            // Every path variable is tested, whatever its name.
            let fields = of("path").chain(of("query").filter(|name| is_identifier(name)));
            let fields = fields.map(|name| (name, false)).chain(body_fields.map(|name| (name, true)));
            for (field, in_body) in fields.collect::<Vec<_>>() {
                let answers = [&nonexistent, &theirs, &mine].map(|whose| {
                    let value = whose.named(route, &field)?;
                    let mut body = mine.body(&route.path);
                    if in_body {
                        body[&field] = value.clone();
                    }
                    let target = target(route, &mine, (!in_body).then_some((field.as_str(), &value)));
                    let body = body.to_string();
                    let mut answer =
                        send_json(&server, route, &target, Some(&mine.token), Some(body.as_str()).filter(|_| route.takes_json()));
                    answer.body["request_id"] = Value::Null;
                    Some((answer.status, answer.body))
                });
                let [Some(nonexistent), Some(theirs), Some(mine)] = answers else { continue };
                assert_eq!(nonexistent, theirs, "{} distinguishes {field} of another partner from one that does not exist", route.name());
                assert_ne!(nonexistent, mine, "{} does not look at {field}", route.name());
                assert!(nonexistent.0 < 500 && mine.0 < 500, "{} {field}: {nonexistent:?} {mine:?}", route.name());
                compared += 1;
            }
        }
        assert!(compared >= 16, "{compared}");
        assert_eq!(seen(&server, &theirs), before, "the other partner's resources are unchanged");
        server.stop();
    }
}

#[test]
fn methods_and_bodies_that_a_route_does_not_take() {
    for engine in ENGINES {
        let (_installation, server, mine) = server(engine, "bodies");
        let all = routes(&server);
        let huge = vec![b' '; 1024 * 1024];
        let length = huge.len().to_string();
        for route in &all {
            let target = target(route, &mine, None);
            for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"] {
                if !all.iter().any(|other| other.path == route.path && other.method == method) {
                    let answer = server.send(method, &target, &[("auth", &mine.token), ("content-length", "0")], b"");
                    assert_eq!(answer.status, 405, "{method} {target}: {}", answer.body);
                    let allowed =
                        answer.head.lines().find_map(|line| line.strip_prefix("allow: ")).unwrap_or_default().to_ascii_uppercase();
                    assert!(allowed.contains(&route.method), "{method} {target}: {allowed:?}");
                }
            }
            let headers = [("auth", mine.token.as_str()), ("content-type", "application/json"), ("content-length", &length)];
            let answer = server.send(&route.method, &target, &headers, &huge);
            assert_eq!(answer.status, 413, "{}: {}", route.name(), answer.body);
            if !route.takes_json() || !route.needs_token() {
                continue;
            }
            for kind in ["text/plain", "application/xml", "application/json+x"] {
                let headers = [("auth", mine.token.as_str()), ("content-type", kind), ("content-length", "2")];
                let answer = server.send(&route.method, &target, &headers, b"{}");
                assert_eq!(answer.body["error"], "unsupported_media_type", "{} as {kind}", route.name());
            }
            for body in ["{", "nonsense"] {
                let answer = send_json(&server, route, &target, Some(&mine.token), Some(body));
                assert_eq!(answer.body["error"], "malformed_json", "{} with {body}: {}", route.name(), answer.body);
            }
            // The sandbox may ignore unknown fields. However deep the nesting, it must answer.
            for body in ["[".repeat(60_000), format!("{{\"x\":{}1{}}}", "[".repeat(500), "]".repeat(500))] {
                let answer = send_json(&server, route, &target, Some(&mine.token), Some(&body));
                assert!(answer.status < 500, "{}: {}", route.name(), answer.body);
            }
        }
        server.stop();
    }
}

#[test]
fn bodies_that_do_not_arrive() {
    for engine in ENGINES {
        let (_installation, server, mine) = server(engine, "slow");
        let all = routes(&server);
        // All at once, so that the timeouts run in parallel.
        std::thread::scope(|scope| {
            let asked = all.iter().map(|route| {
                let (address, mine) = (server.address.as_str(), &mine);
                let waiting = scope.spawn(move || {
                    let headers = [("auth", mine.token.as_str()), ("content-type", "application/json"), ("content-length", "100")];
                    send(address, &route.method, &target(route, mine, None), &headers, b"{\"a\":").status
                });
                (route, waiting)
            });
            for (route, waiting) in asked.collect::<Vec<_>>() {
                assert_eq!(waiting.join().unwrap(), 408, "{}", route.name());
            }
        });
        server.stop();
    }
}

/// Every route refuses requests that a proxy might interpret differently.
#[test]
fn requests_that_are_no_http() {
    let (_installation, server, mine) = server(Engine::Sqlite, "framing");
    for route in routes(&server) {
        let target = target(&route, &mine, None);
        let chunked = ("transfer-encoding", "chunked");
        let kind = ("content-type", "application/json");
        for (headers, body) in [
            (vec![kind, chunked], &b"zz\r\n{}\r\n0\r\n\r\n"[..]),
            (vec![kind, ("transfer-encoding", "gzip, chunked")], b"2\r\n{}\r\n0\r\n\r\n"),
            (vec![kind, ("host", "other.example")], b""),
        ] {
            let answer = server.send(&route.method, &target, &[headers.as_slice(), &[("auth", &mine.token)]].concat(), body);
            let is_page = answer.head.contains("text/html");
            assert_eq!(answer.status, 400, "{} {headers:?}: {}", route.name(), answer.body);
            assert!(is_page || answer.body["error"] == "malformed_request", "{} {headers:?}: {}", route.name(), answer.body);
        }
    }
    server.stop();
}
