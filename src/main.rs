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
    ExitCode::from(code)
}
