//! Completions and the manual page, made from the arguments themselves.
//!
//! Deliberately absent: files of them; `leverframe man > leverframe.1` is the source.

use super::exit::{Exit, Failure};
use super::{Arguments, Ended, print};
use crate::action::Place;
use crate::keymap::Keymap;

pub(super) fn completions(shell: clap_complete::Shell) -> Ended {
    let mut script = Vec::new();
    clap_complete::generate(
        shell,
        &mut Arguments::described(),
        "leverframe",
        &mut script,
    );
    print::bytes(&script)?;
    Ok(Exit::Ok)
}

/// One page: the command, each subcommand, the keys and the exit codes.
pub(super) fn manual() -> Ended {
    let failed = |error: std::io::Error| {
        Failure::new(Exit::Failed, format!("No page could be made: {error}."))
    };
    let described = Arguments::described();
    let mut page = Vec::new();
    let man = clap_mangen::Man::new(described.clone());
    man.render_title(&mut page).map_err(failed)?;
    man.render_name_section(&mut page).map_err(failed)?;
    man.render_synopsis_section(&mut page).map_err(failed)?;
    man.render_description_section(&mut page).map_err(failed)?;
    man.render_options_section(&mut page).map_err(failed)?;
    let mut text = String::from_utf8_lossy(&page).into_owned();
    text.push_str(".SH COMMANDS\n");
    for command in described.get_subcommands() {
        tell(command, "leverframe", &mut text);
    }
    text.push_str(".SH KEYS\n");
    for (place, keys, help) in keys()? {
        text.push_str(&format!(
            ".TP\n\\fB{}\\fR ({place})\n{}\n",
            roff(&keys),
            roff(help)
        ));
    }
    text.push_str(".SH EXIT STATUS\n");
    for (exit, meaning) in Exit::ALL {
        text.push_str(&format!(
            ".TP\n\\fB{}\\fR\n{}.\n",
            exit.code(),
            roff(meaning)
        ));
    }
    print::out(&text)?;
    Ok(Exit::Ok)
}

/// A command with what it takes itself; the flags of every command stand under OPTIONS once.
fn tell(command: &clap::Command, path: &str, text: &mut String) {
    let path = format!("{path} {}", command.get_name());
    let about = command.get_about().map(ToString::to_string);
    text.push_str(&format!(
        ".TP\n\\fB{}\\fR\n{}.\n",
        roff(&path),
        roff(&about.unwrap_or_default())
    ));
    let arguments = command.get_arguments().filter(|a| !a.is_global_set());
    for (n, argument) in arguments.enumerate() {
        if n == 0 {
            text.push_str(".RS\n");
        }
        let help = argument.get_help().map(ToString::to_string);
        text.push_str(&format!(
            ".TP\n\\fB{}\\fR\n{}.\n",
            roff(&spelled(argument)),
            roff(&help.unwrap_or_default())
        ));
    }
    if command.get_arguments().any(|a| !a.is_global_set()) {
        text.push_str(".RE\n");
    }
    for inner in command.get_subcommands() {
        tell(inner, &path, text);
    }
}

/// `-e, --environment ENVIRONMENT`, `APP`.
fn spelled(argument: &clap::Arg) -> String {
    let takes = argument.get_action().takes_values() || argument.is_positional();
    let value = argument
        .get_value_names()
        .and_then(|names| names.first())
        .filter(|_| takes)
        .map(ToString::to_string);
    let short = argument.get_short().map(|letter| format!("-{letter},"));
    let long = argument.get_long().map(|word| format!("--{word}"));
    let parts: Vec<String> = short.into_iter().chain(long).chain(value).collect();
    parts.join(" ")
}

/// A leading dot or a backslash would be an instruction.
fn roff(text: &str) -> String {
    let text = text.replace('\\', "\\\\").replace('-', "\\-");
    match text.strip_prefix(['.', '\'']) {
        Some(_) => format!("\\&{text}"),
        None => text,
    }
}

/// Every key of every place: place, chords, sentence. Keys of `any` stand there only.
fn keys() -> Result<Vec<(&'static str, String, &'static str)>, Failure> {
    let keymap = Keymap::built_in()?;
    let mut rows = Vec::new();
    for place in Place::ALL {
        for (action, chords) in keymap.section_actions(place) {
            let chords: Vec<String> = chords.iter().map(ToString::to_string).collect();
            rows.push((place.name(), chords.join(" "), action.help()));
        }
    }
    Ok(rows)
}
