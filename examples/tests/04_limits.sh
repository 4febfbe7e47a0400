#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the example; the folder of the programs is the first argument.
set -euo pipefail
output=$(timeout 30 "$1/04_limits")
echo "$output"
grep -q '^stream 5: resource limit exceeded.*limits.connection' <<<"$output"
grep -q '^after closing one: a stream$' <<<"$output"
grep -q '^in use after close: 0 octets$' <<<"$output"
