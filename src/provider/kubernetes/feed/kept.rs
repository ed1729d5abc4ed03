//! Kept: how much of one list is kept, so that a server that brings objects without end fills no memory.
//!
//! Deliberately absent: the objects themselves, which the store keeps, and their names, of which a hash is enough.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

/// The most that is kept of one list.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    pub objects: usize,
    pub bytes: usize,
}

impl Default for Bounds {
    /// Five times the Applications of the largest delivery that is planned for, and more pods than those have.
    fn default() -> Self {
        Self {
            objects: 250_000,
            bytes: 384 * 1024 * 1024,
        }
    }
}

/// What is kept of one list.
#[derive(Default)]
pub(super) struct Kept {
    hasher: RandomState,
    /// By the hash of its name: in which listing an object was seen last, and its weight.
    objects: HashMap<u64, (u32, usize)>,
    listing: u32,
    /// Objects and bytes that the running listing has named, and those that came after it.
    named: Sum,
    /// Those, and what an earlier listing has named: it is kept until the running one has ended.
    all: Sum,
}

#[derive(Clone, Copy, Default)]
struct Sum {
    objects: usize,
    bytes: usize,
}

impl Sum {
    fn add(&mut self, bytes: usize) {
        self.objects += 1;
        self.bytes += bytes;
    }

    fn subtract(&mut self, bytes: usize) {
        self.objects -= 1;
        self.bytes -= bytes;
    }
}

impl Kept {
    pub(super) fn begin(&mut self) {
        self.listing = self.listing.wrapping_add(1);
        self.named = Sum::default();
    }

    /// What the listing did not name is kept no more.
    pub(super) fn end(&mut self) {
        let listing = self.listing;
        self.objects.retain(|_, (of, _)| *of == listing);
        self.all = self.named;
    }

    /// Counts an object in the place of an older one of its name. False where the list is larger than may be kept now.
    pub(super) fn put(&mut self, name: &str, bytes: usize, bounds: Bounds) -> bool {
        self.gone(name);
        let key = self.hasher.hash_one(name);
        self.objects.insert(key, (self.listing, bytes));
        self.named.add(bytes);
        self.all.add(bytes);
        self.named.objects <= bounds.objects
            && self.named.bytes <= bounds.bytes
            && self.all.objects <= 2 * bounds.objects
            && self.all.bytes <= 2 * bounds.bytes
    }

    pub(super) fn gone(&mut self, name: &str) {
        let key = self.hasher.hash_one(name);
        let Some((listing, bytes)) = self.objects.remove(&key) else {
            return;
        };
        self.all.subtract(bytes);
        if listing == self.listing {
            self.named.subtract(bytes);
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FEW: Bounds = Bounds {
        objects: 3,
        bytes: 100,
    };

    #[test]
    fn objects_and_bytes_are_bounded_and_what_is_gone_makes_room() {
        let mut kept = Kept::default();
        kept.begin();
        for name in ["a", "b", "c", "c", "b"] {
            assert!(kept.put(name, 10, FEW));
        }
        kept.end();
        assert!(!kept.put("d", 10, FEW), "a fourth");
        kept.gone("d");
        kept.gone("a");
        kept.gone("a");
        assert!(kept.put("d", 80, FEW));
        assert!(!kept.put("d", 81, FEW), "101 bytes");
    }

    /// What stood before a cut counts as long as it is kept, so that lists that never end do not add up.
    #[test]
    fn listings_that_never_end_are_bounded_together() {
        let mut kept = Kept::default();
        for (listing, fits) in [("1", true), ("2", true), ("3", false)] {
            kept.begin();
            let names = ["a", "b", "c"].map(|name| format!("{name}{listing}"));
            let all = names.iter().all(|name| kept.put(name, 10, FEW));
            assert_eq!(all, fits, "listing {listing}");
        }
        kept.clear();
        kept.begin();
        assert!(kept.put("a", 10, FEW));
        // Each listing whole: the one before it is over with its end.
        for listing in 0..5 {
            kept.begin();
            assert!(kept.put(&format!("a{listing}"), 90, FEW));
            kept.end();
        }
    }
}
