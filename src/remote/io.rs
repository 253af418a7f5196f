//! A program's descriptors that the library's waits serve: io objects made by
//! `omapi_register_io_object`.

use super::connection;
use crate::abi::layout::{isc_result_t, omapi_io_object_t, omapi_object_t, omapi_object_type_t};
use crate::abi::symbols;
use crate::object::checked::{Checked, Kind, TypedRef};
use crate::object::links::{self, Links};
use crate::object::refs::{self, ObjectRef};
use core::ffi::c_int;
use core::sync::atomic::AtomicPtr;
use engine::net;
use omapi::status::Status;
use parking_lot::Mutex;
use rustix::event::{PollFd, PollFlags};
use rustix::fd::BorrowedFd;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Returns the descriptor to poll.
pub(crate) type Descriptor = unsafe extern "C" fn(*mut omapi_object_t) -> c_int;
/// Reads, writes or ends.
pub(crate) type Action = unsafe extern "C" fn(*mut omapi_object_t) -> isc_result_t;

// SAFETY: repr(C), begins as an object does; the type has this size.
unsafe impl Kind for omapi_io_object_t {
    fn symbol() -> &'static AtomicPtr<omapi_object_type_t> {
        &symbols::omapi_type_io_object
    }
}

type Io = omapi_io_object_t;

/// Also protects the functions in the objects.
static REGISTERED: Mutex<Vec<TypedRef<Io>>> = Mutex::new(Vec::new());
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// True when a program registered descriptors.
#[must_use]
pub(crate) fn any() -> bool {
    COUNT.load(Ordering::Relaxed) > 0
}

/// The program's functions for one object; each may be missing.
#[derive(Clone, Copy, Default)]
pub(crate) struct Functions {
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
pub(crate) unsafe fn register(object: *mut omapi_object_t, f: Functions) -> Status {
    // SAFETY: live, by the caller's promise; the new io object is ours until it
    // is linked and in the list.
    unsafe {
        if !links::is_outermost(object) {
            return Status::INVALID_ARGUMENT;
        }
        let io = match TypedRef::<Io>::allocate() {
            Ok(io) => io,
            Err(status) => return status,
        };
        assign(io.get(), f);
        if !refs::link(io.as_ptr(), object) {
            return Status::INVALID_ARGUMENT;
        }
        let mut list = REGISTERED.lock();
        list.push(io);
        COUNT.store(list.len(), Ordering::Relaxed);
    }
    Status::SUCCESS
}

/// The functions of a registered object.
fn functions(io: &TypedRef<Io>) -> Functions {
    let _list = REGISTERED.lock();
    let io = io.get().as_ptr();
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
unsafe fn assign(io: Checked<Io>, f: Functions) {
    let io = io.as_ptr();
    // SAFETY: live, by the caller's promise; nobody reads the members
    // meanwhile, because nobody knows the object or the list is locked.
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
pub(crate) unsafe fn reregister(object: *mut omapi_object_t, f: Functions) -> Status {
    // SAFETY: live, by the caller's promise; the io object is held by a
    // reference of ours, and its members change under the list's lock.
    unsafe {
        match io_of(object) {
            Some(io) => {
                let _list = REGISTERED.lock();
                assign(io.get(), f);
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
pub(crate) unsafe fn unregister(object: *mut omapi_object_t) -> Status {
    // SAFETY: live, by the caller's promise, and then by a reference of ours,
    // as the io object is. `closed` is for C to look at: the library only sets
    // it.
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
        refs::unlink(registered.as_ptr(), object);
        (*io.get().as_ptr()).closed = true;
    }
    Status::SUCCESS
}

/// The io objects.
fn all() -> Vec<TypedRef<Io>> {
    REGISTERED.lock().clone()
}

/// What one registered object waits for.
pub(crate) struct Interest {
    io: TypedRef<Io>,
    fd: c_int,
    read: bool,
    write: bool,
}

/// Asks every registered object for its descriptors. No lock is held while the
/// program's functions run.
#[must_use]
pub(crate) fn interests() -> Vec<Interest> {
    if !any() {
        return Vec::new();
    }
    let mut interests = Vec::new();
    for io in all() {
        let Some((r, w)) = descriptors(&io) else {
            continue;
        };
        let wanted = if r == w {
            vec![(r, true, true)]
        } else {
            vec![(r, true, false), (w, false, true)]
        };
        for (fd, read, write) in wanted {
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
    interests
}

/// The program's object inside an io object, unless it was unregistered.
fn registered(io: &TypedRef<Io>) -> Option<ObjectRef> {
    // SAFETY: the borrowed reference keeps the io object alive.
    unsafe { links::inner(io.as_ptr()) }
}

/// What the program's functions say: for reading, and for writing.
fn descriptors(io: &TypedRef<Io>) -> Option<(c_int, c_int)> {
    let program = functions(io);
    let object = registered(io)?;
    let ask = |f: Option<Descriptor>| {
        // SAFETY: the program keeps the function callable while its object is
        // registered, and the reference keeps the object alive.
        f.map_or(-1, |f| unsafe { f(object.as_ptr()) })
    };
    Some((ask(program.readfd), ask(program.writefd)))
}

impl Interest {
    /// For poll.
    #[must_use]
    pub(crate) fn poll_fd(&self) -> PollFd<'_> {
        // SAFETY: the program said that this is a descriptor of its own. If it
        // has closed it since, poll says so, or asks about whatever has the
        // number now, and its reader is called once too often. Nothing but
        // poll uses it.
        let fd = unsafe { BorrowedFd::borrow_raw(self.fd) };
        PollFd::from_borrowed_fd(fd, net::interest(self.read, self.write))
    }

    /// Calls the program's functions for what is ready.
    pub(crate) fn serve(&self, ready: PollFlags) {
        if ready.is_empty() {
            return;
        }
        let program = functions(&self.io);
        let act = |f: Option<Action>| {
            if let (Some(f), Some(object)) = (f, registered(&self.io)) {
                // SAFETY: the program keeps the function callable while its
                // object is registered, and the reference keeps that alive.
                unsafe { f(object.as_ptr()) };
            }
        };
        if ready.contains(PollFlags::NVAL) {
            // Closed without a word: it would be "ready" for ever.
            if let Some(object) = registered(&self.io) {
                // SAFETY: we own a reference.
                unsafe { unregister(object.as_ptr()) };
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
pub(crate) fn reap() {
    if !any() {
        return;
    }
    for io in all() {
        let (Some(reaper), Some(object)) = (functions(&io).reaper, registered(&io)) else {
            continue;
        };
        // SAFETY: the program keeps the function callable while its object is
        // registered, and the reference keeps that alive, whatever it does.
        unsafe {
            if !Status(reaper(object.as_ptr())).is_success() {
                unregister(object.as_ptr());
            }
        }
    }
}

/// The io object around `object`, with a reference: another thread may
/// unregister it at any moment.
///
/// # Safety
/// `object` is live.
unsafe fn io_of(object: *mut omapi_object_t) -> Option<TypedRef<Io>> {
    let links = Links::lock();
    // SAFETY: as the function's; what is linked is live under the lock.
    unsafe {
        let io = links.outer(object).and_then(|o| Checked::new(o));
        io.map(|io| TypedRef::another(io))
    }
}

/// What is served: the connection objects, and the objects that programs
/// registered.
#[must_use]
pub(crate) fn served() -> Vec<ObjectRef> {
    let mut objects = connection::open();
    objects.extend(all().into_iter().map(TypedRef::into_object));
    // SAFETY: we own references.
    let inner = |io: &ObjectRef| unsafe { links::inner(io.as_ptr()) };
    objects.iter().filter_map(inner).collect()
}
