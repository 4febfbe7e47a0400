#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Starts the server with the page, and asks for its files and for its address; a dialer of ours then finds a host there,
# which has no echo. The folder of the programs is the first argument. tests/interop tries the page in a browser.
set -euo pipefail
page=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../tools/web" && pwd)
folder=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -r "$folder"' EXIT

"$1/10_browser" "$page" >"$folder/output" &
server=$!
for _ in $(seq 100); do
    grep -qs '^http' "$folder/output" && break
    sleep 0.1
done
python3 - "$page" "$folder/output" <<'PYTHON'
import json, sys, urllib.request
page, output = sys.argv[1:]
address, url = open(output).read().split()
for path, file in (("", "index.html"), ("app.js", "app.js"), ("vendor/noble.js", "vendor/noble.js")):
    with urllib.request.urlopen(url + path, timeout=10) as answer:
        assert answer.read() == open(f"{page}/{file}", "rb").read(), path
assert json.load(urllib.request.urlopen(url + "node.json", timeout=10))["addresses"] == [address]
assert urllib.request.urlopen(url + "../../README.md", timeout=10).read() == b""
PYTHON
if answer=$(timeout 30 "$1/02_echo_client" "$(head -n 1 "$folder/output")" 2>&1); then exit 1; fi
echo "$answer"
grep -q 'no common protocol' <<<"$answer"
kill "$server"
wait "$server"  # it says goodbye, and exits with 0
