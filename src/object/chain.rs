//! A list of the objects of a chain. Most chains are short: they need no memory
//! of their own.

use super::layout::omapi_object_t;
use core::ptr::null_mut;

const FEW: usize = 4;

pub(super) struct Chain {
    few: [*mut omapi_object_t; FEW],
    /// How many of `few`, unless all are in `many`.
    len: usize,
    many: Vec<*mut omapi_object_t>,
}

impl Chain {
    pub(super) const fn new() -> Self {
        Self {
            few: [null_mut(); FEW],
            len: 0,
            many: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, object: *mut omapi_object_t) {
        match self.few.get_mut(self.len) {
            Some(place) => {
                *place = object;
                self.len += 1;
            }
            None => {
                if self.many.is_empty() {
                    self.many.extend(self.few);
                }
                self.many.push(object);
            }
        }
    }

    pub(super) fn all(&mut self) -> &mut [*mut omapi_object_t] {
        match self.many.is_empty() {
            true => &mut self.few[..self.len],
            false => &mut self.many,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_order_however_many() {
        for n in 0..10 {
            let mut chain = Chain::new();
            let objects: Vec<_> = (0..n).map(|i| (i * 64) as *mut omapi_object_t).collect();
            objects.iter().for_each(|&o| chain.push(o));
            assert_eq!(chain.all(), objects);
        }
    }
}
