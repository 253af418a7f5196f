//! An answer's attributes on their way into a generic object: as if each were
//! set by name, but the object is locked once, and names are shared.

use super::data::{self, Datum};
use super::generic;
use super::layout::{omapi_data_string_t, omapi_generic_object_t, omapi_value_t};
use super::names::{Found, Names};
use super::slab::{self, Slab};
use super::slots;
use super::value::{self, Owned};
use omapi::status::Status;
use omapi::wire::ValueList;
use parking_lot::MutexGuard;

/// Slots that are noted at the start instead of searched each time: what a
/// program sets before it opens an object.
const FEW: usize = 3;

/// Attributes that answers may give an object, one after the other with other
/// names: a hostile server must not make it grow, and every search in it slow,
/// without end.
const MOST: usize = 4096;

/// An object that is being filled. No program code runs while it exists.
pub(super) struct Intake<'n> {
    g: *mut omapi_generic_object_t,
    names: &'n mut Names,
    slab: Option<Slab>,
    /// Slots to search for a name that is new in this answer: those that were
    /// there before, unless `names` knows them.
    before: usize,
    /// Where the next attribute is when the object has been filled before.
    expected: usize,
    // Released in this order: values that hold an object go after the lock.
    _lock: MutexGuard<'static, ()>,
    replaced: Vec<Owned<omapi_value_t>>,
}

impl<'n> Intake<'n> {
    /// Locks `g`, and makes room for these attributes.
    ///
    /// # Safety
    /// `g` is live, and stays so while it is being filled.
    pub(super) unsafe fn begin(
        g: *mut omapi_generic_object_t,
        names: &'n mut Names,
        attributes: ValueList<'_>,
    ) -> Self {
        names.begin();
        let room = |(_, bytes): (&[u8], &[u8])| match bytes.len() {
            1..=value::IN_SLAB => slab::room(data::TYPED_HEADER + bytes.len()),
            _ => 0,
        };
        let slab = Slab::new(attributes.iter().map(room).sum());
        let lock = generic::lock(g);
        // SAFETY: g is live and locked.
        let slots = unsafe { slots::of(g) };
        let noted = slots.len() <= FEW
            && slots.iter().enumerate().all(|(at, &v)| {
                // SAFETY: a stored value is live.
                unsafe { v.is_null() || note(names, (*v).name, at) }
            });
        Self {
            g,
            names,
            slab,
            before: if noted { 0 } else { slots.len() },
            expected: 0,
            _lock: lock,
            replaced: Vec::new(),
        }
    }

    /// Sets one attribute; no bytes are null.
    ///
    /// # Errors
    /// `ISC_R_NOMEMORY`.
    pub(super) fn set(&mut self, name: &[u8], bytes: &[u8]) -> Result<(), Status> {
        let (string, found) = self.names.find(name)?;
        let known = string.0;
        let new = value::received(self.slab.as_mut(), string, bytes)?;
        // SAFETY: g is live and locked; what it holds is live.
        unsafe {
            let found = match found {
                Found::New(note) if self.before == 0 && slots::of(self.g).len() < MOST => {
                    note.set((*self.g).nvalues as usize);
                    return slots::append(self.g, new);
                }
                other => other,
            };
            let slots = slots::of(self.g);
            let at = match found {
                Found::At(at) => Some(at),
                Found::Unknown => slots::find(slots, name),
                Found::New(note) => {
                    let before = &slots[..self.before];
                    let at = find(before, self.expected, known, name);
                    note.set(at.unwrap_or(slots.len()));
                    at
                }
            };
            let Some(at) = at else {
                if slots.len() >= MOST {
                    return Err(Status::NO_SPACE);
                }
                return slots::append(self.g, new);
            };
            self.expected = at + 1;
            *(*self.g).changed.add(at) = 1;
            let old = Owned(core::mem::replace(&mut slots[at], new.into_raw()));
            if !old.0.is_null() && holds_object(old.0) {
                self.replaced.push(old);
            }
        }
        Ok(())
    }

    /// Says that nothing is to be sent, and drops null values.
    pub(super) fn finish(self) {
        // SAFETY: g is live and locked.
        unsafe { generic::clear_locked(self.g) }
    }
}

/// Notes the slot of a name; false when that is impossible.
///
/// # Safety
/// `name` is NULL or live.
unsafe fn note(names: &mut Names, name: *mut omapi_data_string_t, at: usize) -> bool {
    if name.is_null() {
        return true;
    }
    // SAFETY: not NULL, so live.
    match names.find(unsafe { data::data_string_bytes(name) }) {
        Ok((_, Found::New(note))) => {
            note.set(at);
            true
        }
        _ => false,
    }
}

/// The slot with that name, which `string` has too: most likely `expected`.
///
/// # Safety
/// As [`slots::find`].
unsafe fn find(
    slots: &[*mut omapi_value_t],
    expected: usize,
    string: *mut omapi_data_string_t,
    name: &[u8],
) -> Option<usize> {
    // SAFETY: as the function's; a stored value is live.
    unsafe {
        match slots.get(expected) {
            Some(&v) if !v.is_null() && (*v).name == string => Some(expected),
            _ => slots::find(slots, name),
        }
    }
}

/// # Safety
/// `v` is live.
unsafe fn holds_object(v: *mut omapi_value_t) -> bool {
    // SAFETY: as the function's.
    unsafe { !(*v).value.is_null() && matches!(data::view((*v).value), Datum::Object(_)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// COMPATIBILITY.md, row 33.
    #[test]
    fn answers_cannot_fill_an_object_without_end() {
        super::super::builtin::initialize().unwrap();
        let mut object = generic::new().unwrap();
        let mut names = Names::default();
        // SAFETY: the object is live and this test's alone.
        unsafe {
            let g = generic::from_object(object).unwrap();
            let mut intake = Intake::begin(g, &mut names, ValueList::default());
            for i in 0..MOST {
                assert_eq!(intake.set(i.to_string().as_bytes(), b"x"), Ok(()));
            }
            assert_eq!(intake.set(b"one more", b"x"), Err(Status::NO_SPACE));
            assert_eq!(intake.set(b"0", b"y"), Ok(()), "known names may change");
            intake.finish();
            super::super::refs::dereference(&raw mut object);
        }
    }
}
