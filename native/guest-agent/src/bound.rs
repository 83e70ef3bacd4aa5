//! A bound on the number of something.

use std::sync::atomic::{AtomicUsize, Ordering};

pub struct Bound {
    taken: AtomicUsize,
    max: usize,
}

/// One place within a bound, given back when dropped.
pub struct Permit {
    bound: &'static Bound,
}

impl Bound {
    pub const fn new(max: usize) -> Self {
        Bound { taken: AtomicUsize::new(0), max }
    }

    pub fn acquire(&'static self) -> Option<Permit> {
        let before = self.taken.fetch_add(1, Ordering::SeqCst);
        let permit = Permit { bound: self };
        // When this was one too many, dropping the permit takes it back.
        if before < self.max {
            Some(permit)
        } else {
            None
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.bound.taken.fetch_sub(1, Ordering::SeqCst);
    }
}
