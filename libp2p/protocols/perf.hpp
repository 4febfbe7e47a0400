// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/stream.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>

namespace libp2p::perf {

/// libp2p specs, perf.
inline constexpr auto kProtocol = "/perf/1.0.0";
/// litep2p's own form: u64 count of the upload, its octets, u64 count of the download, its octets back.
inline constexpr auto kLitep2pProtocol = "/litep2p-perf/1.0.0";

/// Serve either form; StreamHandlers. A remote that neither sends nor reads for `kIdle` is cut off.
awaitable<void> serve(std::unique_ptr<Stream> stream);
awaitable<void> serve_litep2p(std::unique_ptr<Stream> stream);

inline constexpr std::chrono::seconds kIdle{60};

struct Measurement {
    std::uint64_t upload_bytes = 0;
    std::chrono::nanoseconds upload{0};  ///< from the start to the first octet, or the end, that comes back
    std::uint64_t download_bytes = 0;
    std::chrono::nanoseconds download{0};  ///< from there to the end
};

/// Called after each block with what was moved so far (upload, then download); must be quick. It may move the stream's
/// deadline, so that the deadline bounds silence and not the whole transfer.
using Progress = std::function<void(std::uint64_t uploaded, std::uint64_t downloaded)>;

/// Sends `upload` octets, then receives `download` octets, over a stream that was just opened for either protocol; the
/// stream's `protocol()` decides the form. Fails with `Errc::protocol_violation` when the count that comes differs.
/// The stream's deadline applies. `progress` may be empty.
awaitable<result<Measurement>> measure(
    Stream& stream, std::uint64_t upload, std::uint64_t download, const Progress& progress
);

}  // namespace libp2p::perf
