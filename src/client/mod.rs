//! A safe Rust API over the objects that C uses: the same connections, the
//! same objects, the same values. Nothing is kept twice.
//!
//! Requests are queued and sent by the next wait, so that many can be in flight:
//!
//! ```no_run
//! use dhcpctl::client::{Connection, Object, OpenFlags, Value};
//!
//! # fn main() -> Result<(), omapi::status::Status> {
//! let server = Connection::connect("127.0.0.1", 7911, None, None)?;
//! let lease = Object::new("lease")?;
//! lease.set("ip-address", &Value::Data(vec![192, 168, 4, 50]))?;
//! lease.open(&server, OpenFlags::default())?;
//! lease.wait(None)?;
//! for (name, value) in lease.values() {
//!     println!("{} = {value:?}", String::from_utf8_lossy(&name));
//! }
//! # Ok(())
//! # }
//! ```
//!
//! All of it may be used from any thread. A [`Status`] has the number that C
//! sees, and its text.

#[allow(unsafe_code)] // calls of the object model
mod safe_api;

use crate::object::data::Datum;
use crate::object::refs::ObjectRef;
use crate::remote::remote_object::RequestKind;
use omapi::status::Status;
use std::ffi::{CString, OsStr};
use std::time::Instant;

/// A key for signing; see [`Connection::connect`]. Counted, as all handles
/// here: a clone is the same key.
#[derive(Clone)]
pub struct Key(ObjectRef);

impl Key {
    /// A key with that name, an algorithm such as "hmac-sha256", and the binary
    /// secret (not base64). Whether they are right, the server says. The copy
    /// of the secret is erased with the key.
    ///
    /// # Errors
    /// `DHCP_R_INVALIDARG` for a NUL in a name, `ISC_R_NOMEMORY`.
    pub fn new(
        name: impl AsRef<[u8]>,
        algorithm: impl AsRef<[u8]>,
        secret: &[u8],
    ) -> Result<Self, Status> {
        safe_api::initialize()?;
        safe_api::new_key(&c_string(name)?, &c_string(algorithm)?, secret).map(Self)
    }
}

fn c_string(text: impl AsRef<[u8]>) -> Result<CString, Status> {
    CString::new(text.as_ref()).map_err(|_| Status::INVALID_ARGUMENT)
}

/// What is wrong with the map that puts Kea servers in the place of others, in
/// words: where it is, and in which line. `None` if nothing is.
#[must_use]
pub fn map_complaint() -> Option<String> {
    safe_api::map_complaint()
}

/// A connection to a server. It is closed when the last clone is dropped.
#[derive(Clone)]
pub struct Connection(std::sync::Arc<Handle>);

struct Handle(ObjectRef);

impl Drop for Handle {
    fn drop(&mut self) {
        // The handle alone does not keep the socket: that is the C rule.
        let _ = safe_api::disconnect(&self.0, true);
    }
}

impl Connection {
    /// Connects to a name or address, and authenticates with `key`. The
    /// deadline does not limit the resolving of a name.
    ///
    /// # Errors
    /// `DHCP_R_HOSTUNKNOWN`, the system's reason, `ISC_R_TIMEDOUT`, or the
    /// server's status when it does not accept the key; and what is wrong with
    /// the map of servers (see [`map_complaint`]).
    pub fn connect(
        host: &(impl AsRef<OsStr> + ?Sized),
        port: u16,
        key: Option<&Key>,
        deadline: Option<Instant>,
    ) -> Result<Self, Status> {
        safe_api::initialize()?;
        let handle = safe_api::connect(host, port, key.map(|k| &k.0), deadline)?;
        Ok(Self(std::sync::Arc::new(Handle(handle))))
    }

    /// False when the connection is known to be lost or closed. It is noticed
    /// in waits only.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        safe_api::is_connected(&self.0.0)
    }

    /// Sends any command to a Kea server and waits for its answer.
    /// `arguments` are in JSON, a map or a list. That Kea refuses the command
    /// is in the answer, and no error.
    ///
    /// # Errors
    /// `ISC_R_NOTIMPLEMENTED` when the server is no Kea, `DHCP_R_INVALIDARG`
    /// when the arguments are no JSON, or why there is no answer.
    pub fn kea_command(
        &self,
        command: impl AsRef<[u8]>,
        arguments: Option<&[u8]>,
        deadline: Option<Instant>,
    ) -> Result<KeaAnswer, RequestError> {
        self.kea_request(command.as_ref(), arguments)
            .map_err(RequestError::Unanswered)
            .and_then(|request| {
                request.wait(deadline)?;
                KeaAnswer::of(&request).ok_or(RequestError::Unanswered(Status::UNEXPECTED))
            })
    }

    /// Queues a command.
    fn kea_request(&self, command: &[u8], arguments: Option<&[u8]>) -> Result<Object, Status> {
        if !safe_api::is_kea(&self.0.0)? {
            return Err(Status::NOT_IMPLEMENTED);
        }
        let request = Object::new("kea-command")?;
        request.set("command", &Value::Data(command.to_vec()))?;
        if let Some(json) = arguments {
            request.set("arguments", &Value::Data(json.to_vec()))?;
        }
        request.open(self, OpenFlags::default())?;
        Ok(request)
    }

    /// Closes the connection; all clones are disconnected.
    ///
    /// # Errors
    /// `DHCP_R_INVALIDARG` when it was not connected any more.
    pub fn disconnect(self) -> Result<(), Status> {
        safe_api::disconnect(&self.0.0, true)
    }
}

/// What Kea answered to a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeaAnswer {
    /// 0 success, 1 error, 2 unknown command, 3 nothing found, 4 conflict ...
    pub result: u32,
    /// The whole answer, in JSON on one line.
    pub reply: Vec<u8>,
}

impl KeaAnswer {
    fn of(request: &Object) -> Option<Self> {
        let bytes = |name| match request.get(name)? {
            Value::Data(bytes) | Value::String(bytes) => Some(bytes),
            Value::Int(_) | Value::Null | Value::Object => None,
        };
        Some(Self {
            result: u32::from_be_bytes(bytes("result")?.try_into().ok()?),
            reply: bytes("reply")?,
        })
    }
}

/// The value of an attribute. What came from the server is always `Data`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// No value; an update with it removes the attribute.
    Null,
    /// A number; four bytes in network byte order when it is sent.
    Int(i32),
    /// Text.
    String(Vec<u8>),
    /// Bytes.
    Data(Vec<u8>),
    /// An object that C code has set. It cannot be set here.
    Object,
}

impl Value {
    fn datum(&self) -> Result<Option<Datum<'_>>, Status> {
        match self {
            Self::Null => Ok(None),
            Self::Int(i) => Ok(Some(Datum::Int(*i))),
            Self::String(b) => Ok(Some(Datum::String(b))),
            Self::Data(b) => Ok(Some(Datum::Data(b))),
            Self::Object => Err(Status::INVALID_ARGUMENT),
        }
    }
}

impl From<Option<Datum<'_>>> for Value {
    fn from(datum: Option<Datum<'_>>) -> Self {
        match datum {
            None => Self::Null,
            Some(Datum::Int(i)) => Self::Int(i),
            Some(Datum::String(b)) => Self::String(b.to_vec()),
            Some(Datum::Data(b)) => Self::Data(b.to_vec()),
            Some(Datum::Object(_) | Datum::Other) => Self::Object,
        }
    }
}

/// Why a request did not succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RequestError {
    /// The server's answer.
    Refused(Status),
    /// There is no answer: `DHCP_R_CONNRESET` when the connection was lost,
    /// `ISC_R_TIMEDOUT` (it may still come), `ISC_R_NOMORE` without request.
    Unanswered(Status),
}

impl RequestError {
    /// The status, whether it is the server's or the library's.
    #[must_use]
    pub fn status(self) -> Status {
        match self {
            Self::Refused(status) | Self::Unanswered(status) => status,
        }
    }
}

impl From<RequestError> for Status {
    fn from(failure: RequestError) -> Self {
        failure.status()
    }
}

impl std::fmt::Display for RequestError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.status().fmt(f)
    }
}

impl std::error::Error for RequestError {}

/// What [`Object::open`] may do besides finding the object.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenFlags {
    /// Make the object when there is none.
    pub create: bool,
    /// Change the object to the attributes that were set.
    pub update: bool,
    /// With `create`: fail when there is one.
    pub exclusive: bool,
}

impl From<OpenFlags> for u32 {
    fn from(flags: OpenFlags) -> Self {
        u32::from(flags.create) | u32::from(flags.update) << 1 | u32::from(flags.exclusive) << 2
    }
}

/// What stands for an object of the server: a lease, host, group ... Counted:
/// a clone is the same object.
#[derive(Clone)]
pub struct Object(ObjectRef);

impl Object {
    /// An object of that type, without attributes. It needs no connection.
    ///
    /// # Errors
    /// `DHCP_R_INVALIDARG` for a NUL in the type, `ISC_R_NOMEMORY`.
    pub fn new(object_type: impl AsRef<[u8]>) -> Result<Self, Status> {
        safe_api::initialize()?;
        safe_api::new_remote(&c_string(object_type)?).map(Self)
    }

    /// Sets an attribute, here; the server hears of it with the next open or
    /// update.
    ///
    /// # Errors
    /// `DHCP_R_INVALIDARG` for [`Value::Object`], `ISC_R_NOTFOUND` when the
    /// object does not take the value, `ISC_R_NOMEMORY`.
    pub fn set(&self, name: impl AsRef<[u8]>, value: &Value) -> Result<(), Status> {
        safe_api::set(&self.0, name.as_ref(), value.datum()?)
    }

    /// The value of an attribute, if there is one and it is not null.
    #[must_use]
    pub fn get(&self, name: impl AsRef<[u8]>) -> Option<Value> {
        let mut found = None;
        safe_api::each_attribute(&self.0, &mut |n, datum| {
            if n == name.as_ref() && datum.is_some() && found.is_none() {
                found = Some(datum.into());
            }
        });
        found
    }

    /// All attributes with their values, in the order in which they were first
    /// set or received.
    #[must_use]
    pub fn values(&self) -> Vec<(Vec<u8>, Value)> {
        let mut values = Vec::new();
        safe_api::each_attribute(&self.0, &mut |name, datum| {
            values.push((name.to_vec(), datum.into()));
        });
        values
    }

    /// Queues a request to find the object that the attributes describe.
    ///
    /// # Errors
    /// `DHCP_R_INVALIDARG` when not connected, or for an attribute that cannot
    /// be sent.
    pub fn open(&self, server: &Connection, flags: OpenFlags) -> Result<(), Status> {
        self.ask(server, RequestKind::Open(flags.into()))
    }

    /// Queues a request to change the server's object to the attributes that
    /// were set.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn update(&self, server: &Connection) -> Result<(), Status> {
        self.ask(server, RequestKind::Update)
    }

    /// Queues a request for the present attributes.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn refresh(&self, server: &Connection) -> Result<(), Status> {
        self.ask(server, RequestKind::Refresh)
    }

    /// Queues a request to remove the object from the server.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn remove(&self, server: &Connection) -> Result<(), Status> {
        self.ask(server, RequestKind::Remove)
    }

    /// Queues a request for the object behind this one, the first for a new
    /// object; Kea servers only. Completes with `ISC_R_NOMORE` behind the
    /// last.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn next(&self, server: &Connection) -> Result<(), Status> {
        self.ask(server, RequestKind::Next)
    }

    fn ask(&self, server: &Connection, ask: RequestKind) -> Result<(), Status> {
        safe_api::send(&self.0, &server.0.0, ask)
    }

    /// Waits until the oldest request that no wait has returned yet is
    /// answered.
    ///
    /// # Errors
    /// What the server answered, or why there is no answer.
    pub fn wait(&self, deadline: Option<Instant>) -> Result<(), RequestError> {
        safe_api::wait(&self.0, deadline)
            .map_err(RequestError::Unanswered)?
            .ok()
            .map_err(RequestError::Refused)
    }

    /// What the server said besides the last status, if anything.
    #[must_use]
    pub fn message(&self) -> Option<String> {
        safe_api::message(&self.0).map(|m| String::from_utf8_lossy(&m).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_keep_their_order_and_types() {
        let object = Object::new("host").unwrap();
        object.set("a", &Value::Int(-5)).unwrap();
        object.set("b", &Value::String(b"text".into())).unwrap();
        object.set("c", &Value::Data(vec![1, 2])).unwrap();
        object.set("d", &Value::Null).unwrap();
        object.set("a", &Value::Data(vec![7])).unwrap();
        assert_eq!(
            object.values(),
            [
                (b"a".to_vec(), Value::Data(vec![7])),
                (b"b".to_vec(), Value::String(b"text".to_vec())),
                (b"c".to_vec(), Value::Data(vec![1, 2])),
                (b"d".to_vec(), Value::Null),
            ]
        );
        assert_eq!(object.get("c"), Some(Value::Data(vec![1, 2])));
        assert_eq!(object.get("d"), None);
        assert_eq!(object.get("e"), None);
        assert_eq!(object.clone().values().len(), 4);
    }

    #[test]
    fn what_cannot_be_done_is_an_error() {
        assert_eq!(Object::new("a\0b").err(), Some(Status::INVALID_ARGUMENT));
        let object = Object::new("host").unwrap();
        assert_eq!(
            object.set("a", &Value::Object),
            Err(Status::INVALID_ARGUMENT)
        );
        assert_eq!(
            object.wait(None),
            Err(RequestError::Unanswered(Status::NO_MORE))
        );
        assert_eq!(object.message(), None);
        assert_eq!(
            Connection::connect("", 7911, None, None).err(),
            Some(Status::HOST_UNKNOWN)
        );
    }

    #[test]
    fn flags_are_those_of_c() {
        let all = OpenFlags {
            create: true,
            update: true,
            exclusive: true,
        };
        assert_eq!(u32::from(all), 7);
        assert_eq!(u32::from(OpenFlags::default()), 0);
    }
}
