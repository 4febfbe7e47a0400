#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs server and client; the folder of the programs is the first argument.
set -euo pipefail
folder=$(mktemp -d)
"$1/02_echo_server" >"$folder/address" &
server=$!
trap 'kill "$server" 2>/dev/null || true; rm -r "$folder"' EXIT
for _ in $(seq 100); do
    [ -s "$folder/address" ] && break
    sleep 0.1
done
answer=$(timeout 30 "$1/02_echo_client" "$(head -n 1 "$folder/address")")
echo "$answer"
[ "$answer" = hello ]
