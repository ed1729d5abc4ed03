//! Texts: a few texts by their keys, as labels, annotations and parameters are.
//!
//! In one piece of memory, sorted: each object has some, and a tree of two entries has room for eleven.

use std::sync::Arc;

#[derive(Clone, PartialEq, Debug, Default)]
pub struct Texts(Vec<(Arc<str>, Arc<str>)>);

impl Texts {
    pub fn get(&self, key: &str) -> Option<&Arc<str>> {
        let place = self.place(key).ok()?;
        self.0.get(place).map(|(_, text)| text)
    }

    /// Sets the text of a key, in the place of the one before.
    pub fn insert(&mut self, key: Arc<str>, text: Arc<str>) {
        match self.place(&key) {
            Ok(place) => self.0[place].1 = text,
            Err(place) => {
                self.0.reserve_exact(1);
                self.0.insert(place, (key, text));
            }
        }
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<str>)> {
        self.0.iter().map(|(key, text)| (key, text))
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Where a key stands, or would stand.
    fn place(&self, key: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| (**known).cmp(key))
    }
}

impl IntoIterator for Texts {
    type Item = (Arc<str>, Arc<str>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl FromIterator<(Arc<str>, Arc<str>)> for Texts {
    fn from_iter<I: IntoIterator<Item = (Arc<str>, Arc<str>)>>(entries: I) -> Self {
        let mut entries: Vec<_> = entries.into_iter().collect();
        // Sorted once, whatever a server sends; of entries with one key the last one counts.
        entries.reverse();
        entries.sort_by(|one, other| one.0.cmp(&other.0));
        entries.dedup_by(|later, first| later.0 == first.0);
        entries.shrink_to_fit();
        Texts(entries)
    }
}

impl Extend<(Arc<str>, Arc<str>)> for Texts {
    fn extend<I: IntoIterator<Item = (Arc<str>, Arc<str>)>>(&mut self, entries: I) {
        let known = std::mem::take(self);
        *self = known.into_iter().chain(entries).collect();
    }
}

impl<const N: usize> From<[(Arc<str>, Arc<str>); N]> for Texts {
    fn from(entries: [(Arc<str>, Arc<str>); N]) -> Self {
        entries.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_by_its_key_and_the_last_one_counts() {
        let entries = [("b", "1"), ("a", "2"), ("c", "3"), ("b", "4")];
        let texts: Texts = entries.map(|(key, text)| (key.into(), text.into())).into();
        assert_eq!(texts.get("b").map(|text| &**text), Some("4"));
        assert_eq!(texts.get("d"), None);
        let keys: Vec<&str> = texts.iter().map(|(key, _)| &**key).collect();
        assert_eq!(keys, ["a", "b", "c"]);
        assert_eq!((texts.len(), texts.is_empty()), (3, false));
    }
}
