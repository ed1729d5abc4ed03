//! Signals: what the system sends this process, and the watchdog that notices a vanished terminal without a signal.
//!
//! Whatever ends the console gives the terminal back first, then asks the loop to return, then ends the process all the
//! same when the loop has not within a moment. Deliberately absent: anything that waits for the terminal or the loop.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use signal_hook::consts::{
    SIGABRT, SIGALRM, SIGCONT, SIGHUP, SIGINT, SIGPROF, SIGQUIT, SIGTERM, SIGTSTP, SIGUSR1,
    SIGUSR2, SIGVTALRM, SIGWINCH, SIGXCPU, SIGXFSZ,
};
use signal_hook::iterator::Signals;
use tokio::sync::mpsc::UnboundedSender;

use super::tty::{Holder, Loan, Tty};
use super::{Cause, Control};

/// What is taken. Left alone, all but the last three would end the process with the terminal as it is. An abort from
/// within is not stopped by taking its signal; one that somebody sends is.
const TAKEN: [i32; 15] = [
    SIGTERM, SIGINT, SIGQUIT, SIGHUP, SIGUSR1, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU,
    SIGXFSZ, SIGABRT, SIGTSTP, SIGCONT, SIGWINCH,
];

/// How long the loop may take to return once it was asked to end.
const GRACE: Duration = Duration::from_millis(600);

/// Ends the console, whatever its other threads are doing. Shared by signals, watchdog and panics.
#[derive(Clone, Debug)]
pub(super) struct Ending {
    pub(super) tty: Arc<Tty>,
    pub(super) control: UnboundedSender<Control>,
    begun: Arc<AtomicBool>,
}

impl Ending {
    pub(super) fn new(tty: Arc<Tty>, control: UnboundedSender<Control>) -> Self {
        Self {
            tty,
            control,
            begun: Arc::new(AtomicBool::new(false)),
        }
    }

    /// Gives the terminal back, asks the loop to return, and makes sure that the process ends within a second. A second
    /// reason to end does not wait for the first.
    pub(super) fn begin(&self, cause: Cause) {
        self.begin_with(cause, || {});
    }

    /// The same, with a text for the normal screen that is written before the loop is asked, because the process may
    /// end right after that.
    fn begin_with(&self, cause: Cause, report: impl FnOnce()) {
        let code = i32::from(cause.exit_code());
        // A vanished terminal is reported twice, by the device and by SIGHUP, so only a repeated signal counts as
        // impatience.
        let again = self.begun.swap(true, Ordering::AcqRel);
        if again && matches!(cause, Cause::Signal(number) if number != SIGHUP) {
            self.tty.give_back();
            signal_hook::low_level::exit(code);
        }
        // The clock runs before anything else is touched: giving back and reporting may both meet a stalled terminal.
        let clock = std::thread::Builder::new()
            .name("ending".to_owned())
            .spawn(move || {
                std::thread::sleep(GRACE);
                signal_hook::low_level::exit(code);
            });
        self.tty.give_back();
        report();
        // With the loop gone there is nobody to tell; without a clock there is nobody to wait for.
        if self.control.send(Control::Ended(cause)).is_err() && clock.is_err() {
            signal_hook::low_level::exit(code);
        }
    }
}

/// Starts the thread that takes signals.
pub(super) fn listen(ending: Ending) -> std::io::Result<()> {
    let mut signals = Signals::new(TAKEN)?;
    std::thread::Builder::new()
        .name("signals".to_owned())
        .spawn(move || {
            loop {
                let mut arrived: Vec<i32> = signals.wait().collect();
                // Ending comes first: a shell that kills a stopped job sends it on as well.
                arrived.sort_by_key(|signal| matches!(*signal, SIGTSTP | SIGCONT | SIGWINCH));
                for signal in arrived {
                    obey_signal(signal, &ending);
                }
            }
        })?;
    Ok(())
}

fn obey_signal(signal: i32, ending: &Ending) {
    let tty = &ending.tty;
    match signal {
        SIGTSTP => {
            tty.lend(Loan::Stop);
            // Raised in this thread, so that it does not run on before the whole process has stopped.
            let _ = signal_hook::low_level::raise(signal_hook::consts::SIGSTOP);
        }
        // A command that has the terminal keeps it; it was stopped and goes on together with the console.
        SIGCONT if tty.holder() == Holder::Other(Loan::Command) => {}
        SIGCONT => {
            if tty.reclaim() {
                let _ = ending.control.send(Control::Continued(tty.size()));
            }
        }
        SIGWINCH => {
            let _ = ending.control.send(Control::Resized(tty.size()));
        }
        // These came from the keyboard and are meant for the command that has it.
        SIGINT | SIGQUIT if tty.is_keyboard_of_command() => {}
        _ => ending.begin(Cause::Signal(signal)),
    }
}

/// Starts the thread that ends the console when its terminal vanishes, also where nobody sends SIGHUP.
pub(super) fn watch(ending: Ending) -> std::io::Result<()> {
    std::thread::Builder::new()
        .name("watchdog".to_owned())
        .spawn(move || {
            if ending.tty.wait_hung_up() {
                ending.begin(Cause::HungUp);
            }
        })?;
    Ok(())
}

/// Gives the terminal back before a panic in any thread or task is reported, and ends the console after it.
pub(super) fn restore_on_panic(ending: Ending) {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if ending.tty.holder() != Holder::Nobody {
            ending.begin_with(Cause::Panicked, || report(panic));
        } else {
            report(panic);
        }
    }));
}
