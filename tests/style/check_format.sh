#!/usr/bin/env bash
# SPDX-License-Identifier: MIT OR Apache-2.0
#
# check_format.sh [CLANG_FORMAT]: clang-format has nothing to change. scripts/format changes it.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
python3 -c 'import sys; sys.path.insert(0, "tests/style"); import sources; print(*sources.files(".hpp", ".cpp"), sep="\0", end="\0")' |
    xargs -0 -P "$(nproc)" -n 40 "${1:-clang-format-19}" --style=file --dry-run -Werror
