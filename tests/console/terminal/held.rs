//! Keys that never stop, as of one that is held where a frame takes longer than the time between two.

use std::time::Instant;

use super::console::LIMIT;
use super::started;

#[test]
fn what_is_read_is_shown_while_keys_never_stop() {
    let (repository, mut console) = started();
    console.press("+");
    console.wait_for("whitehall");
    // Down and up again, far enough that hardly a frame is like the one before; and each time git is asked again.
    let keys = [b"j".repeat(300), b"k".repeat(300), b"\x12".to_vec()].concat();
    console.send(&keys.repeat(8));
    let committed = std::thread::spawn(move || {
        repository.declare("staging", "router", "v9000");
        repository.commit("Deploy router v9000 to staging");
        repository
    });
    let deadline = Instant::now() + LIMIT;
    while !console.screen().contains("v9000") {
        assert!(
            Instant::now() < deadline,
            "nothing came between the keys; the screen is\n{}",
            console.screen()
        );
        console.send(&keys);
    }
    committed.join().expect("a commit");
}
