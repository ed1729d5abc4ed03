//! A small repository of tag files, as `config/govuk.toml` reads them.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

pub struct Repository {
    directory: tempfile::TempDir,
}

impl Repository {
    /// Three environments, a handful of apps, two commits.
    pub fn small() -> Self {
        let repository = Self {
            directory: tempfile::tempdir().expect("a directory"),
        };
        repository.git(&["init", "--quiet", "--initial-branch=main"]);
        for (number, app) in [
            "account-api",
            "content-store",
            "frontend",
            "publisher",
            "router",
            "whitehall",
        ]
        .iter()
        .enumerate()
        {
            for environment in ["integration", "staging", "production"] {
                repository.declare(environment, app, &format!("v{}", 100 + number));
            }
        }
        repository.commit("Begin");
        repository.declare("integration", "publisher", "v200");
        repository.commit("Update publisher image tag to v200 in integration");
        repository
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Writes a tag file, not committed yet.
    pub fn declare(&self, environment: &str, app: &str, version: &str) {
        let directory = self
            .path()
            .join("charts/app-config/image-tags")
            .join(environment);
        std::fs::create_dir_all(&directory).expect("a directory");
        let text = format!(
            "image_tag: {version}\nautomatic_deploys_enabled: true\npromote_deployment: true\n"
        );
        std::fs::write(directory.join(app), text).expect("a file");
    }

    pub fn commit(&self, subject: &str) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message", subject]);
    }

    fn git(&self, arguments: &[&str]) {
        let status = Command::new("git")
            .args([
                "-c",
                "user.name=robot",
                "-c",
                "user.email=robot@example.org",
            ])
            .args(arguments)
            .current_dir(self.path())
            // Long ago, so that no age changes while a test runs.
            .env("GIT_AUTHOR_DATE", "2026-01-05T10:00:00Z")
            .env("GIT_COMMITTER_DATE", "2026-01-05T10:00:00Z")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .status()
            .expect("git runs");
        assert!(status.success(), "git {arguments:?}");
    }

    /// Every text as the name of a file, as a version, and as author and message of the commit that changed it.
    pub fn hostile(texts: &[Vec<u8>]) -> Self {
        let repository = Self {
            directory: tempfile::tempdir().expect("a directory"),
        };
        repository.git(&["init", "--quiet", "--bare", "--initial-branch=main"]);
        let mut stream = Vec::new();
        let now = jiff::Timestamp::now().as_second();
        for (number, text) in texts.iter().enumerate() {
            let person: Vec<u8> = text
                .iter()
                .copied()
                .filter(|byte| !b"<>\n\0".contains(byte))
                .collect();
            let at = now - 3000 + i64::try_from(number).expect("few texts");
            stream.extend(b"commit refs/heads/main\n");
            for role in ["author ", "committer "] {
                stream.extend(role.as_bytes());
                stream.extend(&person);
                stream.extend(format!(" <{number}@example.org> {at} +0000\n").as_bytes());
            }
            stream.extend(format!("data {}\n", text.len()).as_bytes());
            stream.extend(text);
            stream.push(b'\n');
            let plain = format!("app-{number}").into_bytes();
            for environment in ["integration", "staging", "production"] {
                for name in [&plain, text] {
                    if name.is_empty()
                        || name.len() > 200
                        || name.contains(&b'/')
                        || name.contains(&0)
                        || name.starts_with(b".")
                    {
                        continue;
                    }
                    let quoted: String = name.iter().map(|byte| format!("\\{byte:03o}")).collect();
                    stream.extend(format!("M 100644 inline \"charts/app-config/image-tags/{environment}/{quoted}\"\n").as_bytes());
                    let file = [
                        b"image_tag: ",
                        text.as_slice(),
                        b"\npromote_deployment: true\n",
                    ]
                    .concat();
                    stream.extend(format!("data {}\n", file.len()).as_bytes());
                    stream.extend(file);
                    stream.push(b'\n');
                }
            }
        }
        let mut import = Command::new("git")
            .args(["fast-import", "--quiet"])
            .current_dir(repository.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .stdin(Stdio::piped())
            .spawn()
            .expect("git runs");
        import
            .stdin
            .take()
            .expect("a pipe")
            .write_all(&stream)
            .expect("git reads");
        assert!(import.wait().expect("git ends").success());
        repository
    }
}
