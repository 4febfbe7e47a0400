// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/noise_handshake.hpp"

#include "transports/webrtc/certificate_multihash.hpp"
#include "transports/webrtc/webrtc_stream.hpp"

#include <boost/asio/steady_timer.hpp>

namespace libp2p::webrtc {
namespace {

/// Time for a remote that is late to open channel 0. It needs about a millisecond; when it has not done so, it gives up
/// after 10 s.
constexpr std::chrono::milliseconds kForTheLate{30};

}  // namespace

Bytes noise_prologue(const crypto::Sha256Digest& dialer, const crypto::Sha256Digest& listener) {
    const auto prefix = as_bytes("libp2p-webrtc-noise:");
    Bytes prologue(prefix.begin(), prefix.end());
    for (const auto& digest : {dialer, listener}) {
        const auto hash = certificate_multihash(digest);
        prologue.insert(prologue.end(), hash.begin(), hash.end());
    }
    return prologue;
}

awaitable<result<ProvenRemote>> prove_remote(
    std::shared_ptr<WebRtcCore> core, SecurityProtocol& noise, Direction direction, std::optional<PeerId> expected
) {
    const auto& own = core->session.local_certificate();
    const auto& remote = core->session.remote_certificate();
    const bool is_dialer = direction == Direction::outbound;
    SecurityOptions options(is_dialer ? Direction::inbound : Direction::outbound, std::move(expected), {});
    options.prologue = is_dialer ? noise_prologue(own, remote) : noise_prologue(remote, own);
    if (core->session.may_be_late()) {
        asio::steady_timer timer(core->executor(), kForTheLate);
        auto [interrupted] = co_await timer.async_wait(as_result);
        if (interrupted) {
            co_return interrupted;
        }
    }
    std::unique_ptr<ByteStream> channel =
        std::make_unique<WebRtcStream>(core, core->session.handshake_channel(), nullptr);
    auto secured = co_await noise.secure(std::move(channel), std::move(options));
    if (!secured) {
        if (core->session.has_ended()) {
            co_return core->session.error();  // says more
        }
        co_return secured.error();
    }
    ProvenRemote proven{(*secured)->remote_public_key(), (*secured)->remote_peer()};
    core->session.set_proven();
    co_return proven;
}

}  // namespace libp2p::webrtc
