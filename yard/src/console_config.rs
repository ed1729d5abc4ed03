//! Console config: the configuration and delivery files that the yard writes for the console, as an operator would.
//!
//! The delivery is the built-in GOV.UK one with another name and no links: what runs here has no page anywhere.

use std::io;
use std::path::{Path, PathBuf};

use super::{Access, write_private};

/// The delivery that the yard plays.
const GOVUK: &str = include_str!("../../config/govuk.toml");

/// What the header calls it.
pub const NAME: &str = "Practice yard";

/// Writes both files into the yard's folder; the operator's is returned.
pub fn write(folder: &Path, repository: &Path, access: &[Access]) -> io::Result<PathBuf> {
    let delivery = folder.join("delivery.toml");
    write_private(&delivery, &delivery_text())?;
    let mut text = format!(
        "# The practice yard's own configuration; it is gone when the yard closes.\npractice = true\ndelivery = {}\nrepository = {}\njournal = {}\n",
        quoted(&delivery),
        quoted(repository),
        quoted(&folder.join("journal")),
    );
    for Access {
        environment,
        kubeconfig,
        context,
    } in access
    {
        text.push_str(&format!(
            "\n[environments.{environment}]\nkubeconfig = {}\ncontext = {context:?}\n",
            quoted(kubeconfig)
        ));
    }
    let file = folder.join("leverframe.toml");
    write_private(&file, &text)?;
    Ok(file)
}

fn delivery_text() -> String {
    let mut in_links = false;
    let mut text = String::new();
    for line in GOVUK.lines() {
        let begins = line.starts_with("links = [");
        in_links = in_links || begins;
        if in_links {
            in_links = !line.trim_end().ends_with(']');
        } else if line.starts_with("name = ") && !text.contains("\nname = ") {
            text.push_str(&format!("name = {NAME:?}\n"));
        } else {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

/// A path as a TOML string.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_delivery_differs_from_the_built_in_one_in_name_and_links_only() {
        let text = delivery_text();
        assert!(text.contains("name = \"Practice yard\"") && !text.contains("name = \"GOV.UK\""));
        assert!(!text.contains("https://argo"));
        let links = GOVUK
            .lines()
            .skip_while(|line| !line.starts_with("links = ["));
        let links = 1 + links.take_while(|line| !line.ends_with(']')).count();
        assert_eq!(text.lines().count() + links, GOVUK.lines().count());
    }
}
