#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the example; the folder of the programs is the first argument.
set -euo pipefail
output=$(timeout 30 "$1/08_custom_transport")
echo "$output"
grep -q '^unix: [0-9]* us$' <<<"$output"
