#!/usr/bin/env bash
# Writes the seed corpora of all targets: small inputs of the kinds that the targets read, so that a run begins behind the
# first syntax errors. What a run finds besides stays in corpus/, which is not kept.
set -euo pipefail
cd "$(dirname "$0")"

# Keeps standard input as a seed of a target, named by its content.
seed() {
    mkdir -p "corpus/$1"
    cat >"corpus/$1/new"
    mv "corpus/$1/new" "corpus/$1/$(sha1sum <"corpus/$1/new" | cut -c1-40)"
}

# Version files. What follows the file in the input (the version, the gate) is cut off its end.
for version in '"v1362"' v1362 "'v1362'" 9f83e630aa83e630aa83e630aa83e630aa83e630 1.10 '' '&a v1' '!!str v1' $'|\n  v1\n' '*a'; do
    printf 'image_tag: %s\nautomatic_deploys_enabled: true\npromote_deployment: false\n' "$version" | seed scalars
done
printf '# a comment\r\nimage_tag: "v1"  # why\r\npromote_deployment: true\r\n' | seed scalars
printf '\xef\xbb\xbfversions:\n  hocs-audit: 1.2.3\n  other: "4"\nimage_tag:' | seed scalars
printf -- '---\n{image_tag: v1, promote_deployment: "true", other: [1, {a: b}]}\n' | seed scalars
printf 'image_tag: "v1\n  \\x41\n\n  and on"\nlist:\n- a\n-\tb\n' | seed scalars

# Lists of objects.
printf '{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"7","continue":"x"},"items":[{"a":"}],{"},null,5,"s,]"]}' | seed list
printf '{"items" : [ {"metadata":{"name":"a","labels":{}}} , {"items":[1,[2]]} ],\n "kind":"ApplicationList","metadata":{}}' | seed list
printf '{"kind":"WorkflowList","items":null,"metadata":{"resourceVersion":"9"}}' | seed list
printf '{"kind":"PodList","metadata":{},"items":[{"q":"\\"\\\\"},{"u":"\\u0041"}],"tail":{"b":["]"]}}' | seed list
printf '{"kind":"Status","code":410,"message":"too old"}' | seed list

# Lines of logs.
printf '\x1b[31;1mError\x1b[0m: \x1b[38;5;196mno\x1b[39;49m \x1b[38;2;1;2;3mway\x1b[m\r' | seed sgr
printf 'a\xe2\x80\xaeb\xf0\x9f\x91\xa9\xe2\x80\x8d\xf0\x9f\x91\xa9 e\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81\xcc\x81 \x9b31m\xff\tend' | seed sgr
printf '\x1b]0;title\x07\x1b[2J\x1b[4:3m\x1b[48;5mx\x1b[30;40mhidden\xef\xb8\x8f' | seed sgr

# Keys of terminals, and what terminals say by themselves.
printf 'jk\r\x1b\x1b[A\x1bOP\x1b[1;5C\x1b[27;5;13~\x1b[13;2u\x1b[Z\x1b[24;80R\x1bx' | seed keys
printf '\x1b[200~pasted\r\nlines\x1b[201~\x7f\x03\t\xc3\xa9\xe2\x82\xac' | seed keys
printf '\x1b]52;c;aGk=\x07\x1bP+q544e\x1b\\\x1b[?62;22c\x1b[[A\x1bO\x18\x1b_x\x1b\\' | seed keys

# What a node sends of a container, as the steps that a log is read by.
for text in plain 'with a 2026-11-21T20:00:00Z stamp' $'two\r' '' $'\xf0\x9f'; do
    printf '\x01\x01\x00\x01\x00\x02%s\x00\x10\x2026-11-21T20:00:00.123456789Z %s\n2026-11-21T20:00:00Z\x03\x01' "$text" "$text" | seed follow
done
head -c 400 /dev/zero | tr '\0' '\2' | seed follow
seq 1 200 | tr '\n' '\1' | seed follow

# Lines of the journal.
while IFS= read -r line; do
    printf '%s\n' "$line" | seed journal
done <journal.jsonl
seed journal <journal.jsonl
printf 'not json\n{"v":2,"at":"2026-11-21T20:00:00Z"}\n\n{"v":1,"at"' | seed journal

for target in corpus/*; do
    printf '%s: %d inputs\n' "${target#corpus/}" "$(find "$target" -type f | wc -l)"
done
