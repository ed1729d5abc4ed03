//! Exposure: whether somebody on the way to the remote could take the credential, or forge what is read.
//!
//! Deliberately absent: ssh, which checks keys of hosts by itself, and a login that git asks for only when it is refused.

use super::repository::Repository;
use crate::model::Exposure;
use crate::secret;
use std::time::Duration;

/// Git only reads its configuration.
const LIMIT: Duration = Duration::from_secs(10);

/// Why the way to the remote that is read, or that is pushed to, is not safe.
pub fn exposure(repository: &Repository) -> Option<Exposure> {
    let is_switched_off = std::env::var_os("GIT_SSL_NO_VERIFY").is_some();
    let remote = repository.git.find_remote("origin").ok()?;
    let urls = [remote.url().ok(), remote.pushurl().ok().flatten()];
    urls.into_iter()
        .flatten()
        .find_map(|url| exposure_of_url(repository, url, is_switched_off))
}

fn exposure_of_url(repository: &Repository, url: &str, is_switched_off: bool) -> Option<Exposure> {
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split('/').next().unwrap_or_default();
    let login = host.rsplit_once('@').map(|(login, _)| login);
    if let Some((_, password)) = login.and_then(|login| login.split_once(':')) {
        secret::remember(password);
    }
    match scheme {
        "https" => {
            let verifies = configured(repository, &["--type=bool"], "http.sslVerify", url);
            (is_switched_off || verifies.as_deref() == Some("false"))
                .then_some(Exposure::UncheckedRemote)
        }
        "http" => {
            let has = |key| configured(repository, &[], key, url).is_some();
            (login.is_some() || has("http.extraHeader") || has("credential.helper"))
                .then_some(Exposure::PlainRemote)
        }
        _ => None,
    }
}

/// What git is configured to for a URL; none where that is nothing.
fn configured(repository: &Repository, form: &[&str], key: &str, url: &str) -> Option<String> {
    let asked = [form, &["--get-urlmatch", key, url]].concat();
    let ended = repository.call("config", LIMIT).run(asked).ok()?;
    let said = ended.stdout.trim();
    (ended.success() && !said.is_empty()).then(|| said.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::git::fixture::Fixture;

    #[test]
    fn a_way_is_not_safe_where_certificates_go_unchecked_or_credentials_by_http() {
        use Exposure::{PlainRemote, UncheckedRemote};
        let no_verify = ("http.https://git.example.sslVerify", "0");
        let header = (
            "http.http://git.example.extraHeader",
            "Authorization: Basic eDp5",
        );
        let helper = ("credential.http://git.example.helper", "store");
        for (url, config, is_switched_off, exposed) in [
            ("https://git.example/a", None, false, None),
            ("https://git.example/a", None, true, Some(UncheckedRemote)),
            (
                "https://git.example/a",
                Some(no_verify),
                false,
                Some(UncheckedRemote),
            ),
            ("https://other.example/a", Some(no_verify), false, None),
            (
                "http://u:a-password@git.example/a",
                None,
                false,
                Some(PlainRemote),
            ),
            (
                "http://git.example/a",
                Some(header),
                false,
                Some(PlainRemote),
            ),
            (
                "http://git.example/a",
                Some(helper),
                false,
                Some(PlainRemote),
            ),
            ("ssh://git@git.example/a", None, true, None),
            ("git@git.example:a", None, true, None),
            ("/srv/a.git", None, true, None),
        ] {
            let fixture = Fixture::bare();
            if let Some((key, value)) = config {
                fixture.git().config().unwrap().set_str(key, value).unwrap();
            }
            let repository = fixture.open();
            let found = exposure_of_url(&repository, url, is_switched_off);
            assert_eq!(found, exposed, "{url} {config:?}");
        }
        assert_eq!(secret::redact("is a-password"), "is [redacted]");
    }

    #[test]
    fn the_address_that_is_pushed_to_counts_too() {
        let fixture = Fixture::bare();
        let git = fixture.git();
        git.remote("origin", "ssh://git@git.example/a").unwrap();
        assert_eq!(exposure(&fixture.open()), None);
        git.remote_set_pushurl("origin", Some("http://u@git.example/a"))
            .unwrap();
        assert_eq!(exposure(&fixture.open()), Some(Exposure::PlainRemote));
    }
}
