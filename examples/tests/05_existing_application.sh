#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the example; the folder of the programs is the first argument.
set -euo pipefail
output=$(timeout 30 "$1/05_existing_application")
echo "$output"
grep -q '^over a socket, then over libp2p$' <<<"$output"
grep -q '^the timer ticked 3 times$' <<<"$output"
