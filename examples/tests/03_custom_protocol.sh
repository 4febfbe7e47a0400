#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
# Runs the example; the folder of the programs is the first argument.
set -euo pipefail
output=$(timeout 30 "$1/03_custom_protocol")
echo "$output"
grep -q '^ada: 2$' <<<"$output"
grep -q '^grace: 1$' <<<"$output"
grep -q '^then: End of file' <<<"$output"
