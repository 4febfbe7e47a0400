// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "transports/memory/memory_network.hpp"

#include <libp2p/readable.hpp>
#include <libp2p/transport.hpp>
#include <libp2p/upgrader.hpp>

#include <boost/asio/error.hpp>

#include <cstddef>
#include <limits>
#include <memory>
#include <utility>

namespace libp2p::test::hostile {

/// A failure of one operation of one side, at a place of the test's choice.
struct Fault {
    enum class Kind {
        dead,   ///< the byte stream is gone, for both sides
        once,   ///< this operation fails, all others work
        ended,  ///< reads find the end, writes fail; what the other side sends goes nowhere
    };

    static constexpr std::size_t kNever = std::numeric_limits<std::size_t>::max();

    Kind kind = Kind::dead;
    std::size_t fail_at = kNever;  ///< this operation, counted from 0
    std::size_t operations = 0;    ///< so far
    bool has_struck = false;

    /// True when the operation that begins has to fail.
    bool strikes() noexcept {
        const bool now = operations++ == fail_at;
        has_struck = has_struck || now;
        return now;
    }
};

/// Passes everything on, until its fault strikes.
class FaultyStream final : public ByteStream, public Readable {
public:
    /// `inner` is one end of a memory pipe.
    FaultyStream(std::unique_ptr<ByteStream> inner, std::shared_ptr<Fault> fault)
        : inner_(std::move(inner)), readable_(dynamic_cast<Readable&>(*inner_)), fault_(std::move(fault)) {}

    awaitable<result<std::size_t>> read_some(MutableByteView into) override {
        if (auto ec = begin(Way::reading)) {
            co_return ec;
        }
        auto got = co_await inner_->read_some(into);
        co_return got;
    }

    awaitable<result<void>> write(std::span<const ByteView> buffers) override {
        if (auto ec = begin(Way::writing)) {
            co_return ec;
        }
        auto written = co_await inner_->write(buffers);
        co_return written;
    }

    awaitable<result<void>> close_write() override {
        if (auto ec = begin(Way::writing)) {
            co_return ec;
        }
        auto closed = co_await inner_->close_write();
        co_return closed;
    }

    std::size_t try_read_some(MutableByteView into, error_code& ec) noexcept override {
        ec = begin(Way::reading);
        return ec ? 0 : readable_.try_read_some(into, ec);
    }

    awaitable<result<void>> wait_readable() override {
        if (auto ec = begin(Way::reading)) {
            co_return ec;
        }
        auto readable = co_await readable_.wait_readable();
        co_return readable;
    }

    void abort() noexcept override { inner_->abort(); }
    asio::any_io_executor executor() const noexcept override { return inner_->executor(); }

private:
    enum class Way { reading, writing };

    error_code begin(Way way) noexcept {
        const bool strikes = fault_->strikes();
        if (!strikes && !is_broken_) {
            return {};
        }
        is_broken_ = fault_->kind != Fault::Kind::once;
        if (strikes && fault_->kind == Fault::Kind::dead) {
            inner_->abort();
        }
        if (fault_->kind == Fault::Kind::ended && way == Way::reading) {
            return asio::error::make_error_code(asio::error::eof);
        }
        return asio::error::make_error_code(asio::error::connection_reset);
    }

    std::unique_ptr<ByteStream> inner_;
    Readable& readable_;
    std::shared_ptr<Fault> fault_;  // shared with the transport, and the test
    bool is_broken_ = false;
};

/// `/memory/N`, where this host's end of every connection is faulty.
class FaultyTransport final : public Transport {
public:
    FaultyTransport(TransportServices& services, std::shared_ptr<MemoryNetwork> network, std::shared_ptr<Fault> fault)
        : services_(services), network_(std::move(network)), fault_(std::move(fault)) {}

    std::string_view name() const noexcept override { return "faulty"; }
    bool can_dial(const Multiaddr& address) const noexcept override { return memory::number_of(address).has_value(); }
    bool can_listen(const Multiaddr& address) const noexcept override { return can_dial(address); }
    bool uses_descriptor(Direction) const noexcept override { return false; }

    awaitable<result<std::unique_ptr<Connection>>> dial(Multiaddr address, PeerId expected, ConnectionScope& scope)
        override {
        const auto from = network_->next_free_number();
        auto pipe = network_->connect(services_.executor(), from, memory::number_of(address).value());
        if (!pipe) {
            co_return pipe.error();
        }
        std::unique_ptr<ByteStream> raw = std::make_unique<FaultyStream>(std::move(*pipe), fault_);
        UpgradeRequest request(
            Direction::outbound,
            services_.next_connection_id(),
            name(),
            memory::to_multiaddr(from),
            std::move(address),
            std::move(expected)
        );
        auto upgraded = co_await services_.upgrader().upgrade(std::move(raw), std::move(request), scope);
        co_return upgraded;
    }

    awaitable<result<std::unique_ptr<libp2p::Listener>>> listen(Multiaddr address) override {
        auto door = MemoryNetwork::bind(network_, services_.executor(), memory::number_of(address).value());
        if (!door) {
            co_return door.error();
        }
        co_return std::make_unique<Listener>(services_, std::move(*door), fault_);
    }

private:
    class Inbound final : public InboundConnection {
    public:
        Inbound(TransportServices& services, std::unique_ptr<ByteStream> raw, Multiaddr local, Multiaddr remote)
            : services_(services), raw_(std::move(raw)), local_(std::move(local)), remote_(std::move(remote)) {}

        const Multiaddr& remote_address() const noexcept override { return remote_; }

        awaitable<result<std::unique_ptr<Connection>>> upgrade(ConnectionScope& scope) override {
            UpgradeRequest request(
                Direction::inbound, services_.next_connection_id(), "faulty", std::move(local_), remote_, std::nullopt
            );
            return services_.upgrader().upgrade(std::move(raw_), std::move(request), scope);
        }

    private:
        TransportServices& services_;
        std::unique_ptr<ByteStream> raw_;
        Multiaddr local_;
        Multiaddr remote_;
    };

    class Listener final : public libp2p::Listener {
    public:
        Listener(TransportServices& services, std::unique_ptr<MemoryNetwork::Door> door, std::shared_ptr<Fault> fault)
            : services_(services),
              door_(std::move(door)),
              fault_(std::move(fault)),
              address_(memory::to_multiaddr(door_->number())) {}

        const Multiaddr& address() const noexcept override { return address_; }

        awaitable<result<std::unique_ptr<InboundConnection>>> accept() override {
            while (door_ && door_->arrivals().empty()) {
                auto interrupted = co_await door_->bell().wait();
                if (interrupted) {
                    break;
                }
            }
            if (!door_) {
                co_return Errc::shut_down;
            }
            if (door_->arrivals().empty()) {
                co_return asio::error::make_error_code(asio::error::operation_aborted);
            }
            auto arrival = std::move(door_->arrivals().front());
            door_->arrivals().pop_front();
            std::unique_ptr<ByteStream> raw = std::make_unique<FaultyStream>(std::move(arrival.stream), fault_);
            auto from = memory::to_multiaddr(arrival.from);
            co_return std::make_unique<Inbound>(services_, std::move(raw), address_, std::move(from));
        }

        void close() noexcept override { door_.reset(); }

    private:
        TransportServices& services_;
        std::unique_ptr<MemoryNetwork::Door> door_;
        std::shared_ptr<Fault> fault_;
        Multiaddr address_;
    };

    TransportServices& services_;
    std::shared_ptr<MemoryNetwork> network_;  // shared by the transports of its hosts
    std::shared_ptr<Fault> fault_;            // shared with the test
};

}  // namespace libp2p::test::hostile
