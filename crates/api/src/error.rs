//! Errors of everything that is not a flow document (spec 01 §16.1).

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use inkan_store::StoreError;
use serde::Serialize;

/// Why a request failed, as the client is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ApiError {
    /// The request makes no sense; says which part.
    #[error("{0}")]
    BadRequest(&'static str),
    /// No valid session or key.
    #[error("Unauthorized")]
    Unauthorized,
    /// Not for this caller.
    #[error("Forbidden")]
    Forbidden,
    /// There is nothing at this path.
    #[error("Not Found")]
    NotFound,
    /// The path exists, but not for this method.
    #[error("Method Not Allowed")]
    MethodNotAllowed,
    /// The request took too long to arrive.
    #[error("Request Timeout")]
    RequestTimeout,
    /// The body is too large.
    #[error("Payload Too Large")]
    PayloadTooLarge,
    /// The body is of a type that is not read here.
    #[error("Unsupported Media Type")]
    UnsupportedMediaType,
    /// Too many or too large headers.
    #[error("Request Header Fields Too Large")]
    HeadersTooLarge,
    /// A bug; the log has the cause.
    #[error("Internal Server Error")]
    Internal,
    /// Too much to do, or the database is away.
    #[error("Service Unavailable")]
    Unavailable,
}

/// Seconds after which a client may try again when the server was busy.
pub(crate) const RETRY_AFTER: HeaderValue = HeaderValue::from_static("1");

impl ApiError {
    /// The HTTP status.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::RequestTimeout => StatusCode::REQUEST_TIMEOUT,
            Self::PayloadTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

/// The cause goes to the log, once, here.
impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) | StoreError::Retry => {
                tracing::warn!(error = %error, "the database could not serve a request");
                Self::Unavailable
            }
            StoreError::Conflict { .. } | StoreError::Bug(_) => {
                tracing::error!(error = %error, "a request failed");
                Self::Internal
            }
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response =
            json(self.status(), &Body { code: self.status().as_u16(), message: &self.to_string() });
        if self == Self::Unavailable {
            response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
        }
        response
    }
}

#[derive(Serialize)]
struct Body<'a> {
    code: u16,
    message: &'a str,
}

/// A JSON answer with a line end (spec 05 §5.3) that nobody keeps.
pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    let mut text = serde_json::to_vec(value).unwrap_or_default();
    text.push(b'\n');
    let mut response = no_store(text);
    *response.status_mut() = status;
    response
}

/// JSON text that nobody keeps, with 200.
pub(crate) fn no_store(text: impl Into<Bytes>) -> Response {
    text_answer(text.into(), HeaderValue::from_static("no-store"))
}

/// JSON text, with what caches may do with it.
pub(crate) fn text_answer(text: Bytes, cache_control: HeaderValue) -> Response {
    let mut response = Response::new(text.into());
    // Room for those that are common to all answers too.
    let mut headers = HeaderMap::with_capacity(8);
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(header::CACHE_CONTROL, cache_control);
    *response.headers_mut() = headers;
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_body_is_one_line_of_code_and_message() {
        let response = ApiError::NotFound.into_response();
        assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
        let body = axum::body::to_bytes(response.into_body(), 1000).await.unwrap();
        assert_eq!(body, "{\"code\":404,\"message\":\"Not Found\"}\n");
    }

    #[test]
    fn trouble_of_the_database_asks_to_come_back() {
        let error = ApiError::from(StoreError::Unavailable("x".into()));
        assert_eq!(error.into_response().headers()[header::RETRY_AFTER], "1");
    }
}
