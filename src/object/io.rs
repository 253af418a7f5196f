//! Descriptors of the program's own that our waits serve: io objects made by
//! `omapi_register_io_object`.

use super::layout::{isc_result_t, omapi_io_object_t, omapi_object_t};
use super::refs::{self, ObjectRef};
use super::{connection, types};
use crate::capi::data as symbols;
use core::ffi::c_int;
use core::mem::size_of;
use engine::net;
use omapi::status::Status;
use parking_lot::Mutex;
use rustix::event::{PollFd, PollFlags};
use rustix::fd::BorrowedFd;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Returns the descriptor to poll.
pub type Descriptor = unsafe extern "C" fn(*mut omapi_object_t) -> c_int;
/// Reads, writes or ends.
pub type Action = unsafe extern "C" fn(*mut omapi_object_t) -> isc_result_t;

static REGISTERED: Mutex<Vec<ObjectRef>> = Mutex::new(Vec::new());
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// True when a program registered descriptors.
#[must_use]
pub fn any() -> bool {
    COUNT.load(Ordering::Relaxed) > 0
}

/// The program's functions for one object; each may be missing.
#[derive(Clone, Copy, Default)]
pub struct Functions {
    /// Descriptor to read from.
    pub readfd: Option<Descriptor>,
    /// Descriptor to write to; -1 while there is nothing to write.
    pub writefd: Option<Descriptor>,
    /// Called when there is something to read.
    pub reader: Option<Action>,
    /// Called when there is room to write.
    pub writer: Option<Action>,
    /// Called in every round; anything but success ends the registration.
    pub reaper: Option<Action>,
}

/// Registers `object`: an io object becomes its outer object.
///
/// # Safety
/// `object` is live; the functions stay callable while it is registered.
pub unsafe fn register(object: *mut omapi_object_t, f: Functions) -> Status {
    // SAFETY: as the function's.
    unsafe {
        if refs::link(&raw mut (*object).outer).is_some() {
            return Status::INVALID_ARGUMENT;
        }
        let made = types::get(&symbols::omapi_type_io_object)
            .and_then(|t| refs::allocate(t, size_of::<omapi_io_object_t>()));
        let io = match made {
            Ok(o) => ObjectRef::from_raw(o),
            Err(status) => return status,
        };
        assign(io.as_ptr().cast(), f);
        if !refs::join(io.as_ptr(), object) {
            return Status::INVALID_ARGUMENT;
        }
        let mut list = REGISTERED.lock();
        list.push(io);
        COUNT.store(list.len(), Ordering::Relaxed);
    }
    Status::SUCCESS
}

/// The functions of a registered object.
fn functions(io: &ObjectRef) -> Functions {
    let _list = REGISTERED.lock();
    let io = io.as_ptr().cast::<omapi_io_object_t>();
    // SAFETY: we own a reference; they change under the lock.
    unsafe {
        Functions {
            readfd: (*io).readfd,
            writefd: (*io).writefd,
            reader: (*io).reader,
            writer: (*io).writer,
            reaper: (*io).reaper,
        }
    }
}

/// # Safety
/// `io` is live; it is not registered yet, or the list is locked.
unsafe fn assign(io: *mut omapi_io_object_t, f: Functions) {
    // SAFETY: as the function's.
    unsafe {
        (*io).readfd = f.readfd;
        (*io).writefd = f.writefd;
        (*io).reader = f.reader;
        (*io).writer = f.writer;
        (*io).reaper = f.reaper;
    }
}

/// Replaces the functions of a registered object; registers any other.
///
/// # Safety
/// As [`register`].
pub unsafe fn reregister(object: *mut omapi_object_t, f: Functions) -> Status {
    // SAFETY: as the function's.
    unsafe {
        match io_of(object) {
            Some(io) => {
                let _list = REGISTERED.lock();
                assign(io.as_ptr().cast(), f);
                Status::SUCCESS
            }
            None => register(object, f),
        }
    }
}

/// Ends the registration of `object`.
///
/// # Safety
/// `object` is live.
pub unsafe fn unregister(object: *mut omapi_object_t) -> Status {
    // SAFETY: as the function's; we own a reference on the io object.
    unsafe {
        let Some(io) = io_of(object) else {
            return Status::INVALID_ARGUMENT;
        };
        // The link may be the last to hold the object: it dies with this.
        let _object = ObjectRef::new(object);
        let registered = {
            let mut list = REGISTERED.lock();
            let at = list.iter().position(|r| r.as_ptr() == io.as_ptr());
            let found = at.map(|at| list.swap_remove(at));
            COUNT.store(list.len(), Ordering::Relaxed);
            found
        };
        let Some(registered) = registered else {
            return Status::NOT_FOUND;
        };
        refs::part(registered.as_ptr(), object);
        (*io.as_ptr().cast::<omapi_io_object_t>()).closed = true;
    }
    Status::SUCCESS
}

/// The io objects, for programs that look at them.
#[must_use]
pub fn all() -> Vec<ObjectRef> {
    REGISTERED.lock().clone()
}

/// What one registered object waits for.
pub struct Interest {
    io: ObjectRef,
    fd: c_int,
    read: bool,
    write: bool,
}

/// Asks every registered object for its descriptors. No lock is held while the
/// program's functions run.
#[must_use]
pub fn interests() -> Vec<Interest> {
    if !any() {
        return Vec::new();
    }
    let mut interests = Vec::new();
    for io in all() {
        // SAFETY: we own a reference; the program keeps its functions callable.
        unsafe {
            let program = functions(&io);
            let Some(inner) = inner_of(&io) else {
                continue;
            };
            let ask = |f: Option<Descriptor>| f.map_or(-1, |f| f(inner.as_ptr()));
            let (r, w) = (ask(program.readfd), ask(program.writefd));
            for (fd, read, write) in match r == w {
                true => vec![(r, true, true)],
                false => vec![(r, true, false), (w, false, true)],
            } {
                if fd >= 0 {
                    interests.push(Interest {
                        io: io.clone(),
                        fd,
                        read,
                        write,
                    });
                }
            }
        }
    }
    interests
}

impl Interest {
    /// For poll.
    #[must_use]
    pub fn poll_fd(&self) -> PollFd<'_> {
        // SAFETY: the program keeps its descriptor open while it is
        // registered; a closed one makes poll say so, nothing worse.
        let fd = unsafe { BorrowedFd::borrow_raw(self.fd) };
        PollFd::from_borrowed_fd(fd, net::interest(self.read, self.write))
    }

    /// Calls the program's functions for what is ready.
    pub fn serve(&self, ready: PollFlags) {
        if ready.is_empty() {
            return;
        }
        let program = functions(&self.io);
        let act = |f: Option<Action>| {
            if let (Some(f), Some(inner)) = (f, inner_of(&self.io)) {
                // SAFETY: we own a reference; the program keeps its functions
                // callable.
                unsafe { f(inner.as_ptr()) };
            }
        };
        if ready.contains(PollFlags::NVAL) {
            // Closed without a word: it would be "ready" for ever.
            if let Some(inner) = inner_of(&self.io) {
                // SAFETY: we own a reference.
                unsafe { unregister(inner.as_ptr()) };
            }
            return;
        }
        // What they return is for nobody: the reaper says when it is over.
        // Errors are for who reads, or else for who writes, to find.
        if self.read && ready.intersects(!PollFlags::OUT) {
            act(program.reader);
        }
        if self.write && (!self.read || ready.intersects(PollFlags::OUT)) {
            act(program.writer);
        }
    }
}

/// Asks every registered object whether it is still to be served.
pub fn reap() {
    if !any() {
        return;
    }
    for io in all() {
        // SAFETY: we own a reference; the program keeps its functions callable.
        unsafe {
            let reaper = functions(&io).reaper;
            let inner = inner_of(&io);
            if let (Some(reaper), Some(inner)) = (reaper, inner)
                && !Status(reaper(inner.as_ptr())).is_success()
            {
                unregister(inner.as_ptr());
            }
        }
    }
}

/// The io object around `object`, with a reference: another thread may
/// unregister it at any moment.
///
/// # Safety
/// `object` is live.
unsafe fn io_of(object: *mut omapi_object_t) -> Option<ObjectRef> {
    let _chain = refs::structure();
    // SAFETY: as the function's; linked objects are live while the lock is held.
    unsafe {
        refs::link(&raw mut (*object).outer)
            .filter(|&o| types::is(o, &symbols::omapi_type_io_object))
            .map(|o| ObjectRef::new(o))
    }
}

/// What an io object is around, with a reference: the program may unregister
/// it at any moment.
fn inner_of(io: &ObjectRef) -> Option<ObjectRef> {
    let _chain = refs::structure();
    // SAFETY: our reference keeps the io object alive, and the lock what is
    // linked to it.
    unsafe { refs::link(&raw mut (*io.as_ptr()).inner).map(|o| ObjectRef::new(o)) }
}

/// What is served: the connection objects, and the objects that programs
/// registered.
#[must_use]
pub fn served() -> Vec<ObjectRef> {
    let mut objects = connection::open();
    objects.extend(all());
    objects.iter().filter_map(inner_of).collect()
}
