// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/attempts.hpp"

#include <utility>

namespace libp2p::webrtc {

Attempts::Inbound::Inbound(std::shared_ptr<Attempts> table, std::optional<PeerId> peer)
    : table_(std::move(table)), peer_(std::move(peer)) {
    ++table_->inbound_count_;
    if (peer_) {
        ++table_->inbound_[*peer_];
    }
}

Attempts::Inbound::~Inbound() {
    --table_->inbound_count_;
    if (!peer_) {
        return;
    }
    const auto found = table_->inbound_.find(*peer_);
    for (auto& wait : table_->waits_) {
        if (wait.peer == *peer_) {
            wait.has_succeeded = wait.has_succeeded || has_succeeded_;
        }
    }
    if (--found->second == 0) {
        table_->inbound_.erase(found);
        table_->ended_.notify_all();
    }
}

std::unique_ptr<Attempts::Inbound> Attempts::admit(std::optional<PeerId> peer) {
    if (inbound_count_ >= max_inbound_) {
        return nullptr;
    }
    if (peer) {
        const auto found = inbound_.find(*peer);
        if (found != inbound_.end() && found->second >= max_inbound_of_peer_) {
            return nullptr;
        }
    }
    auto inbound = std::make_unique<Inbound>(shared_from_this(), peer);
    if (peer && own_ < *peer) {
        const auto [first, last] = outbound_.equal_range(*peer);
        for (auto next = first; next != last;) {
            auto* outbound = (next++)->second;  // the end of a dial may take it out
            if (!std::exchange(outbound->gave_way_, true)) {
                outbound->deadline_->expire();
            }
        }
    }
    return inbound;
}

Attempts::Outbound::Outbound(std::shared_ptr<Attempts> table, PeerId peer, std::shared_ptr<Deadline> deadline)
    : table_(std::move(table)), peer_(std::move(peer)), deadline_(std::move(deadline)) {
    table_->outbound_.emplace(peer_, this);
}

Attempts::Outbound::~Outbound() {
    const auto [first, last] = table_->outbound_.equal_range(peer_);
    for (auto next = first; next != last; ++next) {
        if (next->second == this) {
            table_->outbound_.erase(next);
            return;
        }
    }
}

awaitable<result<bool>> Attempts::wait_for_inbound(PeerId peer) {
    const auto self = shared_from_this();
    const auto wait = waits_.emplace(waits_.end(), peer);
    WaitGuard guard(*this, wait);
    while (inbound_.contains(peer)) {
        auto interrupted = co_await ended_.wait();
        if (interrupted) {
            co_return Error(interrupted);
        }
    }
    co_return wait->has_succeeded;
}

}  // namespace libp2p::webrtc
