//! Row keys: a few rows that belong together, in the order of their keys.
//!
//! Nearly always it is one row, of thousands of families: a tree for each would be most of what the board keeps.

use super::RowKey;

#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct RowKeys(Vec<RowKey>);

impl RowKeys {
    pub(super) fn insert(&mut self, key: RowKey) {
        let Err(place) = self.0.binary_search(&key) else {
            return;
        };
        self.0.reserve_exact(1);
        self.0.insert(place, key);
    }

    pub(super) fn remove(&mut self, key: &RowKey) {
        self.0.retain(|known| known != key);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &RowKey> {
        self.0.iter()
    }
}
