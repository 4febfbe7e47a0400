#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the server twice with one key, and the echo client against both of its addresses; the folder of the programs is
# the first argument.
set -euo pipefail
folder=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -r "$folder"' EXIT

serve() {
    rm -f "$folder/output"
    "$1/09_webrtc_direct" "$folder/key" >"$folder/output" &
    server=$!
    for _ in $(seq 100); do
        grep -qs /webrtc-direct/ "$folder/output" && break
        sleep 0.1
    done
    for address in $(grep '^/' "$folder/output"); do
        answer=$(timeout 30 "$1/02_echo_client" "$address")
        echo "$address: $answer"
        [ "$answer" = hello ]
    done
    grep -qx 'a stream over tcp' "$folder/output"
    grep -qx 'a stream over webrtc-direct' "$folder/output"
    kill "$server"
    wait "$server"  # it says goodbye, and exits with 0
}

server=
serve "$1"
first=$(grep -o 'certhash/uEi[^/]*' "$folder/output")
serve "$1"
[ "$first" = "$(grep -o 'certhash/uEi[^/]*' "$folder/output")" ]
