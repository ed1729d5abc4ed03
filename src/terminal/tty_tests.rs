//! The device at the other end of a pseudoterminal: whose it is, and that nothing waits for it.

use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::pty::OpenptFlags;

use super::*;

/// The emulator's end and the console's.
fn pair() -> (OwnedFd, File) {
    let flags = OpenptFlags::RDWR | OpenptFlags::NOCTTY;
    let master = rustix::pty::openpt(flags).unwrap();
    rustix::pty::grantpt(&master).unwrap();
    rustix::pty::unlockpt(&master).unwrap();
    let name = rustix::pty::ptsname(&master, Vec::new())
        .unwrap()
        .into_string()
        .unwrap();
    let options = (OFlags::NOCTTY | OFlags::NONBLOCK).bits().cast_signed();
    let slave = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(options)
        .open(name)
        .unwrap();
    rustix::fs::fcntl_setfl(&master, OFlags::RDWR | OFlags::NONBLOCK).unwrap();
    (master, slave)
}

fn received(master: &OwnedFd) -> Vec<u8> {
    let mut all = Vec::new();
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = rustix::io::read(master, &mut bytes) {
        all.extend_from_slice(&bytes[..count]);
    }
    all
}

fn mode(file: &File) -> String {
    let termios = rustix::termios::tcgetattr(file).unwrap();
    format!(
        "{:?} {:?} {:?} {:?}",
        termios.input_modes, termios.output_modes, termios.control_modes, termios.local_modes
    )
}

#[test]
fn the_first_bytes_are_the_greeting_and_the_last_the_farewell_and_the_mode_is_as_before() {
    let (master, slave) = pair();
    let before = mode(&slave);
    let tty = Tty::claim_file(slave.try_clone().unwrap()).unwrap();
    assert_ne!(mode(&slave), before);
    assert_eq!(tty.write_some(b"frame"), Written::Some(5));
    assert_eq!(tty.write_some(b" two"), Written::Some(4));
    tty.give_back();
    tty.give_back();
    assert_eq!(
        received(&master),
        [GREETING, b"frame two", FAREWELL].concat()
    );
    assert_eq!(mode(&slave), before);
    assert_eq!(tty.write_some(b"late"), Written::NotOurs);
    assert_eq!(tty.read_some(&mut [0; 8]), Read::NotOurs);
    assert!(!tty.reclaim(), "given back for good");
    assert_eq!(received(&master), b"");
}

#[test]
fn a_loan_restores_the_mode_and_its_end_greets_again() {
    let (master, slave) = pair();
    let before = mode(&slave);
    let tty = Tty::claim_file(slave.try_clone().unwrap()).unwrap();
    let raw = mode(&slave);
    assert_eq!(tty.write_some(b"1"), Written::Some(1));
    tty.lend(Loan::Command);
    assert_eq!(mode(&slave), before);
    assert_eq!(tty.write_some(b"lost"), Written::NotOurs);
    rustix::io::write(&master, b"password\n").unwrap();
    assert_eq!(
        tty.read_some(&mut [0; 8]),
        Read::NotOurs,
        "keys are the command's"
    );
    assert!(tty.reclaim());
    assert_eq!(mode(&slave), raw);
    assert_eq!(tty.write_some(b"2"), Written::Some(1));
    tty.give_back();
    let sent = String::from_utf8(received(&master))
        .unwrap()
        .replace("password\r\n", "");
    assert_eq!(
        sent.into_bytes(),
        [GREETING, b"1", FAREWELL, GREETING, b"2", FAREWELL].concat()
    );
    assert_eq!(mode(&slave), before);
}

#[test]
fn a_terminal_that_reads_nothing_is_given_back_all_the_same() {
    let (master, slave) = pair();
    let before = mode(&slave);
    let tty = Tty::claim_file(slave.try_clone().unwrap()).unwrap();
    while tty.write_some(&[b'x'; 1000]) != Written::Full {}
    tty.give_back();
    assert_eq!(mode(&slave), before);
    let sent = received(&master);
    assert!(
        sent.ends_with(FAREWELL),
        "of {} bytes the last are {:?}",
        sent.len(),
        sent.rchunks(60).next()
    );
}

#[test]
fn keys_meant_for_the_console_do_not_reach_the_shell() {
    let (master, slave) = pair();
    let tty = Tty::claim_file(slave.try_clone().unwrap()).unwrap();
    rustix::io::write(&master, b"v3083\r").unwrap();
    assert!(tty.wait_readable(None));
    tty.give_back();
    assert_eq!(rustix::io::ioctl_fionread(&slave).unwrap(), 0);
}

#[test]
fn a_vanished_terminal_is_noticed_by_every_thread() {
    let (master, slave) = pair();
    let tty = Arc::new(Tty::claim_file(slave).unwrap());
    let watching = Arc::clone(&tty);
    let watchdog = std::thread::spawn(move || watching.wait_hung_up());
    drop(master);
    assert!(watchdog.join().unwrap());
    assert!(tty.wait_readable(None));
    assert_eq!(tty.read_some(&mut [0; 8]), Read::Gone);
    assert_eq!(tty.write_some(b"x"), Written::Gone);
    tty.wait_writable();
    tty.give_back();
}

#[test]
fn the_size_is_what_the_emulator_set() {
    let (master, slave) = pair();
    let tty = Tty::claim_file(slave).unwrap();
    for (columns, rows) in [(80, 24), (0, 0), (500, 200)] {
        let size = rustix::termios::Winsize {
            ws_row: rows,
            ws_col: columns,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        rustix::termios::tcsetwinsize(&master, size).unwrap();
        assert_eq!(tty.size(), (columns, rows));
    }
}
