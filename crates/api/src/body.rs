//! Reading a body within its limits.

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use hyper::body::Body;

use crate::{ApiError, Limits};

/// The whole body. Nothing beyond the limit is read, and nothing is waited for longer than the limit.
pub(crate) async fn read<B>(limits: &Limits, mut body: B) -> Result<Bytes, ApiError>
where
    B: Body<Data = Bytes> + Unpin,
{
    let announced = body.size_hint();
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if announced.lower() > limits.body as u64 {
        return Err(ApiError::PayloadTooLarge);
    }
    let all = async {
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
    };
    tokio::time::timeout(limits.body_timeout, all).await.unwrap_or(Err(ApiError::RequestTimeout))
}
