// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/limits.hpp>
#include <libp2p/muxer.hpp>

#include <memory>

namespace libp2p {

/// yamux, "/yamux/1.0.0" (libp2p specs, yamux).
std::unique_ptr<Muxer> make_yamux(const Limits& limits, const Timeouts& timeouts);

}  // namespace libp2p
