//! Arguments, error hooks, runtime, run.

use std::process::ExitCode;
use std::time::Duration;

/// How long threads that wait for the outside (a hung git, a slow disk) may hold up the end.
const LEAVING: Duration = Duration::from_millis(100);

fn main() -> ExitCode {
    leverframe::secret::forbid_core_dumps();
    let arguments = leverframe::cli::Arguments::read();
    if let Err(report) = color_eyre::install() {
        eprintln!("leverframe: {report}");
    }
    let log = arguments.start_log();
    log_panics();
    // The one provider of cryptography; already being there is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!(
                "leverframe: the threads it needs could not be started: {error}. Nothing was done."
            );
            return ExitCode::FAILURE;
        }
    };
    let code = runtime.block_on(leverframe::cli::run(arguments));
    runtime.shutdown_timeout(LEAVING);
    if let Some(log) = log {
        log.flush(LEAVING);
    }
    ExitCode::from(code)
}

/// A panic is in the log file, too, whatever becomes of the terminal that it is reported on.
fn log_panics() {
    let report = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic.location().map(ToString::to_string);
        let said = panic.payload_as_str();
        tracing::error!(place, said, "panicked");
        report(panic);
    }));
}
