//! Connect: from a kubeconfig file and a context to clients, one kind that reads and one that writes.
//!
//! Deliberately absent: merging kubeconfig files (the pair is explicit, since contexts of different files may share names),
//! kube's retries (they resend writes) and kube's own running of exec plugins (it has no time limit and prints secrets).

use super::plugin::{self, Credential};
use super::proxy;
use crate::model::{ClusterAddress, Exposure, Fault, FaultKind};
use crate::provider::Calls;
use crate::secret;
use crate::store::Source;
use crate::trust::{Distrust, check_trust};
use base64::Engine as _;
use jiff::Timestamp;
use kube::config::{KubeConfigOptions, Kubeconfig, KubeconfigError};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, watch as signal};

/// Where a cluster is found: a context of a kubeconfig file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KubeContext {
    pub kubeconfig: PathBuf,
    pub context: String,
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

/// A client for reading. It repeats nothing by itself either, so that readers back off where the screen can show it.
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
    context: KubeContext,
    limits: Limits,
    calls: Option<(Calls, Source)>,
    held: Mutex<Held>,
    known: signal::Sender<Option<Known>>,
}

#[derive(Default)]
struct Held {
    generation: u64,
    reading: Option<kube::Client>,
    writing: Option<kube::Client>,
    credential: Option<Credential>,
    failed: Option<(Instant, Fault)>,
}

/// What a kubeconfig says of the cluster.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Known {
    pub address: ClusterAddress,
    /// Why what comes from there, and the credential that goes there, are not safe on the way.
    pub exposure: Option<Exposure>,
    /// The command of its exec plugin, without arguments.
    pub plugin: Option<String>,
}

impl Access {
    pub fn new(context: KubeContext) -> Self {
        Self::with(context, Limits::default())
    }

    pub fn with(context: KubeContext, limits: Limits) -> Self {
        Self {
            context,
            limits,
            calls: None,
            held: Mutex::new(Held::default()),
            known: signal::Sender::new(None),
        }
    }

    /// Where writes and reviews are reported as calls on this source. Watches and logs report theirs themselves.
    #[must_use]
    pub fn telling(mut self, calls: Calls, source: Source) -> Self {
        self.calls = Some((calls, source));
        self
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

    /// The server answered 401 to a client of this generation, so the next caller gets a new credential, and gets it
    /// for all.
    pub async fn refused(&self, generation: u64) {
        let mut held = self.held.lock().await;
        if held.generation == generation {
            held.forget();
        }
    }

    /// What the kubeconfig says; none until it was read for the first client. The receiver is notified then.
    pub fn known(&self) -> signal::Receiver<Option<Known>> {
        self.known.subscribe()
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
        let context = self.context.clone();
        let mut config = self.blocking(move || load(&context)).await??;
        let plugin = config.auth_info.exec.clone();
        self.known.send_replace(Some(known(&config)));
        if let Some(exec) = plugin {
            let credential = match held.credential.clone() {
                Some(credential) => credential,
                None => plugin::run(&exec, &self.context.context, self.limits.plugin).await?,
            };
            credential.clone().into_auth(&mut config.auth_info);
            held.credential = Some(credential);
        }
        let context = self.context.context.clone();
        self.blocking(move || {
            // the first to install wins, and all install the same
            let _ = rustls::crypto::ring::default_provider().install_default();
            remember_secrets(&config.auth_info);
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
                self.context.kubeconfig.display()
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

/// Has faults name nothing that is logged in with. The field names are those of a kubeconfig.
fn remember_secrets(auth: &kube::config::AuthInfo) {
    let Ok(fields) = serde_json::to_value(auth) else {
        return;
    };
    let field = |name: &str| fields[name].as_str();
    for secret in ["token", "password"].into_iter().filter_map(field) {
        secret::remember(secret);
    }
    if let (Some(user), Some(password)) = (field("username"), field("password")) {
        let both = format!("{user}:{password}");
        secret::remember(&base64::engine::general_purpose::STANDARD.encode(both));
    }
    if let Some(token) = field("tokenFile").and_then(|file| std::fs::read_to_string(file).ok()) {
        secret::remember(&token);
    }
}

fn known(config: &kube::Config) -> Known {
    let scheme = config.cluster_url.scheme_str().unwrap_or("https");
    let auth = &config.auth_info;
    let has_credential = auth.token.is_some()
        || auth.token_file.is_some()
        || auth.password.is_some()
        || auth.exec.is_some()
        || auth.auth_provider.is_some();
    let exposure = if scheme == "http" {
        has_credential.then_some(Exposure::PlainHttp)
    } else {
        config
            .accept_invalid_certs
            .then_some(Exposure::UncheckedCertificate)
    };
    Known {
        address: ClusterAddress {
            url: Arc::from(shown_url(&config.cluster_url)),
            proxy: config
                .proxy_url
                .as_ref()
                .map(|url| Arc::from(shown_url(url))),
        },
        exposure,
        plugin: auth.exec.as_ref().and_then(|p| p.command.clone()),
    }
}

/// Reads a context out of its file, with everything switched off that would retry, prompt or run something.
fn load(of: &KubeContext) -> Result<kube::Config, Fault> {
    let distrusted = std::fs::metadata(&of.kubeconfig)
        .ok()
        .and_then(|about| check_trust(&of.kubeconfig, &about).err());
    if let Some(Distrust { why, remedy }) = distrusted {
        return Err(Fault::new(
            FaultKind::Malformed,
            format!(
                "The kubeconfig {} is not used. {why}",
                of.kubeconfig.display()
            ),
            remedy,
        ));
    }
    let file = Kubeconfig::read_from(&of.kubeconfig).map_err(|e| misread(of, &e))?;
    let named = named_proxy(&file, of);
    let options = KubeConfigOptions {
        context: Some(of.context.clone()),
        ..KubeConfigOptions::default()
    };
    // async in name only: nothing in it waits for anything but files
    let config = futures::executor::block_on(kube::Config::from_custom_kubeconfig(file, &options));
    let mut config = config.map_err(|e| misread(of, &e))?;
    if let Some(provider) = &config.auth_info.auth_provider
        && provider.name != "oidc"
    {
        return Err(Fault::new(
            FaultKind::Unauthorized,
            format!(
                "The context {} uses the auth-provider {}, which Kubernetes has removed.",
                of.context, provider.name
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
                format!("The proxy for the context {} is no address.", of.context),
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
fn named_proxy(file: &Kubeconfig, of: &KubeContext) -> Option<String> {
    let context = file.contexts.iter().find(|c| c.name == of.context)?;
    let cluster = &context.context.as_ref()?.cluster;
    let cluster = file.clusters.iter().find(|c| c.name == *cluster)?;
    cluster.cluster.as_ref()?.proxy_url.clone()
}

/// A fault for a kubeconfig that cannot be used. Never NotFound, which is a server's answer: here none was asked. Parse
/// errors are not repeated: they quote the lines around, with tokens.
fn misread(of: &KubeContext, error: &KubeconfigError) -> Fault {
    let file = of.kubeconfig.display();
    let context = &of.context;
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

/// Scheme, host, port and path of a server's URL; whoever stands before the `@` is nobody's business.
fn shown_url(url: &http::Uri) -> String {
    let scheme = url.scheme_str().unwrap_or("https");
    let host = url.host().unwrap_or_default().to_ascii_lowercase();
    let usual = if scheme == "http" { 80 } else { 443 };
    let port = url.port_u16().filter(|port| *port != usual);
    let port = port.map(|port| format!(":{port}")).unwrap_or_default();
    format!(
        "{scheme}://{host}{port}{}",
        url.path().trim_end_matches('/')
    )
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
