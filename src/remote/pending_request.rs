//! What an outstanding request leaves with the engine, and how an answer gets
//! into its object.

use super::callback;
use super::completion::{self, Finished};
use super::remote_object::Remote;
use super::{message, remote_object};
use crate::abi::layout::{omapi_generic_object_t, omapi_object_t};
use crate::abi::variadic;
use crate::object::checked::Checked;
use crate::object::data::{self, Datum};
use crate::object::refs::ObjectRef;
use crate::object::value::Owned;
use crate::object::{generic, links, types};
use core::ptr::null_mut;
use omapi::request::{Complete, Deferred, Outcome};
use omapi::status::Status;
use omapi::wire::ValueList;

/// The objects that the answer to a request concerns. A message that the program
/// built may concern none.
pub(crate) struct PendingRequest {
    /// What the attributes of the answer go into.
    pub(crate) about: Option<ObjectRef>,
    /// What is told the result, if that is another object.
    pub(crate) notify: Option<ObjectRef>,
    /// The program's message, which is not registered any more when it is
    /// answered.
    pub(crate) message: Option<ObjectRef>,
}

impl PendingRequest {
    /// The usual case: one object for everything.
    pub(crate) fn about(object: ObjectRef) -> Self {
        Self {
            about: Some(object),
            notify: None,
            message: None,
        }
    }
}

/// What happens after a completion, with no lock held.
pub(crate) struct DeferredWork {
    about: Option<Step>,
    notify: Option<Step>,
    message: Option<ObjectRef>,
}

/// The program's callback, and before it the program's handlers in the
/// chain of one object.
struct Step {
    object: ObjectRef,
    what: What,
    /// Whether the object is told the result.
    tell: bool,
}

enum What {
    /// Run the callback with this status.
    Callback(Status),
    /// Take the answer in through the handlers, then all the rest.
    Object { handle: u32, attributes: Vec<u8> },
    /// Tell the handlers of a result, then all the rest.
    Result(Finished, Option<Vec<u8>>),
}

impl Complete for PendingRequest {
    type Deferred = DeferredWork;

    fn key(&self) -> usize {
        match (&self.about, &self.notify) {
            (Some(object), None) => completion::key_of(object.as_ptr()),
            _ => 0,
        }
    }

    fn complete(self, outcome: Outcome<'_>) -> Option<DeferredWork> {
        let tell = self.notify.is_none();
        let after = DeferredWork {
            notify: self.notify.map(|object| Step {
                object,
                what: result_of(outcome),
                tell: true,
            }),
            about: self.about.and_then(|o| complete(o, outcome, tell)),
            message: self.message,
        };
        let anything = after.about.is_some() || after.notify.is_some() || after.message.is_some();
        anything.then_some(after)
    }
}

/// The result that an answer means.
fn result_of(outcome: Outcome<'_>) -> What {
    match outcome {
        Outcome::Object { .. } => What::Result(Finished::Answered(Status::SUCCESS), None),
        Outcome::Status { code, message } => {
            What::Result(Finished::Answered(code), message.map(<[u8]>::to_vec))
        }
        Outcome::Lost(status) => What::Result(Finished::Lost(status), None),
    }
}

/// Takes the outcome into the object that the request was about: directly, if it
/// is a remote object, and nobody but the library is in its chain. To everything
/// else the answer is told later, through the handlers of its types.
fn complete(object: ObjectRef, outcome: Outcome<'_>, tell: bool) -> Option<Step> {
    // SAFETY: we own a reference.
    let plain = unsafe {
        remote_object::from_object(object.as_ptr())
            .and_then(|remote| Some((remote, remote_object::plain_attributes(remote)?)))
    };
    let what = match (outcome, &plain) {
        (Outcome::Object { handle, attributes }, Some((remote, g))) => {
            let g = g.get().as_ptr();
            // SAFETY: as above; we own a reference on the attributes too.
            let status = unsafe { take_in(*remote, g, handle, attributes) };
            return end(object, Finished::Answered(status), None);
        }
        (Outcome::Status { code, message }, Some(_)) => {
            return end(object, Finished::Answered(code), message);
        }
        (Outcome::Lost(status), Some(_)) => return end(object, Finished::Lost(status), None),
        (Outcome::Object { handle, attributes }, None) => What::Object {
            handle,
            attributes: attributes.as_bytes().to_vec(),
        },
        (_, None) => result_of(outcome),
    };
    Some(Step { object, what, tell })
}

/// Records the end of a request in the object.
fn end(object: ObjectRef, how: Finished, message: Option<&[u8]>) -> Option<Step> {
    let o = object.as_ptr();
    let text = message.and_then(|m| data::typed_from(m, false).ok());
    // SAFETY: we own a reference. The C fields are written under the
    // completion's lock; C reads them after a wait.
    unsafe {
        let has_callback = callback::is_set(o);
        let remote = remote_object::from_object(o);
        let old = completion::with(o, |c| {
            let mut text = Owned(text.unwrap_or(null_mut()));
            if let (Some(remote), Finished::Answered(status)) = (remote, how) {
                remote_object::set_wait_status(remote, status);
                text = remote_object::replace_message(remote, text.into_raw());
            }
            c.end(how, has_callback);
            text
        });
        drop(old);
        has_callback.then_some(Step {
            object,
            what: What::Callback(how.status()),
            tell: true,
        })
    }
}

impl Deferred for DeferredWork {
    fn completes(&self) -> bool {
        [&self.about, &self.notify]
            .into_iter()
            .flatten()
            .any(|step| !matches!(step.what, What::Callback(_)))
    }

    fn run(self) {
        for step in [self.about, self.notify].into_iter().flatten() {
            step.run();
        }
        if let Some(message) = self.message {
            // SAFETY: we own a reference. One that is not registered is fine.
            unsafe { message::unregister(message.as_ptr()) };
        }
    }
}

impl Step {
    fn run(self) {
        let object = self.object;
        let after = match self.what {
            What::Callback(status) => {
                // SAFETY: we own a reference; work is deferred until no lock is
                // held.
                return unsafe { callback::run(object.as_ptr(), status) };
            }
            What::Object { handle, attributes } => {
                let status = tell_answer(&object, handle, &attributes, self.tell);
                end(object, Finished::Answered(status), None)
            }
            What::Result(how, message) => {
                tell_result(&object, how, message.as_deref(), self.tell);
                end(object, how, message.as_deref())
            }
        };
        if let Some(after) = after {
            after.run();
        }
    }
}

/// Lets the handlers of a chain take an answer in, and tells them that it was;
/// how that ended, too, if `tell`. No lock is held.
fn tell_answer(object: &ObjectRef, handle: u32, attributes: &[u8], tell: bool) -> Status {
    let o = object.as_ptr();
    // SAFETY: the borrowed reference keeps the object alive; no lock is held.
    let status = unsafe { take_in_by_handlers(o, handle, ValueList::from_bytes(attributes)) };
    // SAFETY: as above.
    callback::quietly(|| unsafe {
        variadic::signal(o, c"updated");
        if tell {
            variadic::signal_status(o, status, null_mut());
        }
    });
    status
}

/// Tells the handlers of a chain of a result: an answer's only if `tell`. No
/// lock is held.
fn tell_result(object: &ObjectRef, how: Finished, message: Option<&[u8]>, tell: bool) {
    let o = object.as_ptr();
    let text = message.and_then(|m| data::typed_from(m, false).ok());
    let text = Owned(text.unwrap_or(null_mut()));
    // SAFETY: the borrowed reference keeps the object alive, ours the text; no
    // lock is held.
    callback::quietly(|| unsafe {
        match how {
            Finished::Answered(status) if tell => variadic::signal_status(o, status, text.0),
            Finished::Answered(_) => return,
            Finished::Lost(_) => variadic::signal(o, c"disconnect"),
        };
    });
}

/// Takes an answer into a chain of our own types.
///
/// # Safety
/// `remote` and `g`, its attributes, are live.
unsafe fn take_in(
    remote: Checked<Remote>,
    g: *mut omapi_generic_object_t,
    handle: u32,
    attributes: ValueList<'_>,
) -> Status {
    // SAFETY: both are live, by the caller's promise. The closure runs under
    // the lock of the attributes, and takes none.
    unsafe {
        let taken = generic::receive(g, attributes, |name, bytes| {
            (name == remote_object::REMOTE_HANDLE)
                .then(|| remote_object::set_remote_handle(remote, Datum::Data(bytes)).ok())
        });
        if let Err(status) = taken {
            return status;
        }
        if handle != 0 {
            remote_object::set_remote_number(remote, handle);
        }
    }
    Status::SUCCESS
}

/// Takes an answer in through the handlers of a chain, outermost first.
///
/// # Safety
/// `object` is live; no lock is held.
pub(crate) unsafe fn take_in_by_handlers(
    object: *mut omapi_object_t,
    handle: u32,
    attributes: ValueList<'_>,
) -> Status {
    // SAFETY: the object is live, by the caller's promise, whatever the
    // handlers do: they do not own the caller's reference. No lock is held.
    unsafe {
        for (name, bytes) in attributes {
            let status = set_from_bytes(object, name, bytes);
            if !status.is_success() && status != Status::UNCHANGED {
                return status;
            }
        }
        set_handle(object, handle)
    }
}

/// Tells an object the server's handle of it; objects that have no use for it
/// are no error.
///
/// # Safety
/// `object` is live; no lock is held.
pub(crate) unsafe fn set_handle(object: *mut omapi_object_t, handle: u32) -> Status {
    if handle == 0 {
        return Status::SUCCESS;
    }
    let made = data::data_string_from(remote_object::REMOTE_HANDLE)
        .map(Owned)
        .and_then(|name| Ok((name, Owned(data::typed_int(handle as i32)?))));
    match made {
        // SAFETY: as the function's; name and datum are ours.
        Ok((name, datum)) => unsafe { types::set_value(object, null_mut(), name.0, datum.0) },
        Err(status) => status,
    }
}

/// Sets one attribute through the handlers of a chain; no bytes are null.
///
/// # Safety
/// `object` is live; no lock is held.
unsafe fn set_from_bytes(object: *mut omapi_object_t, name: &[u8], bytes: &[u8]) -> Status {
    let parts = || {
        let datum = match bytes {
            [] => null_mut(),
            _ => data::typed_from(bytes, false)?,
        };
        Ok((Owned(data::data_string_from(name)?), Owned(datum)))
    };
    match parts() {
        // SAFETY: as the function's.
        Ok((name, datum)) => unsafe { types::set_value(object, null_mut(), name.0, datum.0) },
        Err(status) => status,
    }
}

/// Clears the "to be sent" flags in a chain.
///
/// # Safety
/// `object` is live.
pub(crate) unsafe fn clear_flags(object: *mut omapi_object_t) {
    // SAFETY: live, by the caller's promise; each object inside is held by a
    // reference while it is used.
    unsafe {
        for o in links::inside(object) {
            if let Some(g) = generic::from_object(o.as_ptr()) {
                generic::clear_flags(g);
            }
        }
    }
}
