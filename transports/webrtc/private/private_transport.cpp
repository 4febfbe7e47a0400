// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/attempts.hpp"
#include "transports/webrtc/private/private_endpoint.hpp"
#include "transports/webrtc/private/private_listener.hpp"
#include "transports/webrtc/private/relayed_signalling.hpp"

#include <libp2p/keys.hpp>
#include <libp2p/private_webrtc.hpp>
#include <libp2p/tasks.hpp>
#include <libp2p/timeout.hpp>

#include <boost/asio/error.hpp>

#include <utility>

namespace libp2p {
namespace webrtc {
namespace {

class PrivateTransport final : public Transport {
public:
    PrivateTransport(
        TransportServices& services,
        std::shared_ptr<Signalling> signalling,
        const PrivateWebRtcOptions& options,
        SignallingTalk::Spawn spawn
    )
        : signalling_(std::move(signalling)),
          endpoint_(std::make_shared<PrivateEndpoint>(services, options, std::move(spawn))),
          attempts_(std::make_shared<Attempts>(services.executor(), services.identity().peer_id(), services.limits())) {
    }

    std::string_view name() const noexcept override { return "webrtc"; }
    bool can_dial(const Multiaddr& address) const noexcept override { return signalling_->can_dial(address); }
    bool can_listen(const Multiaddr& address) const noexcept override { return signalling_->can_listen(address); }
    bool uses_descriptor(Direction) const noexcept override { return true; }

    awaitable<result<std::unique_ptr<Connection>>> dial(Multiaddr address, PeerId expected, ConnectionScope& scope)
        override {
        if (!can_dial(address)) {
            co_return Error(Errc::unsupported_address, "not an address of private WebRTC: " + address.to_string());
        }
        auto dialled =
            co_await dial_or_wait(signalling_, endpoint_, attempts_, std::move(address), std::move(expected), scope);
        co_return dialled;
    }

    awaitable<result<std::unique_ptr<Listener>>> listen(Multiaddr address) override {
        const auto endpoint = endpoint_;
        const auto attempts = attempts_;
        if (!can_listen(address)) {
            co_return Error(Errc::unsupported_address, "not an address of private WebRTC: " + address.to_string());
        }
        auto listening = co_await signalling_->listen(address);
        if (!listening) {
            co_return listening.error();
        }
        std::unique_ptr<Listener> listener =
            std::make_unique<PrivateListener>(endpoint, attempts, std::move(*listening), std::move(address));
        co_return std::move(listener);
    }

private:
    /// How often a dial begins anew because the one of the remote that it gave way to has failed.
    static constexpr int kAttempts = 3;

    static awaitable<result<std::unique_ptr<Connection>>> dial_or_wait(
        std::shared_ptr<Signalling> signalling,
        std::shared_ptr<PrivateEndpoint> endpoint,
        std::shared_ptr<Attempts> attempts,
        Multiaddr address,
        PeerId expected,
        ConnectionScope& scope
    ) {
        for (int attempt = 1;; ++attempt) {
            bool gave_way = attempts->has_to_wait(expected);
            if (!gave_way) {
                auto deadline = std::make_shared<Deadline>(
                    endpoint->services().executor(), Clock::now() + PrivateEndpoint::kAttempt
                );
                Attempts::Outbound outbound(attempts, expected, deadline);
                auto dialled = co_await with_deadline(
                    std::move(deadline), dial_once(signalling, endpoint, address, expected, scope)
                );
                gave_way = !dialled && outbound.gave_way();
                if (!gave_way) {
                    co_return dialled;
                }
            }
            auto waited = co_await attempts->wait_for_inbound(expected);
            if (!waited) {
                co_return waited.error();
            }
            if (*waited || attempt == kAttempts) {
                co_return Error(Errc::already_exists, "webrtc: the peer has dialled at the same time");
            }
        }
    }

    static awaitable<result<std::unique_ptr<Connection>>> dial_once(
        std::shared_ptr<Signalling> signalling,
        std::shared_ptr<PrivateEndpoint> endpoint,
        Multiaddr address,
        PeerId expected,
        ConnectionScope& scope
    ) {
        auto pipe = co_await signalling->open(address, expected);
        if (!pipe) {
            co_return pipe.error();
        }
        auto connected = co_await endpoint->connect(
            std::move(*pipe), Direction::outbound, webrtc_address(), std::move(address), std::move(expected), scope
        );
        co_return connected;
    }

    std::shared_ptr<Signalling> signalling_;     // shared with dials that are being cancelled
    std::shared_ptr<PrivateEndpoint> endpoint_;  // likewise, and with listeners
    std::shared_ptr<Attempts> attempts_;         // likewise
};

}  // namespace
}  // namespace webrtc

std::unique_ptr<Transport> make_private_webrtc_transport(HostServices& services, const PrivateWebRtcOptions& options) {
    return std::make_unique<webrtc::PrivateTransport>(
        services,
        std::make_shared<webrtc::RelayedSignalling>(services),
        options,
        [&services](awaitable<void> task) { services.spawn(std::move(task)); }
    );
}

std::unique_ptr<Transport> make_private_webrtc_transport(
    TransportServices& services, std::shared_ptr<Signalling> signalling, const PrivateWebRtcOptions& options
) {
    // What attempts leave behind ends when its pipe does, and nobody has to join it.
    auto tasks = std::make_shared<TaskScope>(services.executor());
    auto spawn = [tasks = std::move(tasks)](awaitable<void> task) { tasks->spawn(std::move(task), tasks); };
    return std::make_unique<webrtc::PrivateTransport>(services, std::move(signalling), options, std::move(spawn));
}

}  // namespace libp2p
