//! Layout shim.
use crate::state::State;
use ratatui::layout::Rect;
pub struct Panes {
    pub run: Option<Rect>,
    pub log: Option<Rect>,
}
pub fn panes(_s: &State) -> Panes {
    Panes {
        run: None,
        log: None,
    }
}
pub fn board_rows(_s: &State) -> usize {
    10
}
pub fn run_rows(_s: &State) -> usize {
    10
}
pub fn log_rows(_s: &State) -> usize {
    10
}
