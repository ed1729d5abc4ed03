#!/usr/bin/env python3
"""Which version a roll back should propose after every move of a version, reckoned from git alone.

Reads a bundle of a repository whose files each declare one version, by the git program, and knows nothing of leverframe:
the tests compare what leverframe proposes with this.

    good_versions.py BUNDLE FOLDER [--good-after MINUTES] [--table]

The rule: of the versions that stood in the file before the one that stands now, the newest (by the last time that it stood)
that was not moved away from on somebody's order to a lower number, and that once stood for the given time. The next three such
versions stand beside it. A move by the robot that asks for promotion is nobody's order.

Without --table one line for every move: file, commit, the version before, the proposal, the versions beside it, and the rule that
kept the version before from being proposed; `-` where there is none. With --table: how often each rule was the cause.
"""

import argparse
import collections
import re
import subprocess
import tempfile

ABSENT = "0" * 40


def git(folder, *arguments, stdin=None):
    done = subprocess.run(
        ["git", "-C", folder, *arguments], input=stdin, capture_output=True, check=True
    )
    return done.stdout


def moves(folder, prefix):
    """(file, time, commit, version before, version after, promotion asked), oldest first."""
    log = git(
        folder, "log", "--reverse", "--first-parent", "--raw", "--no-abbrev", "--no-renames",
        "--format=@%H %ct", "main", "--", prefix,
    ).decode()
    steps, blobs = [], set()
    commit, at = None, 0
    for line in log.splitlines():
        if line.startswith("@"):
            commit, at = line[1:].split()
        elif line.startswith(":"):
            about, path = line[1:].split("\t", 1)
            _, _, before, after, _ = about.split()
            steps.append((path[len(prefix):].lstrip("/"), int(at), commit, before, after))
            blobs |= {before, after} - {ABSENT}
    texts = contents(folder, blobs)
    for file, at, commit, before, after in steps:
        was, is_now = texts.get(before, {}), texts.get(after, {})
        if was.get("image_tag") != is_now.get("image_tag"):
            promotes = is_now.get("promote_deployment") == "true"
            yield file, at, commit, was.get("image_tag"), is_now.get("image_tag"), promotes


def contents(folder, blobs):
    """Each blob as its top-level scalars."""
    names = sorted(blobs)
    raw = git(folder, "cat-file", "--batch", stdin="\n".join(names).encode() + b"\n")
    found, at = {}, 0
    while at < len(raw):
        end = raw.index(b"\n", at)
        name, _, size = raw[at:end].decode().split()
        text = raw[end + 1:end + 1 + int(size)].decode()
        found[name] = dict(re.findall(r"^(\w+): *[\"']?([^\"'\s#]+)", text, re.M))
        at = end + 1 + int(size) + 1
    return found


def number(version):
    release = re.fullmatch(r"v(\d+)", version or "")
    return int(release.group(1)) if release else None


def is_order(before, after, promotes):
    """Moved to a lower number by somebody, not by the robot that promotes."""
    low, high = number(after), number(before)
    return not promotes and low is not None and high is not None and low < high


def propose(past, good_after):
    """The good versions after the last of these moves, newest first, and why the version just before is not the first."""
    _, _, _, _, now, _ = past[-1]
    # Each time that a version stood: version, seconds, whether it was moved away from on somebody's order.
    stands = []
    for came, left in zip(past, past[1:]):
        ordered = is_order(left[3], left[4], left[5])
        stands.append((came[4], left[1] - came[1], ordered))
    longest = collections.defaultdict(int)
    for version, seconds, _ in stands:
        longest[version] = max(longest[version], seconds)
    good, seen, rule = [], {now, None}, "-"
    for nth, (version, _, ordered) in enumerate(reversed(stands)):
        if version in seen:
            continue
        seen.add(version)
        why = None
        if ordered:
            why = "rolled back from"
        elif longest[version] < good_after:
            why = "stood too short"
        if why is None:
            good.append(version)
        elif nth == 0:
            rule = why
    return good[:4], rule


def main():
    arguments = argparse.ArgumentParser()
    arguments.add_argument("bundle")
    arguments.add_argument("folder")
    arguments.add_argument("--good-after", type=int, default=30)
    arguments.add_argument("--table", action="store_true")
    asked = arguments.parse_args()
    with tempfile.TemporaryDirectory() as clone:
        subprocess.run(
            ["git", "clone", "--quiet", "--bare", asked.bundle, clone], check=True, capture_output=True
        )
        past = collections.defaultdict(list)
        counts, total = collections.Counter(), 0
        for move in moves(clone, asked.folder):
            file, _, commit, before, _, _ = move
            past[file].append(move)
            good, rule = propose(past[file], asked.good_after * 60)
            first = good[0] if good else "-"
            if not asked.table:
                print("\t".join([file, commit, before or "-", first, ",".join(good[1:]) or "-", rule]))
            if before is None:
                counts["no version before"] += 1
                continue
            total += 1
            counts["the version just before" if first == before else rule] += 1
    if asked.table:
        print(f"{total} moves of {len(past)} files")
        for rule, count in counts.most_common():
            print(f"{count:6} {rule}")


if __name__ == "__main__":
    main()
