#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Sends 20 MB privately through a relay on loopback, with a receiver that dies in the middle and comes back, and with a
# sender that does. The folder of the programs is the first argument; the relay is the p2p program beside it.
set -euo pipefail
program=$1/13_send_file
p2p=${P2P:-$1/../tools/p2p}
folder=$(mktemp -d)
relay= receiver= sender=
trap 'kill $relay $receiver $sender 2>/dev/null || true; rm -rf "$folder"' EXIT

wait_for() { # FILE PATTERN
    for _ in $(seq 600); do
        grep -q "$2" "$1" 2>/dev/null && return
        sleep 0.1
    done
    echo "no $2 in $1:"
    cat "$1"
    return 1
}
has_come() { stat -c %s "$folder/in"/.*.part 2>/dev/null || echo 0; }
wait_for_octets() { # COUNT
    for _ in $(seq 600); do
        (($(has_come) > $1)) && return
        sleep 0.05
    done
    return 1
}
receive() {
    : >"$folder/receiver"
    "$program" receive "$folder/in" --relay "$address" --loopback >"$folder/receiver" 2>&1 &
    receiver=$!
    wait_for "$folder/receiver" '^send to '
}

"$p2p" relay --listen /ip4/127.0.0.1/tcp/0 --json >"$folder/relay" &
relay=$!
wait_for "$folder/relay" '"listening"'
address=$(grep -o '/ip4/127.0.0.1/tcp/[0-9]*/p2p/[A-Za-z0-9]*' "$folder/relay" | head -1)
mkdir "$folder/in"
head -c 20000000 /dev/urandom >"$folder/some file.bin"
receive
target=$(sed -n 's/^send to //p' "$folder/receiver")

# A sender that dies, and is run again.
"$program" send "$folder/some file.bin" "$target" --loopback --rate 8 >"$folder/sender" 2>&1 &
sender=$!
wait_for_octets 2000000
kill -9 "$sender"
wait "$sender" 2>/dev/null || true
"$program" send "$folder/some file.bin" "$target" --loopback --rate 8 >"$folder/sender" 2>&1 &
sender=$!
wait_for "$folder/sender" '^over webrtc, from octet [1-9]'

# A receiver that dies, and comes back at the same address.
wait_for_octets 10000000
kill -9 "$receiver"
wait "$receiver" 2>/dev/null || true
receive
grep -qx "send to $target" "$folder/receiver"
wait "$sender" || { cat "$folder/sender"; exit 1; }
sender=
cat "$folder/sender"
grep -q '^interrupted ' "$folder/sender"
cmp "$folder/some file.bin" "$folder/in/some file.bin"
grep -q "sha256 $(sha256sum <"$folder/some file.bin" | cut -d' ' -f1)" "$folder/sender"
test "$(has_come)" = 0

# What is there already is not sent again; what has its name, and is another file, stays as it is.
"$program" send "$folder/some file.bin" "$target" --loopback | grep -q 'from octet 20000000 on'
mkdir "$folder/other"
echo hidden >"$folder/other/.hidden"
if "$program" send "$folder/other/.hidden" "$target" --loopback 2>"$folder/refusal"; then exit 1; fi
grep -q 'refused: .*no name for a file' "$folder/refusal"
echo other >"$folder/other/some file.bin"
if "$program" send "$folder/other/some file.bin" "$target" --loopback 2>"$folder/refusal"; then exit 1; fi
grep -q 'refused: .*there is another file of that name' "$folder/refusal"
cmp "$folder/some file.bin" "$folder/in/some file.bin"
