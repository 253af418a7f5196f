//! Opens: what their message says, and the order in which it is checked.

use crate::refusals::{self, Refusal};
use crate::request::flags;
use crate::status::Status;
use crate::wire::ValueList;

/// What the message values of an open say. Of duplicates the last one counts,
/// and a null value is one that was not given.
pub(super) struct OpenValues<'a> {
    pub(super) object_type: Option<&'a [u8]>,
    create: Option<&'a [u8]>,
    update: Option<&'a [u8]>,
    exclusive: Option<&'a [u8]>,
}

impl<'a> OpenValues<'a> {
    pub(super) fn read(values: ValueList<'a>) -> Self {
        Self {
            object_type: given(values, b"type"),
            create: given(values, b"create"),
            update: given(values, b"update"),
            exclusive: given(values, b"exclusive"),
        }
    }

    /// The bits of [`flags`].
    pub(super) fn flags(&self) -> Result<u32, Refusal> {
        let mut all = 0;
        for (value, bit, text) in [
            (self.create, flags::CREATE, refusals::INVALID_CREATE_FLAG),
            (self.update, flags::UPDATE, refusals::INVALID_UPDATE_FLAG),
            (
                self.exclusive,
                flags::EXCLUSIVE,
                refusals::INVALID_EXCLUSIVE_FLAG,
            ),
        ] {
            let Some(value) = value else { continue };
            let value = <[u8; 4]>::try_from(value).map_err(|_| (Status::INVALID_ARGUMENT, text))?;
            if value != [0; 4] {
                all |= bit;
            }
        }
        Ok(all)
    }
}

/// The last value of that name, unless it is null.
pub(super) fn given<'a>(values: ValueList<'a>, name: &[u8]) -> Option<&'a [u8]> {
    let of_name = values.iter().filter(|(n, _)| *n == name);
    let (_, value) = of_name.last()?;
    (!value.is_empty()).then_some(value)
}

/// What an open does after its lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening<T> {
    /// Makes an object of the attributes and answers with it.
    Create,
    /// Applies the attributes to the object found and answers with it.
    Update(T),
    /// Answers with the object found.
    Answer(T),
}

/// Decides what an open does, from what its lookup found and the bits of
/// [`flags`]. `found` is `Ok(Some)` for a hit, `Ok(None)` when the request has no
/// key at all, `Err(ISC_R_NOTFOUND)` for a miss, and any other error as it is.
///
/// An open without a key leads to a creation with and without the flag; the
/// store may see to it that nothing remains without it, as dhcpd does.
///
/// # Errors
/// The refusal to answer with: by order of checks a failed lookup, a miss, a type
/// of which there is no making objects, an object that exists already.
pub fn opening<T>(
    found: Result<Option<T>, Status>,
    open_flags: u32,
    can_create: bool,
) -> Result<Opening<T>, Refusal> {
    let has = |bit| open_flags & bit != 0;
    let found = match found {
        Ok(found) => found,
        Err(Status::NOT_FOUND) if has(flags::CREATE) => None,
        Err(code @ Status::NOT_FOUND) => return Err((code, refusals::NO_OBJECT_MATCHES)),
        Err(code) => return Err((code, refusals::LOOKUP_FAILED)),
    };
    match found {
        None if can_create => Ok(Opening::Create),
        None => Err((Status::NOT_IMPLEMENTED, refusals::CANNOT_CREATE)),
        Some(_) if has(flags::CREATE) && has(flags::EXCLUSIVE) => {
            Err((Status::EXISTS, refusals::ALREADY_EXISTS))
        }
        Some(object) if has(flags::CREATE) || has(flags::UPDATE) => Ok(Opening::Update(object)),
        Some(object) => Ok(Opening::Answer(object)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Encoder, Value};

    const CREATE: u32 = flags::CREATE;
    const UPDATE: u32 = flags::UPDATE;
    const EXCLUSIVE: u32 = flags::EXCLUSIVE;

    #[test]
    fn openings() {
        let make: Result<Opening<i32>, Refusal> = Ok(Opening::Create);
        let change = Ok(Opening::Update(7));
        let answer = Ok(Opening::Answer(7));
        let exists = Err((Status::EXISTS, refusals::ALREADY_EXISTS));
        let missed = Err((Status::NOT_FOUND, refusals::NO_OBJECT_MATCHES));
        let cannot = Err((Status::NOT_IMPLEMENTED, refusals::CANNOT_CREATE));
        let failed = Err((Status::KEY_CONFLICT, refusals::LOOKUP_FAILED));
        // By flags: a hit, a miss, a miss of a type that cannot be made.
        for (flags, hit, miss, miss_fixed) in [
            (0, answer, missed, missed),
            (EXCLUSIVE, answer, missed, missed),
            (UPDATE, change, missed, missed),
            (UPDATE | EXCLUSIVE, change, missed, missed),
            (CREATE, change, make, cannot),
            (CREATE | UPDATE, change, make, cannot),
            (CREATE | EXCLUSIVE, exists, make, cannot),
            (CREATE | UPDATE | EXCLUSIVE, exists, make, cannot),
        ] {
            assert_eq!(opening(Ok(Some(7)), flags, true), hit, "{flags}");
            assert_eq!(opening(Ok(Some(7)), flags, false), hit, "{flags}");
            assert_eq!(
                opening(Err(Status::NOT_FOUND), flags, true),
                miss,
                "{flags}"
            );
            assert_eq!(
                opening(Err(Status::NOT_FOUND), flags, false),
                miss_fixed,
                "{flags}"
            );
            assert_eq!(opening(Ok(None), flags, true), make, "{flags}");
            assert_eq!(opening(Ok(None), flags, false), cannot, "{flags}");
            for can_create in [true, false] {
                let conflict: Result<Option<i32>, _> = Err(Status::KEY_CONFLICT);
                assert_eq!(opening(conflict, flags, can_create), failed, "{flags}");
            }
        }
    }

    #[test]
    fn values_of_an_open() {
        let read = |values: &[(&str, &[u8])]| {
            let mut list = Vec::new();
            for (name, value) in values {
                Encoder::put(&mut list, name.as_bytes(), Value::Bytes(value)).unwrap();
            }
            let values = OpenValues::read(ValueList::from_bytes(&list));
            (values.object_type.map(<[u8]>::to_vec), values.flags())
        };
        let (no, yes): (&[u8], &[u8]) = (&[0; 4], &[0, 0, 0, 1]);
        assert_eq!(read(&[]), (None, Ok(0)));
        assert_eq!(
            read(&[("type", b"host"), ("type", b"lease")]),
            (Some(b"lease".to_vec()), Ok(0))
        );
        assert_eq!(read(&[("type", b"host"), ("type", b"")]), (None, Ok(0)));
        let names = ["create", "update", "exclusive"];
        let texts = [
            refusals::INVALID_CREATE_FLAG,
            refusals::INVALID_UPDATE_FLAG,
            refusals::INVALID_EXCLUSIVE_FLAG,
        ];
        for (i, (name, text)) in names.into_iter().zip(texts).enumerate() {
            let bit = [CREATE, UPDATE, EXCLUSIVE][i];
            for (value, bits) in [(no, 0), (yes, bit), (&[1, 0, 0, 0], bit), (b"", 0)] {
                assert_eq!(read(&[(name, value)]), (None, Ok(bits)), "{name} {value:?}");
            }
            assert_eq!(read(&[(name, yes), (name, no)]), (None, Ok(0)), "{name}");
            for length in [1, 2, 3, 5, 8] {
                let refused = Err((Status::INVALID_ARGUMENT, text));
                assert_eq!(read(&[(name, &yes.repeat(2)[..length])]).1, refused);
            }
        }
        let all: Vec<_> = names.iter().map(|name| (*name, yes)).collect();
        assert_eq!(read(&all).1, Ok(CREATE | UPDATE | EXCLUSIVE));
        // The first one that is wrong is complained of.
        let wrong: Vec<_> = names.iter().rev().map(|name| (*name, &b"1"[..])).collect();
        assert_eq!(read(&wrong).1.unwrap_err().1, texts[0]);
    }
}
