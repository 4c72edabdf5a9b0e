//! A small HTTP/1.1 client over one keep-alive connection. It costs little next to a measured server, and never repeats a request
//! by itself.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MAX_BODY_BYTES: usize = 64 << 20;
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(30);

#[derive(Debug, Clone)]
pub(crate) struct HttpResponse {
    pub(crate) status: u16,
    pub(crate) body: Vec<u8>,
}

impl HttpResponse {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<serde_json::Value, String> {
        serde_json::from_slice(&self.body).map_err(|error| format!("status {}, not JSON ({error}): {}", self.status, self.text()))
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A connection to one server, opened when needed and dropped after an error.
pub(crate) struct HttpClient {
    address: String,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
}

impl HttpClient {
    /// `address` is `host:port`.
    pub(crate) fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), stream: None, buffer: Vec::with_capacity(16 << 10) }
    }

    /// Changes the address.
    pub(crate) fn move_to(&mut self, address: &str) {
        if self.address != address {
            address.clone_into(&mut self.address);
            self.stream = None;
        }
    }

    /// Sends a request made by [`request`] and reads the answer.
    /// When the connection breaks or times out. The server may or may not have processed the request.
    pub(crate) async fn send(&mut self, request: &[u8]) -> io::Result<HttpResponse> {
        let result = match tokio::time::timeout(RESPONSE_TIMEOUT, self.exchange(request)).await {
            Ok(result) => result,
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "timeout waiting for the answer")),
        };
        if result.is_err() {
            self.stream = None;
        }
        result
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<HttpResponse> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            none => {
                let stream = TcpStream::connect(&self.address).await?;
                stream.set_nodelay(true)?;
                none.insert(stream)
            }
        };
        stream.write_all(request).await?;
        self.buffer.clear();
        let (response, close) = read_response(stream, &mut self.buffer).await?;
        if close {
            self.stream = None;
        }
        Ok(response)
    }
}

async fn read_response(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<(HttpResponse, bool)> {
    let head_end = loop {
        if let Some(position) = find(buffer, b"\r\n\r\n") {
            break position;
        }
        read_more(stream, buffer).await?;
    };
    let head = std::str::from_utf8(&buffer[..head_end]).map_err(|_| invalid_data("the head is not text"))?;
    let mut lines = head.split("\r\n");
    let status: u16 = lines
        .next()
        .and_then(|line| line.split(' ').nth(1))
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| invalid_data("no status line"))?;
    let (mut length, mut chunked, mut close) = (None, false, false);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        let value = value.trim();
        if name.eq_ignore_ascii_case("content-length") {
            length = value.parse::<usize>().ok();
        } else if name.eq_ignore_ascii_case("transfer-encoding") {
            chunked = value.eq_ignore_ascii_case("chunked");
        } else if name.eq_ignore_ascii_case("connection") {
            close = value.eq_ignore_ascii_case("close");
        }
    }
    let start = head_end + 4;
    let body = if chunked {
        read_chunks(stream, buffer, start).await?
    } else {
        let length = if status == 204 { 0 } else { length.ok_or_else(|| invalid_data("no content-length"))? };
        if length > MAX_BODY_BYTES {
            return Err(invalid_data("the body is too long"));
        }
        while buffer.len() < start + length {
            read_more(stream, buffer).await?;
        }
        buffer[start..start + length].to_vec()
    };
    Ok((HttpResponse { status, body }, close))
}

async fn read_chunks(stream: &mut TcpStream, buffer: &mut Vec<u8>, start: usize) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    let mut position = start;
    loop {
        let line_end = loop {
            match find(&buffer[position..], b"\r\n") {
                Some(offset) => break position + offset,
                None => read_more(stream, buffer).await?,
            }
        };
        let size = std::str::from_utf8(&buffer[position..line_end]).ok().and_then(|text| usize::from_str_radix(text.trim(), 16).ok());
        let size = size.filter(|size| body.len() + size <= MAX_BODY_BYTES).ok_or_else(|| invalid_data("invalid chunk size"))?;
        let (from, to) = (line_end + 2, line_end + 2 + size);
        while buffer.len() < to + 2 {
            read_more(stream, buffer).await?;
        }
        body.extend_from_slice(&buffer[from..to]);
        position = to + 2;
        if size == 0 {
            return Ok(body);
        }
    }
}

async fn read_more(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_buf(buffer).await? {
        0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the connection was closed")),
        _ => Ok(()),
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let (first, rest) = needle.split_first()?;
    let mut position = 0;
    while let Some(offset) = haystack[position..].iter().position(|byte| byte == first) {
        position += offset + 1;
        if haystack[position..].starts_with(rest) {
            return Some(position - 1);
        }
    }
    None
}

fn invalid_data(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// The bytes of a request. `token` is sent in the header `auth`; a body is JSON.
pub(crate) fn request(method: &str, path: &str, token: &str, body: Option<&str>) -> Vec<u8> {
    let length = body.map(|body| body.len().to_string());
    let mut pieces = vec![method, " ", path, " HTTP/1.1\r\nhost: localhost\r\n"];
    if !token.is_empty() {
        pieces.extend(["auth: ", token, "\r\n"]);
    }
    match (body, &length) {
        (Some(body), Some(length)) => pieces.extend(["content-type: application/json\r\ncontent-length: ", length, "\r\n\r\n", body]),
        _ => pieces.push("\r\n"),
    }
    pieces.concat().into_bytes()
}
