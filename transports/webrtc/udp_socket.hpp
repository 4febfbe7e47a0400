// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>
#include <libp2p/bytes.hpp>
#include <libp2p/waiter.hpp>

#include <boost/asio/ip/udp.hpp>

#include <sys/socket.h>
#include <sys/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>

namespace libp2p::webrtc {

/// A bound UDP socket that moves many datagrams in one system call where the kernel can (UDP_SEGMENT to send, UDP_GRO
/// to receive), and one by one where it cannot. One socket serves many remotes, unless it is connected to one.
///
/// To receive: `wait_readable`, then `receive` until it would block or others should have their turn. To send: `send`
/// for each datagram and `flush` at the end of a turn; `run` must be running. Nothing of the data path allocates,
/// except to grow the batch and while the system takes nothing.
class UdpSocket {
public:
    using Endpoint = asio::ip::udp::endpoint;

    /// The system call `sendmsg`, or what a test puts in its place.
    using SendMessage = ssize_t (*)(int descriptor, const msghdr* message, int flags);

    /// To be told of datagrams that the system refused to send to `to` (no route, not permitted), and of connected
    /// sockets of a remote that has refused one. Called inside of `send`, `flush`, `run` and `receive`; may send, must
    /// not destroy the socket.
    using FailureHandler = std::function<void(const Endpoint& to, error_code ec)>;

    static constexpr std::size_t kKibibyte = 1024;

    struct Options {
        /// What to use when the kernel has it.
        bool segmentation = true;
        bool coalescing = true;
        /// To know which of the system's addresses a datagram came to, and to answer from there: for a socket that is
        /// bound to all of them.
        bool local_addresses = false;
        /// Asked of the kernel, in octets; it gives less when its own limits (net.core.rmem_max, wmem_max) are lower.
        std::size_t receive_buffer = 4096 * kKibibyte;
        std::size_t send_buffer = 4096 * kKibibyte;
        /// Octets that may wait while the system takes no more; datagrams past it are dropped.
        std::size_t queue = 512 * kKibibyte;
        SendMessage send_message = &::sendmsg;
    };

    /// Octets and datagrams of one system call, at most: what an IPv4 packet carries, rounded down, and what the kernel
    /// splits.
    static constexpr std::size_t kMaxBatch = 65'000;
    static constexpr std::size_t kMaxSegments = 64;

    /// Charged to the queue for each batch that waits, beside its octets.
    static constexpr std::size_t kQueueOverhead = 128;

    /// Large enough for whatever `receive` gets at once.
    static constexpr std::size_t kReceiveBufferSize = 65'536;

    /// What came in one call: datagrams of one sender, each `segment` octets long but the last, which may be shorter.
    struct Received {
        Endpoint from;
        asio::ip::address to;  ///< the address of this system that it was sent to, when `Options::local_addresses`
        ByteView octets;       ///< in the buffer that `receive` was given
        std::size_t segment = 0;

        /// Gives each datagram to `take`, in order.
        template <class Take>
        void each(Take&& take) const {
            for (auto rest = octets; !rest.empty();) {
                const auto size = std::min(segment, rest.size());
                take(rest.first(size));
                rest = rest.subspan(size);
            }
        }
    };

    /// Binds a socket to `local`; port 0 lets the system choose. An IPv6 socket takes IPv6 alone.
    static result<std::unique_ptr<UdpSocket>> bind(
        asio::any_io_executor executor, const Endpoint& local, Options options
    );
    static result<std::unique_ptr<UdpSocket>> bind(asio::any_io_executor executor, const Endpoint& local);

    /// Takes over the bound socket `descriptor`, which is closed in any case. Others may send and receive by a
    /// duplicate of it.
    static result<std::unique_ptr<UdpSocket>> adopt(asio::any_io_executor executor, int descriptor, Options options);

    UdpSocket(const UdpSocket&) = delete;
    UdpSocket& operator=(const UdpSocket&) = delete;

    /// Has the socket take from `remote` alone, and hear when the system learns that nobody is there. `local_endpoint`
    /// then tells the address that leads there.
    result<void> connect(const Endpoint& remote);

    /// Where it is bound.
    const Endpoint& local_endpoint() const noexcept { return local_; }

    bool uses_segmentation() const noexcept { return segmentation_; }
    bool uses_coalescing() const noexcept { return coalescing_; }

    /// Waits until `receive` has something to say, which may be that it would block after all. Fails with
    /// `operation_aborted` when cancelled and when the socket is closed. At most one may wait.
    awaitable<result<void>> wait_readable();

    /// Takes what has come, without waiting, into `buffer` (at least `kReceiveBufferSize` octets, or datagrams that do
    /// not fit are dropped). Sets `ec` to `would_block` when there is nothing, to `operation_aborted` when the socket
    /// is closed, or to the system's own error when it is short of memory. That a remote cannot be reached is no error
    /// here. Empty datagrams are left out: `octets` may be empty without an error.
    Received receive(MutableByteView buffer, error_code& ec) noexcept;

    /// The first octet of what `receive` would get, which stays where it is. Empty when there is nothing.
    std::optional<std::uint8_t> peek() noexcept;

    /// Who takes what comes.
    class Receiver {
    public:
        /// `local` is the address that it was sent to, when `Options::local_addresses`.
        virtual void on_datagram(ByteView datagram, const Endpoint& source, const asio::ip::address& local) = 0;

        /// Nothing more for now: what was put off until here goes out after this.
        virtual void on_burst_end() = 0;

    protected:
        ~Receiver() = default;
    };

    /// Gives all that comes to `receiver`, a few system calls at a time, so that others have their turn, and flushes
    /// after each of these bursts. To be spawned once by the owner; ends when the socket is closed or the coroutine is
    /// cancelled.
    awaitable<void> receive_all(Receiver& receiver);

    /// Appends `datagram` to the batch for `to`, after sending the batch when it cannot be of it. It leaves from the
    /// address `from`, or one of the system's choice when that is unspecified. Empty datagrams are not sent; those of
    /// more than `kMaxBatch` octets are dropped.
    void send(const Endpoint& to, ByteView datagram, const asio::ip::address& from = {});

    /// Hands the batch to the system. What that does not take waits for `run`.
    void flush();

    /// Sends what waits, whenever the system takes some more. To be spawned once by the owner; ends when the socket is
    /// closed or the coroutine is cancelled.
    awaitable<void> run();

    void on_failure(FailureHandler handler) { on_failure_ = std::move(handler); }

    /// Octets that wait, at most `Options::queue`.
    std::size_t queued() const noexcept { return queued_; }

    /// Datagrams that were not sent: too large, refused by the system, or too many for the queue.
    std::uint64_t dropped() const noexcept { return dropped_; }

    /// Ends all waiting and drops what waits to be sent. The batch is not sent: `flush` first.
    void close() noexcept;

    /// `endpoint`, or the IPv4 endpoint that it is when it is one mapped into IPv6.
    static Endpoint normalised(const Endpoint& endpoint);

private:
    /// Datagrams to one remote: all of `segment` octets but the last, which may be shorter.
    struct Batch {
        Endpoint to;
        asio::ip::address from;
        std::size_t segment = 0;
        Bytes octets;
        std::size_t sent = 0;  ///< octets at the beginning that are done with
        bool apart = false;    ///< to be sent one by one, whatever the kernel can do in general

        std::size_t datagrams_left() const noexcept {
            return segment == 0 ? 0 : (octets.size() - sent + segment - 1) / segment;
        }
    };

    UdpSocket(asio::ip::udp::socket socket, Endpoint local, Options options);

    void receive_burst(Receiver& receiver);
    bool fits(const Endpoint& to, ByteView datagram, const asio::ip::address& from) const noexcept;
    bool transmit(Batch& batch);
    error_code send_part(const Batch& batch, ByteView part, bool segmented) noexcept;
    void enqueue(const Batch& batch);
    void drain();

    asio::ip::udp::socket socket_;
    Endpoint local_;
    std::optional<Endpoint> connected_;
    Options options_;
    Waiter change_;  ///< of the queue, for `run`
    FailureHandler on_failure_;
    Batch batch_;
    int small_batches_ = 0;  ///< in a row
    std::deque<Batch> queue_;
    std::size_t queued_ = 0;
    std::uint64_t dropped_ = 0;
    bool segmentation_ = false;
    bool segmentation_works_ = false;  ///< has been seen to
    bool coalescing_ = false;
};

}  // namespace libp2p::webrtc
