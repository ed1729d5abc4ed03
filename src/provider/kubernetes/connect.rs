//! Connect: from a kubeconfig file and a context to clients, one kind that reads and one that writes.
//!
//! Deliberately absent: merging kubeconfig files (the pair is explicit, since contexts of different files may share names),
//! kube's retries (they resend writes) and kube's own running of exec plugins (it has no time limit and prints secrets).

use super::plugin::{self, Credential};
use super::proxy;
use crate::model::{Fault, FaultKind};
use crate::provider::Calls;
use crate::store::Source;
use jiff::Timestamp;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;

/// Where a cluster is found.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// None: what `KUBECONFIG` names, else `~/.kube/config`.
    pub kubeconfig: Option<PathBuf>,
    /// None: the file's current context.
    pub context: Option<String>,
}

impl Place {
    fn file(&self) -> String {
        match &self.kubeconfig {
            Some(path) => path.display().to_string(),
            None => "of the environment (KUBECONFIG, ~/.kube/config)".to_owned(),
        }
    }

    fn context(&self) -> &str {
        self.context.as_deref().unwrap_or("current-context")
    }
}

/// How long getting a client may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Reading the kubeconfig and the certificates that it names.
    pub read: Duration,
    /// The exec plugin.
    pub plugin: Duration,
    /// A failed try is not repeated within this time, so that several watches do not run a broken plugin at once.
    pub rest: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            read: Duration::from_secs(10),
            plugin: Duration::from_secs(30),
            rest: Duration::from_secs(2),
        }
    }
}

/// A client for reading. It repeats nothing by itself either: who reads backs off where the screen can show it.
#[derive(Clone)]
pub struct Reading {
    pub(super) client: kube::Client,
    pub(super) calls: Option<(Calls, Source)>,
    /// Said to [`Access::refused`] after a 401.
    pub generation: u64,
}

/// A client for writing: every request is sent once.
#[derive(Clone)]
pub struct Writing {
    pub(super) client: kube::Client,
    pub(super) calls: Option<(Calls, Source)>,
    /// Said to [`Access::refused`] after a 401.
    pub generation: u64,
}

/// The way to one cluster. Each environment has its own, so a plugin that hangs delays no other.
pub struct Access {
    place: Place,
    limits: Limits,
    calls: Option<(Calls, Source)>,
    held: Mutex<Held>,
}

#[derive(Default)]
struct Held {
    generation: u64,
    reading: Option<kube::Client>,
    writing: Option<kube::Client>,
    credential: Option<Credential>,
    failed: Option<(Instant, Fault)>,
    known: Option<Known>,
}

/// What a kubeconfig says of the cluster, for the sources view.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    /// Scheme, host and port.
    pub server: String,
    /// The certificate is not checked (`insecure-skip-tls-verify`).
    pub insecure: bool,
    /// The command of its exec plugin, without arguments.
    pub plugin: Option<String>,
}

impl Access {
    pub fn new(place: Place) -> Self {
        Self::with(place, Limits::default())
    }

    pub fn with(place: Place, limits: Limits) -> Self {
        Self {
            place,
            limits,
            calls: None,
            held: Mutex::new(Held::default()),
        }
    }

    /// Tells of writes and reviews as calls on this source. Watches and logs tell of their own.
    #[must_use]
    pub fn telling(mut self, calls: Calls, source: Source) -> Self {
        self.calls = Some((calls, source));
        self
    }

    pub fn place(&self) -> &Place {
        &self.place
    }

    /// A client that reads; built once, and again when its credential runs out or was refused.
    ///
    /// # Errors
    /// Unauthorized where there is no credential, Malformed where the kubeconfig is at fault.
    pub async fn reading(&self) -> Result<Reading, Fault> {
        let mut held = self.held.lock().await;
        self.renew(&mut held);
        let client = match held.reading.clone() {
            Some(client) => client,
            None => self.build(&mut held).await?,
        };
        held.reading = Some(client.clone());
        Ok(Reading {
            client,
            calls: self.calls.clone(),
            generation: held.generation,
        })
    }

    /// A client that writes. Read-only mode never asks for one.
    ///
    /// # Errors
    /// As [`Access::reading`].
    pub async fn writing(&self) -> Result<Writing, Fault> {
        let mut held = self.held.lock().await;
        self.renew(&mut held);
        let client = match held.writing.clone() {
            Some(client) => client,
            None => self.build(&mut held).await?,
        };
        held.writing = Some(client.clone());
        Ok(Writing {
            client,
            calls: self.calls.clone(),
            generation: held.generation,
        })
    }

    /// The server answered 401 to a client of this generation: the credential is to be got anew, once for all who ask.
    pub async fn refused(&self, generation: u64) {
        let mut held = self.held.lock().await;
        if held.generation == generation {
            held.forget();
        }
    }

    /// What the kubeconfig says; none until a client was asked for.
    pub async fn known(&self) -> Option<Known> {
        self.held.lock().await.known.clone()
    }

    fn renew(&self, held: &mut Held) {
        if held
            .credential
            .as_ref()
            .is_some_and(|c| !c.lasts(Timestamp::now()))
        {
            held.forget();
        }
    }

    async fn build(&self, held: &mut Held) -> Result<kube::Client, Fault> {
        if let Some((at, fault)) = &held.failed
            && at.elapsed() < self.limits.rest
        {
            return Err(fault.clone());
        }
        let built = self.try_build(held).await;
        held.failed = match &built {
            Ok(_) => None,
            Err(fault) => Some((Instant::now(), fault.clone())),
        };
        built
    }

    async fn try_build(&self, held: &mut Held) -> Result<kube::Client, Fault> {
        let place = self.place.clone();
        let mut config = self.blocking(move || load(&place)).await??;
        let plugin = config.auth_info.exec.clone();
        held.known = Some(Known {
            server: format!(
                "{}://{}",
                config.cluster_url.scheme_str().unwrap_or("https"),
                config.cluster_url.authority().map_or("", |a| a
                    .as_str()
                    .rsplit('@')
                    .next()
                    .unwrap_or_default())
            ),
            insecure: config.accept_invalid_certs,
            plugin: plugin.as_ref().and_then(|p| p.command.clone()),
        });
        if let Some(exec) = plugin {
            let credential = match held.credential.clone() {
                Some(credential) => credential,
                None => plugin::run(&exec, self.place.context(), self.limits.plugin).await?,
            };
            credential.clone().into_auth(&mut config.auth_info);
            held.credential = Some(credential);
        }
        let context = self.place.context().to_owned();
        self.blocking(move || {
            // the first to install wins, and all install the same
            let _ = rustls::crypto::ring::default_provider().install_default();
            kube::Client::try_from(config).map_err(|e| unusable(&context, &e))
        })
        .await?
    }

    /// File systems hang, too: whatever reads files runs beside the runtime, and is left behind when its time is up.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Fault> {
        match tokio::time::timeout(self.limits.read, tokio::task::spawn_blocking(work)).await {
            Ok(Ok(done)) => Ok(done),
            Ok(Err(_)) => Err(self.unreadable("reading it was interrupted")),
            Err(_) => Err(self.unreadable(&format!(
                "it did not answer within {} s",
                self.limits.read.as_secs_f32()
            ))),
        }
    }

    fn unreadable(&self, why: &str) -> Fault {
        Fault::new(
            FaultKind::Unreachable,
            format!(
                "The kubeconfig {} could not be read: {why}.",
                self.place.file()
            ),
            "Check the file system that it is on.",
        )
    }
}

impl Held {
    fn forget(&mut self) {
        self.generation += 1;
        self.reading = None;
        self.writing = None;
        self.credential = None;
    }
}

/// Reads a context out of its file, with everything switched off that would retry, prompt or run something.
fn load(place: &Place) -> Result<kube::Config, Fault> {
    let file = match &place.kubeconfig {
        Some(path) => Kubeconfig::read_from(path),
        None => Kubeconfig::read(),
    };
    let file = file.map_err(|e| misread(place, &e))?;
    let named = named_proxy(&file, place);
    let options = KubeConfigOptions {
        context: place.context.clone(),
        ..KubeConfigOptions::default()
    };
    // async in name only: nothing in it waits for anything but files
    let config = futures::executor::block_on(kube::Config::from_custom_kubeconfig(file, &options));
    let mut config = config.map_err(|e| misread(place, &e))?;
    if let Some(provider) = &config.auth_info.auth_provider
        && provider.name != "oidc"
    {
        return Err(Fault::new(
            FaultKind::Unauthorized,
            format!(
                "The context {} uses the auth-provider {}, which Kubernetes has removed.",
                place.context(),
                provider.name
            ),
            "Name an exec plugin in the kubeconfig instead.",
        ));
    }
    let host = config.cluster_url.host().unwrap_or_default();
    let through = proxy::choose_proxy(host, named.as_deref(), |name| std::env::var(name).ok());
    config.proxy_url = match through.map(|proxy| proxy.parse()) {
        None => None,
        Some(Ok(proxy)) => Some(proxy),
        Some(Err(_)) => {
            return Err(Fault::new(
                FaultKind::Malformed,
                format!(
                    "The proxy for the context {} is no address.",
                    place.context()
                ),
                "Correct proxy-url in the kubeconfig, or HTTPS_PROXY.",
            ));
        }
    };
    config.default_retry = false;
    config.connect_timeout = Some(Duration::from_secs(10));
    config.headers.push((
        http::header::USER_AGENT,
        http::HeaderValue::from_static(concat!("leverframe/", env!("CARGO_PKG_VERSION"))),
    ));
    Ok(config)
}

/// The proxy that the context's cluster names.
fn named_proxy(file: &Kubeconfig, place: &Place) -> Option<String> {
    let wanted = place.context.as_ref().or(file.current_context.as_ref())?;
    let context = file.contexts.iter().find(|c| c.name == *wanted)?;
    let cluster = &context.context.as_ref()?.cluster;
    let cluster = file.clusters.iter().find(|c| c.name == *cluster)?;
    cluster.cluster.as_ref()?.proxy_url.clone()
}

/// A fault for a kubeconfig that cannot be used. Never NotFound, which is a server's answer: here none was asked. Parse
/// errors are not repeated: they quote the lines around, with tokens.
fn misread(place: &Place, error: &KubeconfigError) -> Fault {
    let file = place.file();
    let context = place.context();
    match error {
        KubeconfigError::ReadConfig(e, _) => Fault::new(
            FaultKind::Malformed,
            format!("The kubeconfig {file} could not be read: {}.", e.kind()),
            "Correct its path in the configuration.",
        ),
        KubeconfigError::LoadContext(_) | KubeconfigError::CurrentContextNotSet => Fault::new(
            FaultKind::Malformed,
            format!("The kubeconfig {file} has no context {context}."),
            format!("See: kubectl --kubeconfig {file} config get-contexts"),
        ),
        KubeconfigError::LoadClusterOfContext(_) | KubeconfigError::MissingClusterUrl => {
            Fault::new(
                FaultKind::Malformed,
                format!("The context {context} of {file} names a cluster without a server."),
                "Correct the kubeconfig.",
            )
        }
        KubeconfigError::Parse(e) => {
            let line = e
                .location()
                .map_or_else(String::new, |at| format!(", line {}", at.line()));
            Fault::new(
                FaultKind::Malformed,
                format!("The kubeconfig {file} is not one{line}."),
                "Correct the file; kubectl config view says what it makes of it.",
            )
        }
        _ => Fault::new(
            FaultKind::Malformed,
            format!(
                "The context {context} of {file} cannot be used: its server, certificate or key is not readable."
            ),
            "Correct the kubeconfig.",
        ),
    }
}

fn unusable(context: &str, error: &kube::Error) -> Fault {
    let (what, kind) = match error {
        kube::Error::Auth(_) => ("its credential cannot be used", FaultKind::Unauthorized),
        kube::Error::RustlsTls(_) => (
            "its certificates or its key cannot be used",
            FaultKind::Malformed,
        ),
        _ => ("no client can be built from it", FaultKind::Malformed),
    };
    Fault::new(
        kind,
        format!("The context {context} cannot be used: {what}."),
        "Correct the kubeconfig, or log in again.",
    )
}

#[cfg(test)]
mod tests;
