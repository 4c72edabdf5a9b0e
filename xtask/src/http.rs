//! A small HTTP/1.1 client over one kept-alive connection: little cost of its own beside a server under measurement, and
//! nothing hidden that would repeat a request by itself.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A body longer than this is no answer of ours.
const MOST_BODY: usize = 64 << 20;

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body.
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    pub(crate) fn json(&self) -> Result<serde_json::Value, String> {
        serde_json::from_slice(&self.body).map_err(|error| format!("status {}, not JSON ({error}): {}", self.status, self.text()))
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// A connection to one server. It is opened when needed, and forgotten after any fault.
pub(crate) struct Client {
    address: String,
    stream: Option<TcpStream>,
    buffer: Vec<u8>,
    time_out: Duration,
}

impl Client {
    /// A client of the server at `host:port`.
    pub(crate) fn new(address: impl Into<String>) -> Self {
        Self { address: address.into(), stream: None, buffer: Vec::with_capacity(16 << 10), time_out: Duration::from_secs(30) }
    }

    /// Another address from now on.
    pub(crate) fn move_to(&mut self, address: &str) {
        if self.address != address {
            address.clone_into(&mut self.address);
            self.stream = None;
        }
    }

    /// Sends a request that [`request`] made, and reads the answer.
    ///
    /// # Errors
    /// When the connection breaks or falls silent: the server may have done what was asked, or not.
    pub(crate) async fn send(&mut self, request: &[u8]) -> io::Result<Answer> {
        let time_out = self.time_out;
        let result = match tokio::time::timeout(time_out, self.exchange(request)).await {
            Ok(result) => result,
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "no answer in time")),
        };
        if result.is_err() {
            self.stream = None;
        }
        result
    }

    async fn exchange(&mut self, request: &[u8]) -> io::Result<Answer> {
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
        let (answer, close) = read_answer(stream, &mut self.buffer).await?;
        if close {
            self.stream = None;
        }
        Ok(answer)
    }
}

async fn read_answer(stream: &mut TcpStream, buffer: &mut Vec<u8>) -> io::Result<(Answer, bool)> {
    let head_end = loop {
        if let Some(place) = find(buffer, b"\r\n\r\n") {
            break place;
        }
        read_more(stream, buffer).await?;
    };
    let head = std::str::from_utf8(&buffer[..head_end]).map_err(|_| fault("the head is not text"))?;
    let mut lines = head.split("\r\n");
    let status: u16 =
        lines.next().and_then(|line| line.split(' ').nth(1)).and_then(|code| code.parse().ok()).ok_or_else(|| fault("no status line"))?;
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
        let length = if status == 204 { 0 } else { length.ok_or_else(|| fault("no length"))? };
        if length > MOST_BODY {
            return Err(fault("the body is too long"));
        }
        while buffer.len() < start + length {
            read_more(stream, buffer).await?;
        }
        buffer[start..start + length].to_vec()
    };
    Ok((Answer { status, body }, close))
}

async fn read_chunks(stream: &mut TcpStream, buffer: &mut Vec<u8>, start: usize) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    let mut place = start;
    loop {
        let line_end = loop {
            match find(&buffer[place..], b"\r\n") {
                Some(offset) => break place + offset,
                None => read_more(stream, buffer).await?,
            }
        };
        let size = std::str::from_utf8(&buffer[place..line_end]).ok().and_then(|text| usize::from_str_radix(text.trim(), 16).ok());
        let size = size.filter(|size| body.len() + size <= MOST_BODY).ok_or_else(|| fault("a chunk's size"))?;
        let (from, to) = (line_end + 2, line_end + 2 + size);
        while buffer.len() < to + 2 {
            read_more(stream, buffer).await?;
        }
        body.extend_from_slice(&buffer[from..to]);
        place = to + 2;
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
    let mut place = 0;
    while let Some(offset) = haystack[place..].iter().position(|byte| byte == first) {
        place += offset + 1;
        if haystack[place..].starts_with(rest) {
            return Some(place - 1);
        }
    }
    None
}

fn fault(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}

/// The bytes of a request. `token` goes into the documented header `auth`; a body is JSON.
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
