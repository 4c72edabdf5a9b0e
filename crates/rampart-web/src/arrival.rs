//! The arrival of a body: as much of it as is allowed, and what of it is there already.

use axum::body::{Body, Bytes, HttpBody};
use futures::FutureExt;
use http_body_util::BodyExt;
use rampart_core::refusal::ErrorCode;

/// How much of a body that is too large is still taken, so that the caller gets to read the answer instead of
/// meeting a closed connection.
const MOST_DISCARDED: usize = 16 * 1024 * 1024;

/// A body on its way. Only as many bytes as are allowed are ever held.
#[derive(Debug)]
pub(crate) struct Arrival {
    body: Body,
    limit: usize,
    /// How many bytes have arrived.
    length: usize,
    /// How many frames have arrived.
    frames: usize,
    /// The first bytes, as they came; most bodies are one piece.
    first: Bytes,
    /// All bytes, if there were more.
    held: Vec<u8>,
}

impl Arrival {
    pub(crate) const fn new(body: Body, limit: usize) -> Self {
        Self { body, limit, length: 0, frames: 0, first: Bytes::new(), held: Vec::new() }
    }

    /// Takes what has arrived already, and says whether that is everything. Nothing is waited for: the connection gives a
    /// piece whenever the one before was taken, for as long as it has any.
    pub(crate) async fn is_there(&mut self) -> Result<bool, ErrorCode> {
        loop {
            let before = self.frames;
            if let Some(ended) = self.rest().now_or_never() {
                return ended.map(|()| true);
            }
            // What is too large is discarded for as long as it comes, which is a wait.
            if self.frames == before || self.length > self.limit {
                return Ok(false);
            }
            tokio::task::yield_now().await;
        }
    }

    /// Takes everything that is still to come. Whoever stops waiting for it may go on later.
    pub(crate) async fn rest(&mut self) -> Result<(), ErrorCode> {
        while self.length <= MOST_DISCARDED && !self.body.is_end_stream() {
            let Some(frame) = self.body.frame().await else { break };
            // It is cut in pieces that do not hold, or it ends too soon.
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
            (self.held, self.first) = (Vec::new(), Bytes::new());
        } else if self.held.is_empty() && self.first.is_empty() {
            self.first = data;
        } else {
            if self.held.is_empty() {
                self.held.extend_from_slice(&self.first);
            }
            self.held.extend_from_slice(&data);
        }
    }

    /// All of it, once it has arrived.
    pub(crate) fn whole(self) -> Result<Bytes, ErrorCode> {
        if self.length > self.limit {
            Err(ErrorCode::BodyTooLarge)
        } else if self.held.is_empty() {
            Ok(self.first)
        } else {
            Ok(self.held.into())
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
        let mut arrival = Arrival::new(body, limit);
        arrival.rest().await?;
        arrival.whole().map(|body| body.len())
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
    async fn what_is_there_is_told_from_what_is_still_to_come() {
        // Each piece is given when the one before was taken, as connections do.
        let pieces = |count: usize| {
            stream::unfold(0, move |given| async move {
                if given > 0 {
                    tokio::task::yield_now().await;
                }
                (given < count).then(|| (Ok::<_, std::io::Error>(vec![b'x'; 2]), given + 1))
            })
        };
        let mut there = Arrival::new(Body::from_stream(pieces(5)), 10);
        assert_eq!(there.is_there().await, Ok(true));
        assert_eq!(there.whole().unwrap().len(), 10);
        let mut too_large = Arrival::new(Body::from_stream(pieces(50)), 10);
        assert_eq!(too_large.is_there().await, Ok(false));
        too_large.rest().await.unwrap();
        assert_eq!(too_large.whole().unwrap_err(), ErrorCode::BodyTooLarge);
        let (mut sender, rest) = futures::channel::mpsc::unbounded();
        let mut slow = Arrival::new(Body::from_stream(rest), 10);
        assert_eq!(slow.is_there().await, Ok(false));
        sender.start_send(Ok::<_, std::io::Error>("ab")).unwrap();
        assert_eq!(slow.is_there().await, Ok(false));
        sender.start_send(Ok("cd")).unwrap();
        drop(sender);
        slow.rest().await.unwrap();
        assert_eq!(slow.whole().unwrap(), "abcd");
    }
}
