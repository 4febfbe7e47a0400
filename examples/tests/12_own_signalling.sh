#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the example; the folder of the programs is the first argument.
set -euo pipefail
output=$(timeout 30 "$1/12_own_signalling")
echo "$output"
grep -q '^webrtc: [0-9]* us$' <<<"$output"
