#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the example; the folder of the programs is the first argument.
set -euo pipefail
output=$(timeout 30 "$1/01_ping")
echo "$output"
grep -q '/p2p/12D3KooW[A-Za-z0-9]*: [0-9]* us' <<<"$output"
