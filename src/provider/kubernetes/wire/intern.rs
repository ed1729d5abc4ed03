//! Intern: one copy of each text that thousands of objects repeat: keys of labels, namespaces, revisions, options.
//!
//! Deliberately absent: texts that are an object's own (names, uids); looking those up would cost and save nothing.

use std::cell::RefCell;
use std::collections::HashSet;
use std::sync::Arc;

/// So many texts are kept for each thread that reads.
const MOST: usize = 4_096;
/// Longer ones are seldom repeated.
const LONGEST: usize = 64;

thread_local! {
    static KNOWN: RefCell<HashSet<Arc<str>>> = RefCell::default();
}

/// The copy that is shared already, or a new one.
pub(super) fn intern(text: &str) -> Arc<str> {
    if text.len() > LONGEST {
        return Arc::from(text);
    }
    KNOWN.with_borrow_mut(|known| {
        if let Some(shared) = known.get(text) {
            return shared.clone();
        }
        // What is still repeated comes back at once; finding out what is would cost more than the few copies.
        if known.len() >= MOST {
            known.clear();
        }
        let new: Arc<str> = Arc::from(text);
        known.insert(new.clone());
        new
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_is_repeated_is_shared_and_the_number_of_them_is_bounded() {
        assert!(Arc::ptr_eq(
            &intern("cluster-services"),
            &intern("cluster-services")
        ));
        let long = "x".repeat(LONGEST + 1);
        assert!(!Arc::ptr_eq(&intern(&long), &intern(&long)));
        for n in 0..2 * MOST {
            assert_eq!(*intern(&n.to_string()), *n.to_string());
            KNOWN.with_borrow(|known| assert!(known.len() <= MOST));
        }
    }
}
