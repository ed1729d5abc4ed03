//! Plugin: the program that a kubeconfig names for getting a credential, run without a terminal and under a time limit.
//!
//! Deliberately absent: its arguments, environment and output in any error (they hold secrets), and prompts: a plugin that
//! wants to ask somebody fails here, and the login command is what asks.

use crate::model::{Fault, FaultKind};
use crate::trust::check_program;
use base64::Engine as _;
use jiff::{SignedDuration, Timestamp};
use kube::config::{AuthInfo, ExecConfig};
use serde::Deserialize;
use serde_json::json;
use std::fs::Metadata;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::io::AsyncReadExt as _;

/// A credential is renewed this long before it expires.
const EARLY: SignedDuration = SignedDuration::from_secs(60);

/// A credential has some kilobytes.
const LARGEST_OUTPUT: u64 = 1024 * 1024;

/// What a plugin gave.
#[derive(Clone)]
pub(super) struct Credential {
    token: Option<String>,
    certificate: Option<(String, String)>,
    expires: Option<Timestamp>,
}

#[derive(Deserialize)]
struct Said {
    status: Option<Status>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Status {
    token: Option<String>,
    client_certificate_data: Option<String>,
    client_key_data: Option<String>,
    expiration_timestamp: Option<String>,
}

impl Credential {
    /// Whether it will do for a request that is made now.
    pub(super) fn lasts(&self, now: Timestamp) -> bool {
        self.expires.is_none_or(|expires| now + EARLY < expires)
    }

    /// Puts it in the place of the plugin.
    pub(super) fn into_auth(self, auth: &mut AuthInfo) {
        auth.exec = None;
        if let Some((certificate, key)) = self.certificate {
            let encode = |pem: String| base64::engine::general_purpose::STANDARD.encode(pem);
            auth.client_certificate_data = Some(encode(certificate));
            auth.client_key_data = Some(encode(key).into());
        }
        auth.token = self.token.map(Into::into);
    }
}

/// Runs the plugin of a context. It gets no terminal: standard input is empty, what it prints is read or dropped, and it
/// leads a process group of its own. After `limit` it is killed.
///
/// # Errors
/// Always [`FaultKind::Unauthorized`]: without a credential nothing else matters.
pub(super) async fn run(
    exec: &ExecConfig,
    context: &str,
    limit: Duration,
) -> Result<Credential, Fault> {
    let Some(command) = exec.command.as_deref().filter(|c| !c.is_empty()) else {
        return Err(fault(context, "names a plugin without a command"));
    };
    let name = command.rsplit('/').next().unwrap_or(command);
    if let Some((path, about)) = found(command)
        && let Err(distrust) = check_program(&path, &about)
    {
        return Err(Fault::new(
            FaultKind::Unauthorized,
            format!(
                "The context {context} got no credential: the plugin {} is not run. {}",
                path.display(),
                distrust.why
            ),
            distrust.remedy,
        ));
    }
    let mut process = without_terminal(command);
    process.args(exec.args.iter().flatten());
    for pair in exec.env.iter().flatten() {
        if let (Some(name), Some(value)) = (pair.get("name"), pair.get("value")) {
            process.env(name, value);
        }
    }
    let mut spec = json!({"interactive": false});
    if exec.provide_cluster_info
        && let Some(cluster) = &exec.cluster
    {
        spec["cluster"] = serde_json::to_value(cluster).unwrap_or_default();
    }
    let asked = json!({"apiVersion": exec.api_version, "kind": "ExecCredential", "spec": spec});
    process.env("KUBERNETES_EXEC_INFO", asked.to_string());
    for name in exec.drop_env.iter().flatten() {
        process.env_remove(name);
    }
    process
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut started = process.spawn().map_err(|e| {
        let why = format!(
            "got no credential: the plugin {name} could not be started ({})",
            e.kind()
        );
        fault(context, &why)
    })?;
    let group = Group(
        started
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(rustix::process::Pid::from_raw),
    );
    let pipe = started.stdout.take();
    let reading = async {
        let mut printed = Vec::new();
        if let Some(pipe) = pipe {
            pipe.take(LARGEST_OUTPUT + 1)
                .read_to_end(&mut printed)
                .await?;
        }
        // One that goes on printing meets a closed pipe.
        Ok::<_, std::io::Error>((started.wait().await?, printed))
    };
    let (status, printed) = match tokio::time::timeout(limit, reading).await {
        Err(_) => {
            drop(group);
            let seconds = limit.as_secs_f32();
            return Err(fault(
                context,
                &format!(
                    "got no credential: the plugin {name} did not end within {seconds} s and was killed"
                ),
            ));
        }
        Ok(Err(e)) => {
            let why = format!(
                "got no credential: the plugin {name} could not be read ({})",
                e.kind()
            );
            return Err(fault(context, &why));
        }
        Ok(Ok(ended)) => {
            group.forget();
            ended
        }
    };
    if printed.len() as u64 > LARGEST_OUTPUT {
        let why = format!("got no credential: what the plugin {name} printed is too long");
        return Err(fault(context, &why));
    }
    if matches!(status.code(), Some(126 | 127)) {
        let why = format!("got no credential: the plugin {name} could not be started");
        return Err(fault(context, &why));
    }
    if !status.success() {
        let how = status
            .code()
            .map_or_else(|| "by a signal".to_owned(), |c| format!("with status {c}"));
        return Err(fault(
            context,
            &format!("got no credential: the plugin {name} ended {how}"),
        ));
    }
    read(&printed).ok_or_else(|| {
        fault(
            context,
            &format!("got no credential: what the plugin {name} printed is none"),
        )
    })
}

/// The program that a command is, found as the system does; none where it is left to the system to say so.
fn found(command: &str) -> Option<(PathBuf, Metadata)> {
    let is_program = |path: PathBuf| {
        let about = std::fs::metadata(&path).ok()?;
        (about.is_file() && about.mode() & 0o111 != 0).then_some((path, about))
    };
    if command.contains('/') {
        return is_program(PathBuf::from(command));
    }
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders).find_map(|folder| is_program(folder.join(command)))
}

/// A command in a session of its own where the machine has the program for it, so that it can neither write on our screen
/// nor ask there; else in a process group of its own.
fn without_terminal(command: &str) -> tokio::process::Command {
    static SETSID: LazyLock<Option<PathBuf>> =
        LazyLock::new(|| found("setsid").map(|(path, _)| path));
    match SETSID.as_deref() {
        Some(setsid) => {
            let mut process = tokio::process::Command::new(setsid);
            process.arg(command);
            process
        }
        None => {
            let mut process = tokio::process::Command::new(command);
            process.process_group(0);
            process
        }
    }
}

/// A plugin and what it started (wrappers are common here): killed when nobody waits for it any more.
struct Group(Option<rustix::process::Pid>);

impl Group {
    /// The plugin has ended by itself; its number may be another's soon.
    fn forget(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
    }
}

fn fault(context: &str, what: &str) -> Fault {
    let hint =
        "Log in again, or run kubectl with this context by hand to see what the plugin says.";
    Fault::new(
        FaultKind::Unauthorized,
        format!("The context {context} {what}."),
        hint,
    )
}

/// Plugins are expected to print JSON; client-go also takes YAML, so some print that.
fn read(stdout: &[u8]) -> Option<Credential> {
    let said: Said = serde_json::from_slice(stdout)
        .ok()
        .or_else(|| serde_saphyr::from_slice(stdout).ok())?;
    let status = said.status?;
    let expires = match status.expiration_timestamp {
        Some(text) => Some(text.parse().ok()?),
        None => None,
    };
    let certificate = status.client_certificate_data.zip(status.client_key_data);
    let token = status.token.filter(|t| !t.is_empty());
    (token.is_some() || certificate.is_some()).then_some(Credential {
        token,
        certificate,
        expires,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt as _;

    /// A plugin that is a shell script.
    fn script(text: &str) -> ExecConfig {
        let secret = std::collections::HashMap::from([
            ("name".to_owned(), "PLUGIN_SECRET".to_owned()),
            ("value".to_owned(), "canary-env".to_owned()),
        ]);
        serde_json::from_value(json!({
            "apiVersion": "client.authentication.k8s.io/v1", "command": "/bin/sh", "args": ["-c", text, "canary-arg"],
            "env": [secret],
        }))
        .unwrap()
    }

    const LIMIT: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn a_token_is_taken_with_its_expiry() {
        let text = r#"test "$PLUGIN_SECRET" = canary-env || exit 9
            case "$KUBERNETES_EXEC_INFO" in *'"interactive":false'*) ;; *) exit 8;; esac
            if read line; then exit 7; fi
            echo to-be-dropped >&2
            echo '{"kind":"ExecCredential","status":{"token":"t0k","expirationTimestamp":"2026-11-20T03:12:00Z"}}'"#;
        let got = run(&script(text), "staging", LIMIT).await.unwrap();
        assert_eq!(got.token.as_deref(), Some("t0k"));
        assert!(got.lasts("2026-11-20T03:10:59Z".parse().unwrap()));
        assert!(!got.lasts("2026-11-20T03:11:00Z".parse().unwrap()));
        let mut auth = AuthInfo {
            exec: Some(script("true")),
            ..AuthInfo::default()
        };
        got.into_auth(&mut auth);
        assert!(auth.exec.is_none());
        assert!(auth.token.is_some());
    }

    #[tokio::test]
    async fn a_failure_tells_nothing_of_what_it_was_given_or_said() {
        for (text, told) in [
            (
                "echo canary-out; echo canary-err >&2; exit 3",
                "ended with status 3",
            ),
            ("kill -9 $$", "ended by a signal"),
            ("echo canary-out", "printed is none"),
            ("yes canary-out", "printed is too long"),
            ("echo '{\"status\":{\"token\":\"\"}}'", "printed is none"),
        ] {
            let fault = run(&script(text), "staging", LIMIT).await.err().unwrap();
            assert_eq!(fault.kind, FaultKind::Unauthorized);
            assert!(fault.detail.contains(told), "{fault}");
            assert!(!format!("{fault:?}").contains("canary"), "{fault:?}");
        }
        let missing: ExecConfig =
            serde_json::from_value(json!({"command": "/nonexistent/plugin"})).unwrap();
        let fault = run(&missing, "staging", LIMIT).await.err().unwrap();
        assert!(
            fault.detail.contains("plugin could not be started"),
            "{fault}"
        );
    }

    #[tokio::test]
    async fn a_plugin_that_others_may_write_is_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let (program, mark) = (folder.path().join("plugin"), folder.path().join("ran"));
        let token = r#"echo '{"status":{"token":"t0k"}}'"#;
        std::fs::write(
            &program,
            format!("#!/bin/sh\ntouch {}\n{token}\n", mark.display()),
        )
        .unwrap();
        let exec: ExecConfig = serde_json::from_value(json!({"command": program})).unwrap();
        for (mode, why) in [
            (0o775, "Its group may write it"),
            (0o757, "Everybody may write it"),
        ] {
            std::fs::set_permissions(&program, std::fs::Permissions::from_mode(mode)).unwrap();
            let fault = run(&exec, "staging", LIMIT).await.err().unwrap();
            assert!(fault.detail.contains(why), "{fault}");
            assert!(fault.hint.starts_with("chmod g"), "{fault}");
            assert!(!mark.exists(), "it did not run");
        }
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        run(&exec, "staging", LIMIT).await.unwrap();
        assert!(mark.exists());
        let from_path = found("sh").expect("a shell on the path").0;
        assert!(from_path.is_absolute());
    }

    #[tokio::test]
    async fn a_hung_plugin_is_killed() {
        let folder = tempfile::tempdir().unwrap();
        let mark = folder.path().join("pid");
        // the shell is the plugin; what hangs is its child
        let text = format!("sleep 600 & echo $! > {}; wait", mark.display());
        let fault = run(&script(&text), "staging", Duration::from_millis(300))
            .await
            .err()
            .unwrap();
        assert!(fault.detail.contains("was killed"), "{fault}");
        let process = std::fs::read_to_string(&mark).unwrap();
        let end = std::time::Instant::now() + LIMIT;
        // the tokio runtime reaps it in the background
        while std::path::Path::new("/proc").join(process.trim()).exists() {
            assert!(
                std::time::Instant::now() < end,
                "process {process} is still there"
            );
            tokio::task::yield_now().await;
        }
    }

    #[test]
    fn yaml_is_read_as_well() {
        let got = read(b"kind: ExecCredential\nstatus:\n  token: abc\n").unwrap();
        assert_eq!(got.token.as_deref(), Some("abc"));
        assert!(got.lasts(Timestamp::now()));
        assert!(
            read(b"status: {token: abc, expirationTimestamp: tomorrow}").is_none(),
            "no guess at a life"
        );
    }
}
