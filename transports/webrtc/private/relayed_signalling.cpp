// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/relayed_signalling.hpp"

#include "transports/webrtc/private/stream_pipe.hpp"

#include <libp2p/log.hpp>
#include <libp2p/open_stream_options.hpp>

#include <utility>

namespace libp2p::webrtc {
namespace {

const Logger log("webrtc");

const Multiaddr& webrtc_component() {
    static const auto component = Multiaddr::parse("/webrtc").value();
    return component;
}

/// The last components, first to last.
bool ends_in_circuit(const Multiaddr& address) noexcept {
    auto last = Protocol::webrtc;
    for (const auto& component : address.components()) {
        last = component.protocol();
    }
    return last == Protocol::p2p_circuit;
}

}  // namespace

bool RelayedSignalling::can_dial(const Multiaddr& address) const noexcept {
    auto before = Protocol::webrtc;
    auto last = Protocol::webrtc;
    for (const auto& component : address.components()) {
        before = std::exchange(last, component.protocol());
    }
    return before == Protocol::p2p_circuit && last == Protocol::webrtc;
}

bool RelayedSignalling::can_listen(const Multiaddr& address) const noexcept {
    return address == webrtc_component();
}

awaitable<result<std::unique_ptr<SignallingPipe>>> RelayedSignalling::open(Multiaddr address, PeerId peer) {
    const auto circuit = address.decapsulate(webrtc_component());
    if (!circuit) {
        co_return Error(Errc::unsupported_address, "no relay in " + address.to_string());
    }
    auto connected = co_await services_.connect_apart(peer, *circuit);
    if (!connected) {
        co_return connected.error().with_context("reaching the peer over its relay");
    }
    OpenStreamOptions options;
    options.allow_limited = true;
    options.dial = false;
    auto stream = co_await services_.open_stream(peer, kSignallingProtocol, options);
    if (!stream) {
        co_return stream.error().with_context("signalling");
    }
    const auto& connection = (*stream)->connection();
    log.debug(
        "signalling.open", {{"peer", peer}, {"remote", connection.remote_address}, {"limited", connection.limited}}
    );
    std::unique_ptr<SignallingPipe> pipe = std::make_unique<StreamPipe>(std::move(*stream));
    co_return std::move(pipe);
}

awaitable<result<std::unique_ptr<SignallingListener>>> RelayedSignalling::listen(Multiaddr) {
    std::unique_ptr<SignallingListener> listener = std::make_unique<RelayedSignallingListener>(services_);
    co_return std::move(listener);
}

RelayedSignallingListener::RelayedSignallingListener(HostServices& services)
    : services_(services), queue_(std::make_shared<Queue>(services.executor())) {
    services_.handle(kSignallingProtocol, [queue = queue_](std::unique_ptr<Stream> stream) {
        return serve(queue, std::move(stream));
    });
}

std::vector<Multiaddr> RelayedSignallingListener::addresses() const {
    std::vector<Multiaddr> found;
    if (queue_->is_closed || std::exchange(is_asking_, true)) {
        return found;  // the host asks all its listeners, this one too
    }
    for (const auto& address : services_.listen_addresses()) {
        if (ends_in_circuit(address)) {
            if (auto behind = address.encapsulate(webrtc_component())) {
                found.push_back(std::move(*behind));
            }
        }
    }
    is_asking_ = false;
    return found;
}

awaitable<result<std::unique_ptr<SignallingPipe>>> RelayedSignallingListener::accept() {
    const auto queue = queue_;
    while (queue->pipes.empty()) {
        if (queue->is_closed) {
            co_return Errc::shut_down;
        }
        auto interrupted = co_await queue->arrived.wait();
        if (interrupted) {
            co_return interrupted;
        }
    }
    auto pipe = std::move(queue->pipes.front());
    queue->pipes.pop_front();
    co_return std::move(pipe);
}

void RelayedSignallingListener::close() noexcept {
    if (std::exchange(queue_->is_closed, true)) {
        return;
    }
    services_.unhandle(kSignallingProtocol);
    queue_->pipes.clear();
    queue_->arrived.notify();
}

awaitable<void> RelayedSignallingListener::serve(std::shared_ptr<Queue> queue, std::unique_ptr<Stream> stream) {
    if (queue->is_closed || queue->pipes.size() >= kWaiting) {
        stream->abort(StreamErrorCode::resource_limit_exceeded);
        co_return;
    }
    queue->pipes.push_back(std::make_unique<StreamPipe>(std::move(stream)));
    queue->arrived.notify();
}

}  // namespace libp2p::webrtc
