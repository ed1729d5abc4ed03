//! Rights: who calls, known by a random bearer token, and what they may do.
//!
//! One table per person instead of roles and bindings: the console sees only the answers, 401, 403 and access reviews.

use std::fs::File;
use std::io::{self, Read};

/// One who may call the server.
#[derive(Debug, Clone)]
pub struct Person {
    /// User name, as 403 messages give it.
    pub name: String,
    token: String,
    rights: Rights,
}

/// What a person may do.
#[derive(Debug, Clone)]
pub enum Rights {
    /// Everything.
    All,
    /// What a rule of these allows.
    Only(Vec<Rule>),
}

/// Verbs on one resource of one group, in every namespace.
#[derive(Debug, Clone)]
pub struct Rule {
    /// API group; `*` is any.
    pub group: &'static str,
    /// Resource, with its subresource as in `pods/log`; `*` is any.
    pub resource: &'static str,
    /// Lower-case verbs: get, list, watch, create, update, patch, delete.
    pub verbs: &'static [&'static str],
}

impl Person {
    /// Gives them a new random token; fails only where the system has no randomness.
    pub fn new(name: &str, rights: Rights) -> io::Result<Person> {
        Ok(Person {
            name: name.to_owned(),
            token: secret()?,
            rights,
        })
    }

    /// The bearer token, for a kubeconfig.
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Whether the Authorization header's token is theirs; takes as long for a wrong one.
    pub fn holds(&self, token: &str) -> bool {
        let (ours, theirs) = (self.token.as_bytes(), token.as_bytes());
        ours.len() == theirs.len()
            && ours
                .iter()
                .zip(theirs)
                .fold(0, |differ, (a, b)| differ | (a ^ b))
                == 0
    }

    /// Whether they may do this; `resource` with its subresource as in `pods/log`.
    pub fn may(&self, verb: &str, group: &str, resource: &str) -> bool {
        match &self.rights {
            Rights::All => true,
            Rights::Only(rules) => rules.iter().any(|rule| {
                (rule.group == "*" || rule.group == group)
                    && (rule.resource == "*" || rule.resource == resource)
                    && rule.verbs.contains(&verb)
            }),
        }
    }
}

/// 128 random bits in hexadecimal.
pub fn secret() -> io::Result<String> {
    let mut bytes = [0u8; 16];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
