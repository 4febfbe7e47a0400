#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# The folder of the programs is the first argument.
set -euo pipefail
output=$(timeout 30 "$1/11_relay")
echo "$output"
grep -q '^reached at /ip4/127.0.0.1/tcp/.*/p2p-circuit/p2p/' <<<"$output"
grep -qx 'over relay: hello through a relay' <<<"$output"
