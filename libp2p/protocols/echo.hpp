// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/stream.hpp>

#include <chrono>
#include <memory>

namespace libp2p::echo {

inline constexpr auto kProtocol = "/echo/1.0.0";

/// Sends back what comes, until the remote closes its side; then closes too. A StreamHandler.
awaitable<void> serve(std::unique_ptr<Stream> stream);

/// The same for a handler that wants to know how it ended: succeeds once the remote's end was answered.
awaitable<result<void>> serve_until_end(Stream& stream);

/// A remote that neither sends nor reads is cut off after this time.
inline constexpr std::chrono::minutes kIdle{5};

}  // namespace libp2p::echo
