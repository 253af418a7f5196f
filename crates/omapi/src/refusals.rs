//! Why a server refuses a request: the texts that dhcpd sends with a result
//! code (the message value `message`). Programs show them to people and compare
//! them, so every server side of this workspace takes them from this table.
//!
//! A code without a text here is sent alone. The code that belongs to a text
//! is in its comment; where there is none, it is the one of the cause.

use crate::status::Status;

/// A result code and its text; an empty text is not sent.
pub type Refusal = (Status, &'static str);

/// `ISC_R_NOTFOUND`: the keys of an open name nothing.
pub const NO_OBJECT_MATCHES: &str = "no object matches specification";
/// `ISC_R_NOTFOUND`: the handle names nothing, or nothing any more.
pub const NO_MATCHING_HANDLE: &str = "no matching handle";
/// The lookup of an open failed otherwise than by finding nothing.
pub const LOOKUP_FAILED: &str = "object lookup failed";
/// `ISC_R_EXISTS`: an exclusive create found the object.
pub const ALREADY_EXISTS: &str = "specified object already exists";
/// `ISC_R_NOTIMPLEMENTED`: there is no making objects of this type; or an open
/// gave no key, which asks for a new object.
pub const CANNOT_CREATE: &str = "can't create new object";
/// A value could not be set, in a create or an update.
pub const CANNOT_UPDATE: &str = "can't update object";
/// `ISC_R_NOTIMPLEMENTED`: objects of this type are not looked up.
pub const UNSEARCHABLE: &str = "unsearchable object type";
/// `DHCP_R_INVALIDARG`: a create of no type, or of one that is not known.
pub const TYPE_REQUIRED: &str = "type required on create";
/// `DHCP_R_INVALIDARG`: the value is not four bytes long.
pub const INVALID_CREATE_FLAG: &str = "invalid create flag value";
/// `DHCP_R_INVALIDARG`: the value is not four bytes long.
pub const INVALID_UPDATE_FLAG: &str = "invalid update flag value";
/// `DHCP_R_INVALIDARG`: the value is not four bytes long.
pub const INVALID_EXCLUSIVE_FLAG: &str = "invalid exclusive flag value";
/// `ISC_R_NOTIMPLEMENTED`: no server implements notification.
pub const NO_NOTIFY: &str = "notify not implemented yet";
/// `DHCP_R_NOKEYS`: this server serves signed requests only.
pub const NO_AUTHENTICATOR: &str = "No authenticator on message";
/// `DHCP_R_INVALIDKEY`: the key exists, and is not the one to sign with here.
pub const CANNOT_SELECT_AUTHENTICATOR: &str = "can't select authenticator";
/// `ISC_R_SUCCESS`, and yet nothing was changed: a success with a text is an
/// error.
pub const CANNOT_UPDATE_AUTHENTICATOR: &str = "cannot update authenticator";
/// `ISC_R_NOTIMPLEMENTED`: authenticators cannot be deleted.
pub const NO_REMOVE_METHOD: &str = "no remove method for object";
