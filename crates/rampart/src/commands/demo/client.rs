//! The HTTP client of the demo partner.

use std::net::SocketAddr;

use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

const MAX_RESPONSE_BYTES: usize = 4 * 1024 * 1024;

pub(super) struct DemoClient {
    address: SocketAddr,
    pub(super) token: String,
}

impl DemoClient {
    pub(super) const fn new(address: SocketAddr) -> Self {
        Self { address, token: String::new() }
    }

    /// GET. Returns `data` of a successful answer.
    pub(super) async fn get(&self, path: &str) -> Result<Value, String> {
        self.call("GET", path, None, "application/json").await
    }

    /// POST with JSON. Returns `data` of a successful answer.
    pub(super) async fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.call("POST", path, Some(body.to_string()), "application/json").await
    }

    /// POST with a form. Returns `data` of a successful answer.
    pub(super) async fn post_form(&self, path: &str, form: &str) -> Result<Value, String> {
        self.call("POST", path, Some(form.to_owned()), "application/x-www-form-urlencoded").await
    }

    /// Opens a hosted page as a browser does.
    pub(super) async fn page(&self, url: &str) -> Result<(), String> {
        let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|slash| &rest[slash..])).unwrap_or(url);
        let (status, _) = self.send("GET", path, None, "text/html").await?;
        if status.is_success() { Ok(()) } else { Err(format!("the page {path} answers {status}")) }
    }

    async fn call(&self, method: &str, path: &str, body: Option<String>, kind: &str) -> Result<Value, String> {
        let (status, bytes) = self.send(method, path, body, kind).await?;
        let text = String::from_utf8_lossy(&bytes);
        let mut answer: Value = serde_json::from_str(&text).map_err(|error| format!("{method} {path}: {status}, {error}: {text}"))?;
        if !status.is_success() || answer["status"] == "error" {
            return Err(format!("{method} {path}: {status} {text}"));
        }
        Ok(answer["data"].take())
    }

    async fn send(&self, method: &str, path: &str, body: Option<String>, kind: &str) -> Result<(StatusCode, Bytes), String> {
        let describe = |error: &dyn std::fmt::Display| format!("{method} {path}: {error}");
        let stream = TcpStream::connect(self.address).await.map_err(|error| describe(&error))?;
        let (mut sender, connection) = http1::handshake::<_, Body>(TokioIo::new(stream)).await.map_err(|error| describe(&error))?;
        let connection = tokio::spawn(connection);
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, self.address.to_string());
        if !self.token.is_empty() {
            request = request.header("auth", &self.token);
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, kind);
        } else {
            request = request.header(header::ACCEPT, kind);
        }
        let request = request.body(body.map_or_else(Body::empty, Body::from)).map_err(|error| describe(&error))?;
        let response = sender.send_request(request).await.map_err(|error| describe(&error))?;
        let status = response.status();
        let bytes = Limited::new(response.into_body(), MAX_RESPONSE_BYTES).collect().await.map_err(|error| describe(&error))?.to_bytes();
        connection.abort();
        Ok((status, bytes))
    }
}
