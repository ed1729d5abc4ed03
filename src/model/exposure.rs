//! Exposure: why a connection to a cluster or a remote is not safe on its way, though it works.
//!
//! Deliberately absent: connections that do not work, which are faults.

use serde::Serialize;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Exposure {
    /// `insecure-skip-tls-verify`: whoever stands between can read the credential and answer anything.
    UncheckedCertificate,
    /// A credential goes to an address that begins with http.
    PlainHttp,
    /// `http.sslVerify = false` or `GIT_SSL_NO_VERIFY`.
    UncheckedRemote,
    /// A remote is reached by http, with a credential.
    PlainRemote,
}

impl Exposure {
    /// What is so, to follow the name of the source and a colon.
    pub fn words(self) -> &'static str {
        match self {
            Exposure::UncheckedCertificate | Exposure::UncheckedRemote => "certificate not checked",
            Exposure::PlainHttp => "token sent over plain http",
            Exposure::PlainRemote => "credential sent over plain http",
        }
    }

    pub fn remedy(self) -> &'static str {
        match self {
            Exposure::UncheckedCertificate => {
                "Put the server's certificate authority into the kubeconfig instead of insecure-skip-tls-verify."
            }
            Exposure::PlainHttp => "Put the server's https address into the kubeconfig.",
            Exposure::UncheckedRemote => {
                "Name the remote's certificate authority in git's http.sslCAInfo instead of http.sslVerify or GIT_SSL_NO_VERIFY."
            }
            Exposure::PlainRemote => "Give the remote an https or ssh address.",
        }
    }
}
