//! The way to a collector: one HTTP request per batch, over TLS for `https`.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use inkan_config::Otlp;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::timeout,
};
use tokio_rustls::{
    TlsConnector,
    rustls::{
        self, ClientConfig, RootCertStore,
        crypto::aws_lc_rs,
        pki_types::{InvalidDnsNameError, ServerName},
    },
};
use url::Url;

/// For one batch, connecting included.
const PATIENCE: Duration = Duration::from_secs(5);
/// Of the answer, of which only the status counts.
const MAX_ANSWER: usize = 64 * 1024;

/// Why a collector cannot be used as it is configured.
#[derive(Debug, thiserror::Error)]
pub enum CollectorError {
    /// The endpoint is no URL with a host.
    #[error("not an absolute http or https URL")]
    Url,
    /// The host is no name that a certificate could have.
    #[error(transparent)]
    Name(#[from] InvalidDnsNameError),
    /// There is nothing to verify the collector by.
    #[error("the system has no certificate authorities, so the collector cannot be verified")]
    NoAuthorities,
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] rustls::Error),
}

/// Why a batch was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExportError {
    #[error("the collector does not answer in time")]
    Slow,
    #[error("the collector cannot be reached: {0}")]
    Connection(#[from] std::io::Error),
    #[error("the collector speaks no HTTP: {0}")]
    Protocol(#[from] hyper::Error),
    #[error("the request could not be made: {0}")]
    Request(#[from] http::Error),
    #[error("the collector answered {0}")]
    Refused(StatusCode),
}

/// Where spans are sent to.
pub(crate) struct Collector {
    host: String,
    port: u16,
    path: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Collector {
    /// The configured one, if there is one.
    pub(crate) fn configured(config: &Otlp) -> Result<Option<Self>, CollectorError> {
        let endpoint = config.endpoint.trim();
        if endpoint.is_empty() {
            return Ok(None);
        }
        let url = Url::parse(endpoint).map_err(|_| CollectorError::Url)?;
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(CollectorError::Url);
        };
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let tls = match url.scheme() {
            "http" => None,
            "https" => Some((connector()?, ServerName::try_from(host.clone())?)),
            _ => return Err(CollectorError::Url),
        };
        let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
        Ok(Some(Self { host, port, path, tls }))
    }

    /// Hands over one batch.
    pub(super) async fn send(&self, batch: Vec<u8>) -> Result<(), ExportError> {
        timeout(PATIENCE, self.deliver(batch)).await.unwrap_or(Err(ExportError::Slow))
    }

    async fn deliver(&self, batch: Vec<u8>) -> Result<(), ExportError> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await?;
        match &self.tls {
            None => self.post(stream, batch).await,
            Some((connector, name)) => self.post(connector.connect(name.clone(), stream).await?, batch).await,
        }
    }

    async fn post<S>(&self, stream: S, batch: Vec<u8>) -> Result<(), ExportError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        let request = Request::post(&self.path)
            .header(header::HOST, format!("{host}:{}", self.port))
            .header(header::CONTENT_TYPE, "application/x-protobuf")
            .header(header::CONNECTION, "close")
            .body(Full::new(Bytes::from(batch)))?;
        let exchange = async {
            let answer = sender.send_request(request).await?;
            let status = answer.status();
            // What it says does not matter, but it is let finish.
            drop(Limited::new(answer.into_body(), MAX_ANSWER).collect().await);
            if status.is_success() { Ok(()) } else { Err(ExportError::Refused(status)) }
        };
        let mut exchange = std::pin::pin!(exchange);
        tokio::select! {
            done = &mut exchange => done,
            closed = connection => {
                closed?;
                exchange.await
            }
        }
    }
}

fn connector() -> Result<TlsConnector, CollectorError> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        return Err(CollectorError::NoAuthorities);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
