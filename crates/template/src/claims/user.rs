//! The user as templates see it.

use super::path;
use crate::value::{MemberError, Object, Origin, Text, Value};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;

/// What templates can read of a user. Private metadata is not part of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct UserData {
    /// Identifier.
    pub user_id: String,
    /// Primary address, if any.
    pub email: Option<Email>,
    /// Empty if there is none, as are the following.
    pub username: String,
    /// Full name.
    pub name: String,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// Address of the picture.
    pub picture: String,
    /// Metadata that administrators write.
    pub public_metadata: Option<serde_json::Value>,
    /// Metadata that the user writes.
    pub unsafe_metadata: Option<serde_json::Value>,
}

/// An address of a user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Email {
    /// The address.
    pub address: String,
    /// Whether it is the primary one.
    pub is_primary: bool,
    /// Whether the user has shown to own it.
    pub is_verified: bool,
}

/// The root value, with the one entry `User`.
pub(super) fn root(data: &UserData) -> Value {
    let metadata = Metadata {
        public_metadata: data.public_metadata.clone().filter(|json| !json.is_null()),
        unsafe_metadata: data.unsafe_metadata.clone().filter(|json| !json.is_null()),
    };
    let user = User {
        user_id: data.user_id.clone(),
        email: data.email.clone().map(Arc::new),
        username: data.username.clone(),
        metadata: (!metadata.is_empty()).then(|| Arc::new(metadata)),
        name: data.name.clone(),
        family_name: data.family_name.clone(),
        given_name: data.given_name.clone(),
        picture: data.picture.clone(),
    };
    Value::Object(Arc::new(Root(Arc::new(user))))
}

#[derive(Debug)]
struct Root(Arc<User>);

/// Serialises to the text of `{{.User}}`; what is missing is left out.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are those of the text")]
struct User {
    user_id: String,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "inner")]
    email: Option<Arc<Email>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    username: String,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "inner")]
    metadata: Option<Arc<Metadata>>,
    #[serde(skip_serializing_if = "String::is_empty")]
    name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    family_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    given_name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    picture: String,
}

#[derive(Debug, Serialize)]
struct Metadata {
    #[serde(skip_serializing_if = "Option::is_none")]
    public_metadata: Option<serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    unsafe_metadata: Option<serde_json::Value>,
}

impl Metadata {
    fn is_empty(&self) -> bool {
        let empty = |json: &Option<serde_json::Value>| {
            json.as_ref().is_none_or(|json| json.as_object().is_some_and(serde_json::Map::is_empty))
        };
        empty(&self.public_metadata) && empty(&self.unsafe_metadata)
    }
}

impl Object for Root {
    fn member(&self, name: &str, args: &[Value]) -> Result<Value, MemberError> {
        match name {
            "User" => field(Value::Object(Arc::clone(&self.0) as Arc<dyn Object>), args),
            _ => Err(MemberError::Unknown),
        }
    }

    fn print(&self) -> Text {
        json(&BTreeMap::from([("user", &*self.0)]), Origin::Unsafe)
    }
}

impl Object for User {
    fn member(&self, name: &str, args: &[Value]) -> Result<Value, MemberError> {
        let written = |text: &str| Value::Text(Text::new(text, Origin::User));
        let value = match name {
            "UserID" => Value::text(self.user_id.as_str()),
            "Email" => object(self.email.as_ref()),
            "Username" => written(&self.username),
            "Metadata" => object(self.metadata.as_ref()),
            "Name" => written(&self.name),
            "GivenName" => written(&self.given_name),
            "FamilyName" => written(&self.family_name),
            "Picture" => written(&self.picture),
            _ => return Err(MemberError::Unknown),
        };
        field(value, args)
    }

    fn print(&self) -> Text {
        // Always counts as unsafe, so that the type of a claim does not depend on the user having such metadata.
        json(self, Origin::Unsafe)
    }
}

impl Object for Email {
    fn member(&self, name: &str, args: &[Value]) -> Result<Value, MemberError> {
        let value = match name {
            "Address" => Value::Text(Text::new(self.address.as_str(), Origin::User)),
            "IsPrimary" => Value::Bool(self.is_primary),
            "IsVerified" => Value::Bool(self.is_verified),
            _ => return Err(MemberError::Unknown),
        };
        field(value, args)
    }

    fn print(&self) -> Text {
        // Complete JSON of fixed shape: the address in it cannot change what stands around.
        json(self, Origin::Operator)
    }
}

impl Object for Metadata {
    fn member(&self, name: &str, args: &[Value]) -> Result<Value, MemberError> {
        let (part, origin) = match name {
            "Public" => (&self.public_metadata, Origin::Operator),
            "Unsafe" => (&self.unsafe_metadata, Origin::Unsafe),
            _ => return Err(MemberError::Unknown),
        };
        let path = path_of(args).map_err(MemberError::Arguments)?;
        let text = match (part, path) {
            (None, _) => String::new(),
            (Some(json), None) => json.to_string(),
            (Some(json), Some(path)) => path::query(json, &path).map_err(MemberError::Arguments)?,
        };
        Ok(Value::Text(Text::new(text, origin)))
    }

    fn print(&self) -> Text {
        json(self, Origin::Unsafe)
    }
}

/// The arguments joined with dots; nothing without arguments.
fn path_of(args: &[Value]) -> Result<Option<String>, String> {
    let parts = args.iter().map(|arg| match arg {
        Value::Text(text) => Ok(&*text.value),
        _ => Err("wants texts as arguments".to_owned()),
    });
    let parts = parts.collect::<Result<Vec<_>, _>>()?;
    Ok((!parts.is_empty()).then(|| parts.join(".")))
}

fn field(value: Value, args: &[Value]) -> Result<Value, MemberError> {
    if args.is_empty() { Ok(value) } else { Err(MemberError::NotCallable) }
}

fn object<T: Object + 'static>(part: Option<&Arc<T>>) -> Value {
    part.map_or(Value::Nil, |part| Value::Object(Arc::clone(part) as Arc<dyn Object>))
}

#[expect(clippy::ref_option, reason = "serde hands it over like this")]
fn inner<T: Serialize, S: serde::Serializer>(
    part: &Option<Arc<T>>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    part.as_deref().serialize(serializer)
}

fn json(value: &impl Serialize, origin: Origin) -> Text {
    // Names are strings and nothing here fails to serialise; an empty text would only print nothing.
    Text::new(serde_json::to_string(value).unwrap_or_default(), origin)
}
