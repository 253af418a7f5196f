//! Names of attributes that a server sends again and again, as data strings
//! that the values of many objects share. A name is never changed once it is
//! made, so sharing shows in nothing but its reference count.

use super::data;
use super::layout::omapi_data_string_t;
use super::value::Owned;
use core::ptr::null_mut;
use omapi::status::Status;

/// Places, one for each value of [`place`].
const PLACES: usize = 64;
/// Longer names are not kept: a server must not make us keep much.
const LONGEST: usize = 64;

/// The names seen lately on one connection.
#[derive(Default)]
pub struct Names {
    /// None until the first answer.
    places: Option<Box<[Place; PLACES]>>,
    /// Number of the present answer.
    answer: u64,
}

struct Place {
    /// NULL while there is none.
    name: Owned<omapi_data_string_t>,
    /// The answer that had it last, and the slot of its value.
    answer: u64,
    slot: usize,
}

// SAFETY: the data strings are never changed, and their counts are atomic.
unsafe impl Send for Names {}

/// Where the value of a name is in the present answer.
pub(super) enum Found<'n> {
    /// Nowhere yet; to be noted here when it is.
    New(Note<'n>),
    /// In this slot.
    At(usize),
    /// The name could not be kept.
    Unknown,
}

/// See [`Found::New`].
pub(super) struct Note<'n> {
    place: &'n mut Place,
    answer: u64,
}

impl Note<'_> {
    /// Notes the slot of the value.
    pub(super) fn set(self, slot: usize) {
        self.place.answer = self.answer;
        self.place.slot = slot;
    }
}

/// Where a name is kept. The names that dhcpd uses hardly collide.
fn place(name: &[u8]) -> usize {
    /// Found by trying: spreads those names best.
    const FACTOR: u32 = 0x4e48_00c3;
    let [a, b, .., z] = *name else { return 0 };
    let some = u32::from_le_bytes([a, b, name[name.len() / 2], z]);
    let mixed = (some ^ name.len() as u32).wrapping_mul(FACTOR);
    (mixed >> (u32::BITS - PLACES.ilog2())) as usize
}

/// As `a == b`, without a call for the usual lengths.
fn is_same(a: &[u8], b: &[u8]) -> bool {
    fn ends<const N: usize>(a: &[u8], b: &[u8]) -> Option<bool> {
        Some(a.first_chunk::<N>()? == b.first_chunk()? && a.last_chunk::<N>()? == b.last_chunk()?)
    }
    let quick = match a.len() {
        _ if a.len() != b.len() => Some(false),
        8..=16 => ends::<8>(a, b),
        4..=7 => ends::<4>(a, b),
        _ => None,
    };
    quick.unwrap_or_else(|| a == b)
}

impl Names {
    /// Another answer begins.
    pub(super) fn begin(&mut self) {
        self.answer += 1;
        if self.places.is_none() {
            self.places = Some(Box::new(core::array::from_fn(|_| Place {
                name: Owned(null_mut()),
                answer: 0,
                slot: 0,
            })));
        }
    }

    /// The data string with that name (a reference for the caller), and where
    /// the present answer has it.
    ///
    /// # Errors
    /// `ISC_R_NOMEMORY`.
    #[inline(always)]
    pub(super) fn find(
        &mut self,
        name: &[u8],
    ) -> Result<(Owned<omapi_data_string_t>, Found<'_>), Status> {
        let answer = self.answer;
        let fresh = || data::data_string_from(name).map(Owned);
        let place = match &mut self.places {
            Some(places) if name.len() <= LONGEST => &mut places[place(name)],
            _ => return Ok((fresh()?, Found::Unknown)),
        };
        // SAFETY: what is kept is live: we own a reference.
        let same = !place.name.0.is_null()
            && unsafe { is_same(data::data_string_bytes(place.name.0), name) };
        match (same, place.answer == answer) {
            (true, _) => {}
            (false, false) => place.name = fresh()?,
            (false, true) => return Ok((fresh()?, Found::Unknown)),
        }
        // SAFETY: as above.
        let string = unsafe { Owned::another(place.name.0) };
        let found = match place.answer == answer {
            true => Found::At(place.slot),
            false => Found::New(Note { place, answer }),
        };
        Ok((string, found))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_the_same_string_in_every_answer() {
        let mut names = Names::default();
        names.begin();
        let (a, found) = names.find(b"state").unwrap();
        let Found::New(note) = found else {
            panic!("known before it was there")
        };
        note.set(7);
        let (b, found) = names.find(b"state").unwrap();
        assert!(matches!(found, Found::At(7)));
        names.begin();
        let (c, found) = names.find(b"state").unwrap();
        assert!(matches!(found, Found::New(_)));
        assert_eq!((a.0, a.0), (b.0, c.0));
        // SAFETY: we own references.
        unsafe {
            assert_eq!(data::data_string_bytes(a.0), b"state");
            assert_eq!((*a.0).refcnt, 4);
            drop((names, b, c));
            assert_eq!((*a.0).refcnt, 1);
        }
    }

    #[test]
    fn names_of_a_lease_and_a_host_have_places_of_their_own() {
        let usual = "state ip-address dhcp-client-identifier client-hostname subnet pool \
             hardware-address hardware-type ends starts tstp tsfp atsfp cltt flags name group \
             host known statements";
        let usual: Vec<_> = usual.split_ascii_whitespace().collect();
        let mut places: Vec<_> = usual.iter().map(|n| place(n.as_bytes())).collect();
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), usual.len());
    }

    #[test]
    fn a_place_is_not_taken_twice_in_one_answer() {
        let mut names = Names::default();
        names.begin();
        let long = [b'x'; LONGEST + 1];
        assert!(matches!(names.find(&long).unwrap().1, Found::Unknown));
        for round in 0..2 {
            for i in 0..1000 {
                let name = format!("n{i}");
                match names.find(name.as_bytes()).unwrap().1 {
                    Found::New(note) => {
                        assert_eq!(round, 0);
                        note.set(i);
                    }
                    Found::At(slot) => assert_eq!((round, slot), (1, i)),
                    Found::Unknown => {}
                }
            }
        }
    }
}
