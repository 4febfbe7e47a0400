// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/upgrader.hpp"

#include <libp2p/negotiate.hpp>

#include <algorithm>

namespace libp2p {
namespace {

template <class Module>
Module* find_module(const std::vector<std::unique_ptr<Module>>& modules, const ProtocolId& id) {
    auto found = std::find_if(modules.begin(), modules.end(), [&](const auto& module) { return module->id() == id; });
    return found == modules.end() ? nullptr : found->get();
}

}  // namespace

void Upgrader::add_security(std::unique_ptr<SecurityProtocol> security) {
    security_ids_.push_back(security->id());
    securities_.push_back(std::move(security));
}

void Upgrader::add_muxer(std::unique_ptr<Muxer> muxer) {
    muxer_ids_.push_back(muxer->id());
    muxers_.push_back(std::move(muxer));
}

awaitable<result<std::unique_ptr<Connection>>> Upgrader::upgrade(
    std::unique_ptr<ByteStream> raw, UpgradeRequest request, ConnectionScope& scope
) {
    if (securities_.empty() || muxers_.empty()) {
        co_return Error(Errc::no_common_protocol, "no security protocol or no muxer was added to this host");
    }
    const bool outbound = request.direction == Direction::outbound;

    // Security. A single proposal leaves together with the first message of its handshake.
    result<ProtocolId> security_id = security_ids_.front();
    if (outbound && security_ids_.size() == 1) {
        raw = negotiate_lazily(std::move(raw), security_ids_.front());
    } else if (outbound) {
        security_id = co_await negotiate_outbound(*raw, security_ids_);
    } else {
        security_id = co_await negotiate_inbound(*raw, security_ids_);
    }
    if (!security_id) {
        co_return security_id.error().with_context("negotiating security");
    }
    SecurityOptions options(request.direction, std::move(request.expected_peer), muxer_ids_);
    auto* security = find_module(securities_, *security_id);
    auto secured = co_await security->secure(std::move(raw), std::move(options));
    if (!secured) {
        co_return secured.error();
    }
    auto channel = std::move(*secured);

    // The peer is proven: from here on it pays for itself.
    auto moved = scope.set_peer(channel->remote_peer());
    if (!moved) {
        co_return moved.error();
    }

    // Muxer: agreed on inside the handshake, or negotiated; a single proposal leaves together with its first frames.
    result<ProtocolId> muxer_id = channel->early_muxer();
    if (muxer_id->empty() && outbound && muxer_ids_.size() == 1) {
        muxer_id = muxer_ids_.front();
        channel = negotiate_lazily(std::move(channel), muxer_ids_.front());
    } else if (muxer_id->empty() && outbound) {
        muxer_id = co_await negotiate_outbound(*channel, muxer_ids_);
    } else if (muxer_id->empty()) {
        muxer_id = co_await negotiate_inbound(*channel, muxer_ids_);
    }
    if (!muxer_id) {
        co_return muxer_id.error().with_context("negotiating a muxer");
    }
    auto* muxer = find_module(muxers_, *muxer_id);
    if (muxer == nullptr) {
        co_return Error(Errc::no_common_protocol, "the handshake agreed on muxer '" + *muxer_id + "', unknown here");
    }

    auto info = std::make_shared<ConnectionInfo>(ConnectionInfo{
        request.id,
        request.direction,
        channel->remote_peer(),
        channel->remote_public_key(),
        std::move(request.local_address),
        std::move(request.remote_address),
        std::string(request.transport),
        std::move(*security_id),
        std::move(*muxer_id),
        request.limited,
        std::chrono::steady_clock::now()
    });
    co_return muxer->mux(std::move(channel), std::move(info), scope.budget());
}

}  // namespace libp2p
