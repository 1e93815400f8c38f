//! Reading a body within its limits.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Body;

use crate::{ApiError, Limits};

/// How much of a refused body is still taken: a client that is cut off while it writes does not read the answer.
const DRAINED: u64 = 1 << 20;
/// How long for.
const DRAIN_TIME: Duration = Duration::from_millis(500);

/// The whole body. Nothing beyond the limit is kept, and nothing is waited for longer than the limit.
pub(crate) async fn read<B>(limits: &Limits, mut body: B) -> Result<Bytes, ApiError>
where
    B: Body<Data = Bytes> + Unpin,
{
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    let announced = body.size_hint().lower();
    let result = if announced > limits.body as u64 {
        Err(ApiError::PayloadTooLarge)
    } else {
        let all = tokio::time::timeout(limits.body_timeout, collect(limits, &mut body)).await;
        all.unwrap_or(Err(ApiError::RequestTimeout))
    };
    if result == Err(ApiError::PayloadTooLarge) && announced <= DRAINED {
        drop(tokio::time::timeout(DRAIN_TIME, drain(&mut body)).await);
    }
    result
}

async fn collect<B>(limits: &Limits, body: &mut B) -> Result<Bytes, ApiError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        // The client went away or sent nonsense; nobody will see the answer.
        let frame = frame.map_err(|_| ApiError::BadRequest("the body could not be read"))?;
        let Ok(data) = frame.into_data() else { continue };
        if read.len() + data.len() > limits.body {
            return Err(ApiError::PayloadTooLarge);
        }
        read.extend_from_slice(&data);
    }
    Ok(read.freeze())
}

async fn drain<B>(body: &mut B)
where
    B: Body<Data = Bytes> + Unpin,
{
    let mut left = DRAINED;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, |data| data.len() as u64);
        match left.checked_sub(length) {
            Some(rest) => left = rest,
            None => return,
        }
    }
}
