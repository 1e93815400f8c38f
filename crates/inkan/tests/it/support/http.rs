//! Requests over a real connection.

use std::{future::IntoFuture, net::SocketAddr, pin::Pin, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::TestApp;

/// The client's address where a test does not say another.
pub(crate) const CLIENT: &str = "203.0.113.1";

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Reply {
    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.to_vec()).expect("UTF-8")
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    /// A header as text; empty if it is not there, all lines joined if there are several.
    pub(crate) fn header(&self, name: &str) -> String {
        let lines = self.headers.get_all(name).iter().map(|value| value.to_str().expect("text"));
        lines.collect::<Vec<_>>().join(", ")
    }

    /// The generic error body (spec 01 §16.1) and no other.
    #[track_caller]
    pub(crate) fn assert_error(&self, status: u16, message: &str) {
        let text = format!("{{\"code\":{status},\"message\":\"{message}\"}}\n");
        assert_eq!((self.status, self.text()), (status, text));
        assert_eq!(self.header("content-type"), "application/json");
    }
}

/// A request that is sent when awaited.
pub(crate) struct Call {
    address: SocketAddr,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Bytes,
}

impl TestApp {
    /// `GET` on the public API.
    pub(crate) fn get(&self, path: &str) -> Call {
        self.call(Method::GET, path)
    }

    /// `POST` on the public API.
    pub(crate) fn post(&self, path: &str) -> Call {
        self.call(Method::POST, path)
    }

    /// Any method on the public API.
    pub(crate) fn call(&self, method: Method, path: &str) -> Call {
        Call::new(self.public(), method, path).header("x-forwarded-for", CLIENT)
    }

    /// `GET` on the admin API.
    pub(crate) fn admin(&self, path: &str) -> Call {
        let address = self.running().admin.unwrap();
        Call::new(address, Method::GET, path)
    }

    /// Where the public API listens.
    pub(crate) fn public(&self) -> SocketAddr {
        self.running().public.unwrap()
    }
}

impl Call {
    fn new(address: SocketAddr, method: Method, path: &str) -> Self {
        Self { address, method, path: path.to_owned(), headers: HeaderMap::new(), body: Bytes::new() }
            .header("host", &format!("localhost:{}", address.port()))
    }

    /// Sets a header.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers.insert(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        self
    }

    /// Adds a header line beside others of its name, as bytes.
    pub(crate) fn add_header(mut self, name: &str, value: &[u8]) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers.append(name, HeaderValue::from_bytes(value).unwrap());
        self
    }

    /// From another client address.
    pub(crate) fn ip(self, address: &str) -> Self {
        self.header("x-forwarded-for", address)
    }

    /// From a page of this origin.
    pub(crate) fn origin(self, origin: &str) -> Self {
        self.header("origin", origin)
    }

    /// With a session token in the header.
    pub(crate) fn bearer(self, token: &str) -> Self {
        self.header("authorization", &format!("Bearer {token}"))
    }

    /// With a session token in the cookie.
    pub(crate) fn cookie(self, token: &str) -> Self {
        self.header("cookie", &format!("hanko={token}"))
    }

    /// With a JSON body.
    pub(crate) fn json(self, value: &Value) -> Self {
        self.body("application/json", value.to_string())
    }

    /// With a body of any type.
    pub(crate) fn body(mut self, content_type: &str, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header("content-type", content_type)
    }

    async fn send(self) -> Reply {
        let stream = TcpStream::connect(self.address).await.unwrap();
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.unwrap();
        let connection = tokio::spawn(connection);
        let mut request = Request::builder().method(self.method).uri(&self.path);
        *request.headers_mut().unwrap() = self.headers;
        let answer = sender.send_request(request.body(Full::new(self.body)).unwrap()).await.unwrap();
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        drop(sender);
        drop(connection.await);
        Reply { status: StatusCode::as_u16(&parts.status), headers: parts.headers, body }
    }
}

impl IntoFuture for Call {
    type Output = Reply;
    type IntoFuture = Pin<Box<dyn Future<Output = Reply> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.send())
    }
}

/// Sends bytes as they are and reads until the server closes or has been silent for a moment.
pub(crate) async fn raw(app: &TestApp, bytes: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.public()).await.unwrap();
    // The server may close before everything is written.
    drop(stream.write_all(bytes).await);
    let mut answer = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(Ok(read @ 1..)) =
        tokio::time::timeout(Duration::from_secs(5), stream.read(&mut buffer)).await
    {
        answer.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8_lossy(&answer).into_owned()
}
