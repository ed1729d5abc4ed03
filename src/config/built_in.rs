//! Built-in: the files that come with the program, each the same that an operator copies and edits.
//!
//! Deliberately absent: merging them into an operator's file; a delivery is taken whole from one place.

/// The operator's file, all of it commented.
pub const CONFIG: &str = include_str!("../../config/leverframe.toml");

/// Deliveries by name.
pub const DELIVERIES: &[(&str, &str)] = &[("govuk", include_str!("../../config/govuk.toml"))];

/// The text of a built-in delivery file.
pub fn delivery(name: &str) -> Option<&'static str> {
    DELIVERIES
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}

/// The names, for sentences: `govuk`.
pub fn names() -> String {
    let names: Vec<&str> = DELIVERIES.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}
