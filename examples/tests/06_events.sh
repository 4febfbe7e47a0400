#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the example; the folder of the programs is the first argument.
set -euo pipefail
output=$(timeout 30 "$1/06_events")
echo "$output"
grep -q '^connected: 12D3KooW' <<<"$output"
grep -q '^it runs cpp-libp2p/' <<<"$output"
grep -q '^stream: /ipfs/ping/1.0.0$' <<<"$output"
grep -q '^disconnected: ' <<<"$output"
