//! Board: the rows and cells of the main view, derived from the facts.
