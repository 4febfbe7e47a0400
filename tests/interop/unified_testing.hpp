// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

namespace libp2p::interop {

/// True when libp2p's unified-testing runs us: the environment says who we are.
bool is_unified_testing() noexcept;

/// One side of its transport test, as the environment says. Returns the exit code.
int run_unified_testing();

}  // namespace libp2p::interop
