//! Reads a request body up to a limit, and says whether it has arrived completely without waiting.

use axum::body::{Body, Bytes, HttpBody};
use futures::FutureExt;
use http_body_util::BodyExt;
use rampart_core::refusal::ErrorCode;

/// How much of a body that is too large is read and discarded, so that the caller receives the answer instead of a
/// connection reset.
const MAX_DISCARDED_BYTES: usize = 16 * 1024 * 1024;

/// A request body while it is being received. At most `limit` bytes are kept.
#[derive(Debug)]
pub struct BodyReader {
    body: Body,
    limit: usize,
    length: usize,
    frames: usize,
    /// The first frame. Most bodies have only one.
    first: Bytes,
    /// All bytes, if there is more than one frame.
    buffer: Vec<u8>,
}

impl BodyReader {
    /// A reader of a body of which at most `limit` bytes are kept.
    pub const fn new(body: Body, limit: usize) -> Self {
        Self { body, limit, length: 0, frames: 0, first: Bytes::new(), buffer: Vec::new() }
    }

    /// Reads what has arrived already, without waiting, and returns whether the body is complete. The connection provides the
    /// next frame once the previous one was taken, hence the loop.
    pub async fn read_available(&mut self) -> Result<bool, ErrorCode> {
        loop {
            let before = self.frames;
            if let Some(ended) = self.read_to_end().now_or_never() {
                return ended.map(|()| true);
            }
            // Discarding a body that is too large may take long: it needs a concurrency permit like any other.
            if self.frames == before || self.length > self.limit {
                return Ok(false);
            }
            tokio::task::yield_now().await;
        }
    }

    /// Reads the rest of the body. Cancel-safe: it can be called again.
    pub async fn read_to_end(&mut self) -> Result<(), ErrorCode> {
        while self.length <= MAX_DISCARDED_BYTES && !self.body.is_end_stream() {
            let Some(frame) = self.body.frame().await else { break };
            // Invalid chunked encoding, or the connection ended too early.
            let frame = frame.map_err(|_| ErrorCode::MalformedRequest)?;
            self.frames += 1;
            if let Ok(data) = frame.into_data() {
                self.take(data);
            }
        }
        Ok(())
    }

    fn take(&mut self, data: Bytes) {
        self.length = self.length.saturating_add(data.len());
        if self.length > self.limit {
            (self.buffer, self.first) = (Vec::new(), Bytes::new());
        } else if self.buffer.is_empty() && self.first.is_empty() {
            self.first = data;
        } else {
            if self.buffer.is_empty() {
                self.buffer.extend_from_slice(&self.first);
            }
            self.buffer.extend_from_slice(&data);
        }
    }

    /// The complete body, after [`read_to_end`](Self::read_to_end).
    pub fn into_bytes(self) -> Result<Bytes, ErrorCode> {
        if self.length > self.limit {
            Err(ErrorCode::BodyTooLarge)
        } else if self.buffer.is_empty() {
            Ok(self.first)
        } else {
            Ok(self.buffer.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::stream;

    fn chunks(sizes: &[usize]) -> Body {
        let chunks: Vec<Result<Vec<u8>, std::io::Error>> = sizes.iter().map(|size| Ok(vec![b'x'; *size])).collect();
        Body::from_stream(stream::iter(chunks))
    }

    async fn read_whole(body: Body, limit: usize) -> Result<usize, ErrorCode> {
        let mut reader = BodyReader::new(body, limit);
        reader.read_to_end().await?;
        reader.into_bytes().map(|body| body.len())
    }

    #[tokio::test]
    async fn bodies_are_bounded_however_they_arrive() {
        for (sizes, limit, expected) in [
            (&[][..], 10, Ok(0)),
            (&[10], 10, Ok(10)),
            (&[4, 6], 10, Ok(10)),
            (&[1, 1, 1], 10, Ok(3)),
            (&[11], 10, Err(ErrorCode::BodyTooLarge)),
            (&[5, 6], 10, Err(ErrorCode::BodyTooLarge)),
            (&[5, 6, 1, 1], 10, Err(ErrorCode::BodyTooLarge)),
        ] {
            assert_eq!(read_whole(chunks(sizes), limit).await, expected, "{sizes:?}");
        }
        let endless = Body::from_stream(stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b'x'; 65_536])));
        assert_eq!(read_whole(endless, 10).await.unwrap_err(), ErrorCode::BodyTooLarge);
    }

    #[tokio::test]
    async fn a_complete_body_is_distinguished_from_one_still_arriving() {
        // A frame is provided once the previous one was taken, as connections do.
        let frames = |count: usize| {
            stream::unfold(0, move |given| async move {
                if given > 0 {
                    tokio::task::yield_now().await;
                }
                (given < count).then(|| (Ok::<_, std::io::Error>(vec![b'x'; 2]), given + 1))
            })
        };
        let mut there = BodyReader::new(Body::from_stream(frames(5)), 10);
        assert_eq!(there.read_available().await, Ok(true));
        assert_eq!(there.into_bytes().unwrap().len(), 10);
        let mut too_large = BodyReader::new(Body::from_stream(frames(50)), 10);
        assert_eq!(too_large.read_available().await, Ok(false));
        too_large.read_to_end().await.unwrap();
        assert_eq!(too_large.into_bytes().unwrap_err(), ErrorCode::BodyTooLarge);
        let (mut sender, rest) = futures::channel::mpsc::unbounded();
        let mut slow = BodyReader::new(Body::from_stream(rest), 10);
        assert_eq!(slow.read_available().await, Ok(false));
        sender.start_send(Ok::<_, std::io::Error>("ab")).unwrap();
        assert_eq!(slow.read_available().await, Ok(false));
        sender.start_send(Ok("cd")).unwrap();
        drop(sender);
        slow.read_to_end().await.unwrap();
        assert_eq!(slow.into_bytes().unwrap(), "abcd");
    }
}
