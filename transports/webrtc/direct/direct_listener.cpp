// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/direct/direct_listener.hpp"

#include "transports/webrtc/direct/direct_address.hpp"

#include <boost/asio/error.hpp>

#include <algorithm>
#include <utility>

namespace libp2p::webrtc {
namespace {

/// A remote that has sent a ClientHello. Nothing is computed before it is paid for.
class DirectInbound final : public InboundConnection {
public:
    DirectInbound(std::shared_ptr<DirectEndpoint> endpoint, std::shared_ptr<DirectPath> path, Multiaddr local)
        : endpoint_(std::move(endpoint)),
          path_(std::move(path)),
          local_(std::move(local)),
          remote_(to_direct_multiaddr(path_->remote())) {}

    const Multiaddr& remote_address() const noexcept override { return remote_; }
    bool is_address_proven() const noexcept override { return false; }

    awaitable<result<std::unique_ptr<Connection>>> upgrade(ConnectionScope& scope) override {
        auto path = std::move(path_);
        if (path->has_given_way()) {
            co_return Error(Errc::limit_exceeded, "webrtc: gave way to a newer connection");
        }
        auto link = std::make_unique<PathLink>(path);
        std::vector<crypto::Sha256Digest> any;
        auto core = endpoint_->make_core(Direction::inbound, std::move(any), std::move(link), scope);
        core->session.start();
        path->attach(core);
        path.reset();
        std::optional<PeerId> anybody;
        auto upgraded = co_await endpoint_->upgrade(
            std::move(core), Direction::inbound, std::move(local_), remote_, std::move(anybody), scope
        );
        co_return upgraded;
    }

private:
    std::shared_ptr<DirectEndpoint> endpoint_;
    std::shared_ptr<DirectPath> path_;
    Multiaddr local_;
    Multiaddr remote_;
};

}  // namespace

result<std::unique_ptr<Listener>> DirectListener::bind(
    std::shared_ptr<DirectEndpoint> endpoint, const Multiaddr& address
) {
    auto direct = parse_direct_address(address);
    if (!direct) {
        return direct.error();
    }
    const auto& own = endpoint->certificate();
    const auto& hashes = direct->certificates;
    if (!hashes.empty() && std::find(hashes.begin(), hashes.end(), own) == hashes.end()) {
        return Error(Errc::invalid_address, "the certhash is not this host's: " + address.to_string());
    }
    auto mux = DirectMux::bind(endpoint->services().executor(), direct->endpoint, endpoint->socket_options());
    if (!mux) {
        return mux.error().with_context("listening on " + address.to_string());
    }
    return std::unique_ptr<Listener>(std::make_unique<DirectListener>(std::move(endpoint), std::move(*mux)));
}

DirectListener::DirectListener(std::shared_ptr<DirectEndpoint> endpoint, std::shared_ptr<DirectMux> mux)
    : endpoint_(std::move(endpoint)),
      mux_(std::move(mux)),
      address_(with_certificate(to_direct_multiaddr(mux_->local_endpoint()), endpoint_->certificate())) {}

awaitable<result<std::unique_ptr<InboundConnection>>> DirectListener::accept() {
    auto path = co_await mux_->accept();
    if (!path) {
        co_return path.error();
    }
    std::unique_ptr<InboundConnection> inbound = std::make_unique<DirectInbound>(endpoint_, std::move(*path), address_);
    co_return std::move(inbound);
}

}  // namespace libp2p::webrtc
