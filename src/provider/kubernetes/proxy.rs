//! Proxy: whether a cluster is reached through one, by the kubeconfig, else by the environment as curl and kubectl read it.
//!
//! Decided here because kube 5 compares `NO_PROXY` with the proxy's own address. Deliberately absent: rules by port.

use hyper_util::client::proxy::matcher::Matcher;
use std::net::IpAddr;

/// The proxy for a server's host: what the cluster names itself, else `HTTPS_PROXY` unless the host is exempt. This machine
/// itself is never reached through a proxy that only the environment names.
pub(super) fn choose_proxy(
    host: &str,
    named: Option<&str>,
    environment: impl Fn(&str) -> Option<String>,
) -> Option<String> {
    let set = |upper: &str| {
        environment(upper)
            .or_else(|| environment(&upper.to_lowercase()))
            .filter(|v| !v.is_empty())
    };
    if let Some(named) = named.filter(|n| !n.is_empty()) {
        return Some(named.to_owned());
    }
    let proxy = set("HTTPS_PROXY")?;
    let exempt =
        is_this_machine(host) || set("NO_PROXY").is_some_and(|list| is_exempt(host, &list));
    (!exempt).then_some(proxy)
}

fn is_this_machine(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost")
        || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

fn is_exempt(host: &str, list: &str) -> bool {
    // The matcher only says whether there is a proxy; which one is said above. It knows `.name`, but not `*.name`.
    let rules = Matcher::builder()
        .all("http://proxy.invalid")
        .no(list.replace("*.", "."))
        .build();
    format!("https://{host}/")
        .parse()
        .is_ok_and(|server| rules.intercept(&server).is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with<'a>(variables: &'a [(&str, &str)]) -> impl Fn(&str) -> Option<String> + 'a {
        |wanted| {
            variables
                .iter()
                .find(|(name, _)| *name == wanted)
                .map(|(_, value)| (*value).to_owned())
        }
    }

    #[test]
    fn the_cluster_is_compared_with_the_exemptions_and_not_the_proxy() {
        let variables = [
            ("HTTPS_PROXY", "http://proxy.test:3128"),
            (
                "no_proxy",
                ".eks.test, *.star.test, 10.0.0.0/8,192.0.2.7, exact.test,fd00::/8",
            ),
        ];
        let direct = |host: &str| choose_proxy(host, None, with(&variables)).is_none();
        for host in [
            "a.eks.test",
            "eks.test",
            "a.star.test",
            "10.9.8.7",
            "192.0.2.7",
            "EXACT.test",
            "[fd00::1]",
            "127.0.0.1",
            "localhost",
            "[::1]",
        ] {
            assert!(direct(host), "{host}");
        }
        for host in [
            "notexact.test",
            "example.test",
            "11.0.0.1",
            "192.0.2.70",
            "proxy.test",
            "[fe00::1]",
        ] {
            assert!(!direct(host), "{host}");
        }
        assert!(
            choose_proxy(
                "x.test",
                None,
                with(&[("https_proxy", "http://p:1"), ("NO_PROXY", "*")])
            )
            .is_none()
        );
        assert!(choose_proxy("x.test", None, with(&[("HTTPS_PROXY", "")])).is_none());
    }

    #[test]
    fn a_proxy_that_the_cluster_names_holds_even_for_this_machine() {
        let named = choose_proxy(
            "127.0.0.1",
            Some("socks5://bastion.test:1080"),
            with(&[("NO_PROXY", "*")]),
        );
        assert_eq!(named.as_deref(), Some("socks5://bastion.test:1080"));
    }
}
