//! The part of the OpenTelemetry protocol that spans of requests need: the messages of `opentelemetry/proto/trace/v1` and
//! `…/common/v1` with the fields that are filled in. Numbers and types are those of the protocol.

use inkan_api::{RequestSpan, Surface};
use inkan_base::Timestamp;
use prost::Message;

#[derive(Clone, PartialEq, Message)]
struct ExportTraceServiceRequest {
    #[prost(message, repeated, tag = "1")]
    resource_spans: Vec<ResourceSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct ResourceSpans {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_spans: Vec<ScopeSpans>,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(message, repeated, tag = "1")]
    attributes: Vec<KeyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeSpans {
    #[prost(message, optional, tag = "1")]
    scope: Option<InstrumentationScope>,
    #[prost(message, repeated, tag = "2")]
    spans: Vec<Span>,
}

#[derive(Clone, PartialEq, Message)]
struct InstrumentationScope {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    version: String,
}

#[derive(Clone, PartialEq, Message)]
#[expect(clippy::struct_field_names, reason = "the names are those of the protocol")]
struct Span {
    #[prost(bytes = "vec", tag = "1")]
    trace_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    span_id: Vec<u8>,
    #[prost(bytes = "vec", tag = "4")]
    parent_span_id: Vec<u8>,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(int32, tag = "6")]
    kind: i32,
    #[prost(fixed64, tag = "7")]
    start_time_unix_nano: u64,
    #[prost(fixed64, tag = "8")]
    end_time_unix_nano: u64,
    #[prost(message, repeated, tag = "9")]
    attributes: Vec<KeyValue>,
    #[prost(message, optional, tag = "15")]
    status: Option<Status>,
}

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(int32, tag = "3")]
    code: i32,
}

#[derive(Clone, PartialEq, Message)]
struct KeyValue {
    #[prost(string, tag = "1")]
    key: String,
    #[prost(message, optional, tag = "2")]
    value: Option<AnyValue>,
}

#[derive(Clone, PartialEq, Message)]
struct AnyValue {
    #[prost(oneof = "Value", tags = "1, 3")]
    value: Option<Value>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
enum Value {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(int64, tag = "3")]
    Whole(i64),
}

/// `SPAN_KIND_SERVER`.
const SERVER: i32 = 2;
/// `STATUS_CODE_ERROR`.
const ERROR: i32 = 2;
const NAME: &str = "inkan";

/// A request that exports these spans.
pub(super) fn encode(spans: &[RequestSpan]) -> Vec<u8> {
    let version = env!("CARGO_PKG_VERSION");
    let resource =
        Resource { attributes: vec![text("service.name", NAME), text("service.version", version)] };
    let scope = InstrumentationScope { name: NAME.to_owned(), version: version.to_owned() };
    let spans = spans.iter().map(Span::from).collect();
    let scope_spans = vec![ScopeSpans { scope: Some(scope), spans }];
    let resource_spans = vec![ResourceSpans { resource: Some(resource), scope_spans }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

/// Names of attributes are those of the semantic conventions where there are any.
impl From<&RequestSpan> for Span {
    fn from(request: &RequestSpan) -> Self {
        let RequestSpan { start, duration, surface, method, route, status, .. } = request;
        let surface = match surface {
            Surface::Public => "public",
            Surface::Admin => "admin",
        };
        let database = i64::try_from(request.in_database.as_micros()).unwrap_or(i64::MAX);
        let mut attributes = vec![
            text("http.request.method", method),
            text("http.route", route),
            whole("http.response.status_code", i64::from(*status)),
            text("inkan.surface", surface),
            text("inkan.request.id", &request.request_id),
            whole("inkan.database.us", database),
        ];
        if let Some(outline) = request.outline {
            attributes.push(text("inkan.flow.state", outline.state));
            attributes.push(text("inkan.flow.action", outline.action));
            attributes.push(text("inkan.flow.outcome", outline.outcome));
        }
        Self {
            trace_id: start.trace.to_vec(),
            span_id: start.span.to_vec(),
            parent_span_id: start.parent.map(Vec::from).unwrap_or_default(),
            name: format!("{method} {route}"),
            kind: SERVER,
            start_time_unix_nano: nanos(start.at),
            end_time_unix_nano: nanos(start.at + *duration),
            attributes,
            status: (*status >= 500).then_some(Status { code: ERROR }),
        }
    }
}

fn text(key: &str, value: &str) -> KeyValue {
    attribute(key, Value::Text(value.to_owned()))
}

fn whole(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::Whole(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue { key: key.to_owned(), value: Some(AnyValue { value: Some(value) }) }
}

fn nanos(at: Timestamp) -> u64 {
    u64::try_from(at.micros()).unwrap_or_default().saturating_mul(1000)
}
