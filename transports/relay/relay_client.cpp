// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/relay/relay_client.hpp"

#include "transports/relay/stop_answer.hpp"

#include <libp2p/log.hpp>
#include <libp2p/protocols/relay_service.hpp>

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

namespace libp2p::relay {
namespace {

const Logger log("relay");

/// Events of connections that may wait; when more come, every relay is looked at.
constexpr std::size_t kEventCapacity = 256;

/// For a relay to say who wants to talk to us, and to take the answer.
constexpr std::chrono::seconds kStopTimeout{10};

}  // namespace

result<void> RelayClient::add(std::shared_ptr<CircuitQueue> queue) {
    if (queues_.empty() && events_.expired()) {
        auto events = services_.subscribe(kEventCapacity);
        if (!events) {
            return events.error().with_context("watching relays");
        }
        auto shared = std::make_shared<EventSubscription>(std::move(*events));
        events_ = shared;
        services_.spawn(watch(shared_from_this(), std::move(shared)));
    }
    if (queues_.empty()) {
        services_.handle(ProtocolId(kStopProtocol), [self = shared_from_this()](std::unique_ptr<Stream> stream) {
            return serve_stop(self, std::move(stream));
        });
    }
    queues_.push_back(std::move(queue));
    return ok();
}

void RelayClient::remove(const CircuitQueue& queue) noexcept {
    const auto place =
        std::find_if(queues_.begin(), queues_.end(), [&](const auto& other) { return other.get() == &queue; });
    if (place == queues_.end()) {
        return;
    }
    queues_.erase(place);
    if (queues_.empty()) {
        services_.unhandle(ProtocolId(kStopProtocol));
    }
}

awaitable<void> RelayClient::serve_stop(std::shared_ptr<RelayClient> self, std::unique_ptr<Stream> stream) {
    stream->expires_after(kStopTimeout);
    auto request = co_await read_stop_request(*stream);
    if (!request) {
        log.debug("stop.failed", {{"relay", stream->remote_peer()}, {"error", request.error()}});
        co_return;
    }
    const auto queue = self->queue_for(stream->remote_peer());
    auto status = Status::ok;
    if (!queue || stream->connection().limited) {
        status = Status::permission_denied;  // who has no place of ours cannot lead others to us
    } else if (queue->is_full()) {
        status = Status::resource_limit_exceeded;
    }
    if (status != Status::ok) {
        const auto words = to_string(status);
        log.debug("stop.refused", {{"relay", stream->remote_peer()}, {"source", request->source}, {"status", words}});
    }
    auto answered = co_await answer_stop(*stream, status);
    if (!answered || status != Status::ok) {
        co_return;
    }
    stream->expires_never();
    if (!queue->is_full()) {  // others may have come while this one was answered
        queue->push(std::move(stream), request->limited);
    }
}

/// Until the host closes.
awaitable<void> RelayClient::watch(std::shared_ptr<RelayClient> self, std::shared_ptr<EventSubscription> events) {
    for (;;) {
        auto event = co_await events->next();
        if (!event) {
            co_return;
        }
        const auto* closed = std::get_if<ConnectionClosed>(&*event);
        if (closed == nullptr && !std::holds_alternative<EventsMissed>(*event)) {
            continue;
        }
        for (const auto& queue : self->queues_) {
            queue->keeper().on_connection_closed(closed != nullptr ? &closed->connection->peer : nullptr);
        }
    }
}

std::shared_ptr<CircuitQueue> RelayClient::queue_for(const PeerId& relay) const noexcept {
    const auto found =
        std::find_if(queues_.begin(), queues_.end(), [&](const auto& queue) { return queue->keeper().expects(relay); });
    return found == queues_.end() ? nullptr : *found;
}

}  // namespace libp2p::relay
