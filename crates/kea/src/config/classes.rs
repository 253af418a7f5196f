//! The client classes of a configuration.

use crate::json::{self, Map, Value};
use crate::model::KeaError;
use omapi::status::Status;

/// The classes, to change; made when there are none.
///
/// # Errors
/// `DHCP_R_PROTOCOLERROR` when they are no list.
pub(crate) fn classes_mut(dhcp4: &mut Map) -> Result<&mut Vec<Value>, KeaError> {
    let classes = dhcp4
        .entry("client-classes")
        .or_insert_with(|| Value::Array(Vec::new()));
    classes.as_array_mut().ok_or(Status::PROTOCOL_ERROR.into())
}

/// The name of a class.
#[must_use]
pub(crate) fn class_name(class: &Value) -> Option<&str> {
    class.get("name")?.as_str()
}

/// The class of that name.
#[must_use]
pub(crate) fn class<'d>(dhcp4: &'d Map, name: &str) -> Option<&'d Map> {
    let mut classes = json::list(dhcp4, "client-classes").iter();
    classes.find(|c| class_name(c) == Some(name))?.as_object()
}

/// True if there is a class of that name.
#[must_use]
pub(crate) fn has_class(dhcp4: &Map, name: &str) -> bool {
    class(dhcp4, name).is_some()
}
