//! Splits large response bodies into chunks, so that a connection buffers only what its reader takes.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::Error;
use axum::body::{Body, Bytes, HttpBody};
use hyper::body::{Frame, SizeHint};

const CHUNK_BYTES: usize = 16 * 1024;

/// A body that is passed on in chunks of at most [`CHUNK_BYTES`]. The chunks share the memory of the original.
#[derive(Debug)]
pub(crate) struct ChunkedBody {
    body: Body,
    buffer: Bytes,
}

impl From<Body> for ChunkedBody {
    fn from(body: Body) -> Self {
        Self { body, buffer: Bytes::new() }
    }
}

impl HttpBody for ChunkedBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.buffer.is_empty() {
            match ready!(Pin::new(&mut self.body).poll_frame(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => self.buffer = data,
                    Err(other) => return Poll::Ready(Some(Ok(other))),
                },
                ended => return Poll::Ready(ended),
            }
        }
        let length = self.buffer.len().min(CHUNK_BYTES);
        Poll::Ready(Some(Ok(Frame::data(self.buffer.split_to(length)))))
    }

    fn is_end_stream(&self) -> bool {
        self.buffer.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let remaining = u64::try_from(self.buffer.len()).unwrap_or(u64::MAX);
        let (mut hint, of_body) = (SizeHint::new(), self.body.size_hint());
        hint.set_lower(of_body.lower().saturating_add(remaining));
        if let Some(upper) = of_body.upper() {
            hint.set_upper(upper.saturating_add(remaining));
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
    async fn nothing_is_lost_and_no_chunk_is_large() {
        let large: Vec<u8> = (0..=255).cycle().take(CHUNK_BYTES * 3 + 5).collect();
        let chunks = [Bytes::from_static(b"first"), large.clone().into(), Bytes::from_static(b"last")];
        let all = [b"first", large.as_slice(), b"last"].concat();
        let streamed = Body::from_stream(stream::iter(chunks.map(Ok::<_, std::io::Error>)));
        for (body, size) in [(Body::from(all.clone()), Some(all.len() as u64)), (streamed, None)] {
            let mut chunked = ChunkedBody::from(body);
            assert_eq!(chunked.size_hint().exact(), size);
            let mut taken = Vec::new();
            while let Some(frame) = chunked.frame().await {
                let data = frame.unwrap().into_data().unwrap();
                assert!((1..=CHUNK_BYTES).contains(&data.len()));
                taken.extend_from_slice(&data);
                assert_eq!(chunked.size_hint().exact(), size.map(|size| size - taken.len() as u64));
            }
            assert!(taken == all);
        }
        assert!(ChunkedBody::from(Body::empty()).is_end_stream());
    }
}
