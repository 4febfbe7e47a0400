#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the example; the folder of the programs is the first argument.
set -euo pipefail
output=$(timeout 30 "$1/07_http_over_stream")
echo "$output"
grep -q 'You asked for /index.html.$' <<<"$output"
