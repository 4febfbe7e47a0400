// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/support/memory_signalling.hpp"

#include <boost/asio/error.hpp>

#include <string>

namespace libp2p::test {
namespace {

std::uint64_t number_of(const Multiaddr& address) {
    return std::stoull(address.value_of(Protocol::memory).value_or("0"));
}

Error aborted() {
    return asio::error::make_error_code(asio::error::operation_aborted);
}

}  // namespace

MemoryPipe::MemoryPipe(
    std::shared_ptr<MemoryMessages> in, std::shared_ptr<MemoryMessages> out, SignallingRemote remote, Tamper tamper
)
    : in_(std::move(in)), out_(std::move(out)), remote_(std::move(remote)), tamper_(std::move(tamper)) {}

awaitable<result<void>> MemoryPipe::send(SignallingMessage message) {
    if (is_aborted_) {
        co_return aborted();
    }
    if (out_->is_aborted) {
        co_return Errc::stream_reset;
    }
    if (!tamper_ || tamper_(message)) {
        out_->messages.push_back(std::move(message));
        out_->changed.notify();
    }
    co_return ok();
}

awaitable<result<SignallingMessage>> MemoryPipe::receive() {
    const auto in = in_;
    while (in->messages.empty() || is_aborted_) {
        if (is_aborted_) {
            co_return aborted();
        }
        if (in->is_closed) {
            co_return asio::error::make_error_code(asio::error::eof);
        }
        if (in->is_aborted) {
            co_return Errc::stream_reset;
        }
        auto interrupted = co_await in->changed.wait();
        if (interrupted) {
            co_return interrupted;
        }
    }
    auto message = std::move(in->messages.front());
    in->messages.pop_front();
    co_return message;
}

awaitable<result<void>> MemoryPipe::close() {
    out_->is_closed = true;
    out_->changed.notify();
    co_return ok();
}

void MemoryPipe::abort() noexcept {
    is_aborted_ = true;
    out_->is_aborted = true;
    in_->is_aborted = true;
    in_->changed.notify();
    out_->changed.notify();
}

std::pair<std::unique_ptr<MemoryPipe>, std::unique_ptr<MemoryPipe>> make_memory_pipe(
    const asio::any_io_executor& executor, SignallingRemote first, SignallingRemote second, const Tamper& tamper
) {
    auto there = std::make_shared<MemoryMessages>(executor);
    auto back = std::make_shared<MemoryMessages>(executor);
    return {
        std::make_unique<MemoryPipe>(back, there, std::move(first), tamper),
        std::make_unique<MemoryPipe>(there, back, std::move(second), tamper)
    };
}

bool MemorySignalling::can_dial(const Multiaddr& address) const noexcept {
    return address.components().size() == 2 && address.has(Protocol::memory) && address.has(Protocol::webrtc);
}

awaitable<result<std::unique_ptr<SignallingPipe>>> MemorySignalling::open(Multiaddr address, PeerId peer) {
    const auto found = network_->places_.find(number_of(address));
    if (found == network_->places_.end()) {
        co_return asio::error::make_error_code(asio::error::connection_refused);
    }
    auto& place = *found->second;
    SignallingRemote there{peer, std::nullopt};
    SignallingRemote here{PeerId::from_public_key(own_), std::nullopt};
    if (network_->is_trusted_) {
        there.peer = PeerId::from_public_key(place.key);
        there.key = place.key;
        here.key = own_;
    }
    const auto tamper = [network = network_](SignallingMessage& message) {
        return !network->tamper || network->tamper(message);
    };
    auto [near, far] = make_memory_pipe(executor_, std::move(there), std::move(here), tamper);
    place.pipes.push_back(std::move(far));
    place.arrived.notify();
    std::unique_ptr<SignallingPipe> pipe = std::move(near);
    co_return std::move(pipe);
}

class MemorySignallingListener final : public SignallingListener {
public:
    MemorySignallingListener(
        std::shared_ptr<MemorySignallingNetwork> network,
        std::uint64_t number,
        std::shared_ptr<MemorySignallingNetwork::Place> place
    )
        : network_(std::move(network)), number_(number), place_(std::move(place)) {}
    ~MemorySignallingListener() override { close(); }

    std::vector<Multiaddr> addresses() const override {
        return {Multiaddr::parse("/memory/" + std::to_string(number_) + "/webrtc").value()};
    }

    awaitable<result<std::unique_ptr<SignallingPipe>>> accept() override {
        const auto place = place_;
        while (place->pipes.empty()) {
            if (is_closed_) {
                co_return Errc::shut_down;
            }
            auto interrupted = co_await place->arrived.wait();
            if (interrupted) {
                co_return interrupted;
            }
        }
        auto pipe = std::move(place->pipes.front());
        place->pipes.pop_front();
        co_return std::move(pipe);
    }

    void close() noexcept override {
        if (!std::exchange(is_closed_, true)) {
            network_->places_.erase(number_);
            place_->pipes.clear();
            place_->arrived.notify();
        }
    }

private:
    std::shared_ptr<MemorySignallingNetwork> network_;
    std::uint64_t number_;
    std::shared_ptr<MemorySignallingNetwork::Place> place_;
    bool is_closed_ = false;
};

awaitable<result<std::unique_ptr<SignallingListener>>> MemorySignalling::listen(Multiaddr address) {
    auto number = number_of(address);
    if (number == 0) {
        number = network_->next_++;
    }
    auto place = std::make_shared<MemorySignallingNetwork::Place>(executor_, own_);
    if (!network_->places_.emplace(number, place).second) {
        co_return asio::error::make_error_code(asio::error::address_in_use);
    }
    std::unique_ptr<SignallingListener> listener =
        std::make_unique<MemorySignallingListener>(network_, number, std::move(place));
    co_return std::move(listener);
}

}  // namespace libp2p::test
