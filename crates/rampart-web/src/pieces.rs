//! Answers in pieces: of a large one, no more is made ready for a connection than its reader takes.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::Error;
use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

/// The most bytes of a piece.
const PIECE: usize = 16 * 1024;

/// A body that is handed on in pieces, each a part of the same memory.
#[derive(Debug)]
pub(crate) struct Pieces {
    body: Body,
    rest: Bytes,
}

impl From<Body> for Pieces {
    fn from(body: Body) -> Self {
        Self { body, rest: Bytes::new() }
    }
}

impl HttpBody for Pieces {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.rest.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.rest = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                ended => return Poll::Ready(ended),
            }
        }
        let length = self.rest.len().min(PIECE);
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let held = u64::try_from(self.rest.len()).unwrap_or(u64::MAX);
        let (mut hint, of_body) = (SizeHint::new(), self.body.size_hint());
        hint.set_lower(of_body.lower().saturating_add(held));
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper.saturating_add(held));
        }
        hint
    }
}

#[cfg(test)]
mod tests {
    use futures::stream;
    use http_body_util::BodyExt;

    use super::*;

    #[tokio::test]
    async fn nothing_is_lost_and_no_piece_is_large() {
        let large: Vec<u8> = (0..=255).cycle().take(PIECE * 3 + 5).collect();
        let chunks = [Bytes::from_static(b"first"), large.clone().into(), Bytes::from_static(b"last")];
        let all = [b"first", large.as_slice(), b"last"].concat();
        let streamed = Body::from_stream(stream::iter(chunks.map(Ok::<_, std::io::Error>)));
        for (body, size) in [(Body::from(all.clone()), Some(all.len() as u64)), (streamed, None)] {
            let mut pieces = Pieces::from(body);
            assert_eq!(pieces.size_hint().exact(), size);
            let mut taken = Vec::new();
            while let Some(frame) = pieces.frame().await {
                let data = frame.unwrap().into_data().unwrap();
                assert!((1..=PIECE).contains(&data.len()));
                taken.extend_from_slice(&data);
                assert_eq!(pieces.size_hint().exact(), size.map(|size| size - taken.len() as u64));
            }
            assert!(taken == all);
        }
        assert!(Pieces::from(Body::empty()).is_end_stream());
    }
}
