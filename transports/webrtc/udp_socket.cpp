// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/udp_socket.hpp"

#include <boost/asio/ip/v6_only.hpp>

#include <netinet/in.h>
#include <netinet/udp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <limits>
#include <sstream>
#include <string>
#include <utility>

namespace libp2p::webrtc {
namespace {

using Endpoint = UdpSocket::Endpoint;

/// After so many batches in a row that use little of it, the batch's memory is given back: a socket of one idle
/// connection holds none.
constexpr int kSmallBatches = 64;
constexpr std::size_t kSmallBatch = 4096;

/// Datagrams that could not be read are passed over so many times before the caller gets a turn.
constexpr int kMaxSkipped = 16;

error_code system_error(int number) noexcept {
    return {number, boost::system::system_category()};
}

bool is_blocked(const error_code& ec) noexcept {
    return ec == asio::error::would_block || ec == asio::error::try_again;
}

/// Calls to the system that may bring something before others have their turn.
constexpr int kBurst = 4;

/// Reports of earlier datagrams that did not arrive (ICMP), which some systems give to whoever reads next.
bool is_about_a_remote(int number) noexcept {
    return number == ECONNREFUSED || number == ECONNRESET || number == EHOSTUNREACH || number == ENETUNREACH ||
           number == ENETDOWN || number == EHOSTDOWN || number == EPROTO || number == EMSGSIZE;
}

/// The device or the kernel cannot segment, for anybody.
bool lacks_segmentation(const error_code& ec) noexcept {
    return ec == system_error(EIO) || ec == system_error(ENOPROTOOPT) || ec == system_error(EOPNOTSUPP);
}

/// This batch cannot be segmented: the path's MTU is smaller than a datagram, or something else is wrong with it.
bool refuses_segments(const error_code& ec) noexcept {
    return lacks_segmentation(ec) || ec == system_error(EINVAL) || ec == system_error(EMSGSIZE);
}

bool set_option(int descriptor, int level, int name, int value) noexcept {
    return ::setsockopt(descriptor, level, name, &value, sizeof value) == 0;
}

int to_int(std::size_t value) noexcept {
    return static_cast<int>(std::min<std::size_t>(value, std::numeric_limits<int>::max()));
}

std::string describe(const Endpoint& endpoint) {
    std::ostringstream text;
    text << endpoint;
    return text.str();
}

/// Room for a segment size and for an address.
struct Control {
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(in6_pktinfo))> octets{};
    std::size_t used = 0;

    template <class Value>
    void add(int level, int type, const Value& value) noexcept {
        cmsghdr header{};
        header.cmsg_level = level;
        header.cmsg_type = type;
        header.cmsg_len = CMSG_LEN(sizeof value);
        std::memcpy(&octets[used], &header, sizeof header);
        std::memcpy(&octets[used + CMSG_LEN(0)], &value, sizeof value);
        used += CMSG_SPACE(sizeof value);
    }
};

template <class Value>
Value value_of(const cmsghdr& header) noexcept {
    Value value{};
    std::memcpy(&value, CMSG_DATA(&header), sizeof value);
    return value;
}

asio::ip::address address_of(const in_pktinfo& info) noexcept {
    return asio::ip::address_v4(ntohl(info.ipi_addr.s_addr));
}

asio::ip::address address_of(const in6_pktinfo& info) noexcept {
    asio::ip::address_v6::bytes_type octets{};
    std::memcpy(octets.data(), &info.ipi6_addr, octets.size());
    const asio::ip::address_v6 address(octets);
    return address.is_link_local() ? asio::ip::address_v6(octets, info.ipi6_ifindex) : address;
}

void add_source(Control& control, const asio::ip::address& from) noexcept {
    if (from.is_v4()) {
        in_pktinfo info{};
        info.ipi_spec_dst.s_addr = htonl(from.to_v4().to_uint());
        control.add(IPPROTO_IP, IP_PKTINFO, info);
    } else {
        in6_pktinfo info{};
        const auto octets = from.to_v6().to_bytes();
        std::memcpy(&info.ipi6_addr, octets.data(), octets.size());
        info.ipi6_ifindex = static_cast<unsigned>(from.to_v6().scope_id());
        control.add(IPPROTO_IPV6, IPV6_PKTINFO, info);
    }
}

}  // namespace

result<std::unique_ptr<UdpSocket>> UdpSocket::bind(asio::any_io_executor executor, const Endpoint& local) {
    return bind(std::move(executor), local, Options{});
}

result<std::unique_ptr<UdpSocket>> UdpSocket::bind(
    asio::any_io_executor executor, const Endpoint& local, Options options
) {
    asio::ip::udp::socket socket(std::move(executor));
    error_code ec;
    socket.open(local.protocol(), ec);
    if (!ec && local.address().is_v6()) {
        socket.set_option(asio::ip::v6_only(true), ec);
    }
    if (!ec) {
        socket.non_blocking(true, ec);
    }
    if (!ec) {
        socket.bind(local, ec);
    }
    Endpoint bound;
    if (!ec) {
        bound = socket.local_endpoint(ec);
    }
    if (ec) {
        return Error(ec, "binding UDP socket to " + describe(local));
    }
    return std::unique_ptr<UdpSocket>(new UdpSocket(std::move(socket), bound, options));
}

result<std::unique_ptr<UdpSocket>> UdpSocket::adopt(asio::any_io_executor executor, int descriptor, Options options) {
    Endpoint bound;
    auto size = static_cast<socklen_t>(bound.capacity());
    if (::getsockname(descriptor, bound.data(), &size) != 0) {
        const auto ec = system_error(errno);
        ::close(descriptor);
        return Error(ec, "taking over a UDP socket");
    }
    bound.resize(size);
    asio::ip::udp::socket socket(std::move(executor));
    error_code ec;
    socket.assign(bound.protocol(), descriptor, ec);
    if (ec) {
        ::close(descriptor);
        return Error(ec, "taking over a UDP socket");
    }
    socket.non_blocking(true, ec);
    if (ec) {
        return Error(ec, "taking over a UDP socket");
    }
    return std::unique_ptr<UdpSocket>(new UdpSocket(std::move(socket), bound, options));
}

UdpSocket::UdpSocket(asio::ip::udp::socket socket, Endpoint local, Options options)
    : socket_(std::move(socket)), local_(local), options_(options), change_(socket_.get_executor()) {
    const auto descriptor = socket_.native_handle();
    // A size of zero means "none unless a call says so", and is refused by kernels that do not know the option.
    segmentation_ = options_.segmentation && set_option(descriptor, SOL_UDP, UDP_SEGMENT, 0);
    coalescing_ = options_.coalescing && set_option(descriptor, SOL_UDP, UDP_GRO, 1);
    if (options_.local_addresses) {
        const bool is_v4 = local_.address().is_v4();
        set_option(descriptor, is_v4 ? IPPROTO_IP : IPPROTO_IPV6, is_v4 ? IP_PKTINFO : IPV6_RECVPKTINFO, 1);
    }
    // Best effort: a small buffer costs throughput, not correctness.
    set_option(descriptor, SOL_SOCKET, SO_RCVBUF, to_int(options_.receive_buffer));
    set_option(descriptor, SOL_SOCKET, SO_SNDBUF, to_int(options_.send_buffer));
}

result<void> UdpSocket::connect(const Endpoint& remote) {
    error_code ec;
    socket_.connect(remote, ec);
    if (!ec) {
        local_ = socket_.local_endpoint(ec);
    }
    if (ec) {
        return Error(ec, "connecting UDP socket to " + describe(remote));
    }
    connected_ = remote;
    return ok();
}

awaitable<result<void>> UdpSocket::wait_readable() {
    auto [ec] = co_await socket_.async_wait(asio::ip::udp::socket::wait_read, as_result);
    if (ec) {
        co_return ec;
    }
    co_return ok();
}

awaitable<void> UdpSocket::receive_all(Receiver& receiver) {
    for (;;) {
        auto readable = co_await wait_readable();
        if (!readable) {
            co_return;
        }
        receive_burst(receiver);
        receiver.on_burst_end();
        flush();
    }
}

/// What comes is handed on before the next call: one buffer does for all sockets of a thread, and an idle one has none.
void UdpSocket::receive_burst(Receiver& receiver) {
    static thread_local std::array<std::uint8_t, kReceiveBufferSize> buffer;
    for (int i = 0; i < kBurst; ++i) {
        error_code ec;
        const auto received = receive(buffer, ec);
        if (ec) {
            return;
        }
        received.each([&](ByteView datagram) { receiver.on_datagram(datagram, received.from, received.to); });
    }
}

UdpSocket::Received UdpSocket::receive(MutableByteView buffer, error_code& ec) noexcept {
    Received received;
    for (int skipped = 0; skipped < kMaxSkipped; ++skipped) {
        if (!socket_.is_open()) {
            ec = asio::error::make_error_code(asio::error::operation_aborted);
            return received;
        }
        iovec part{buffer.data(), buffer.size()};
        Control control;
        msghdr message{};
        message.msg_name = received.from.data();
        message.msg_namelen = static_cast<socklen_t>(received.from.capacity());
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        message.msg_control = control.octets.data();
        message.msg_controllen = control.octets.size();
        const auto size = ::recvmsg(socket_.native_handle(), &message, MSG_DONTWAIT);
        if (size < 0) {
            if (connected_ && on_failure_ && is_about_a_remote(errno)) {
                on_failure_(*connected_, system_error(errno));
            }
            if (errno == EINTR || is_about_a_remote(errno)) {
                continue;
            }
            ec = system_error(errno);
            return received;
        }
        if ((message.msg_flags & MSG_TRUNC) != 0 || message.msg_namelen > received.from.capacity()) {
            continue;
        }
        ec.clear();
        received.from.resize(message.msg_namelen);
        received.from = normalised(received.from);
        received.octets = buffer.first(static_cast<std::size_t>(size));
        received.segment = received.octets.size();
        for (auto* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
            if (header->cmsg_level == SOL_UDP && header->cmsg_type == UDP_GRO) {
                const auto segment = value_of<int>(*header);
                if (segment > 0) {
                    received.segment = static_cast<std::size_t>(segment);
                }
            } else if (header->cmsg_level == IPPROTO_IP && header->cmsg_type == IP_PKTINFO) {
                received.to = address_of(value_of<in_pktinfo>(*header));
            } else if (header->cmsg_level == IPPROTO_IPV6 && header->cmsg_type == IPV6_PKTINFO) {
                received.to = address_of(value_of<in6_pktinfo>(*header));
            }
        }
        return received;
    }
    ec.clear();  // there may be more: `octets` is empty
    return received;
}

std::optional<std::uint8_t> UdpSocket::peek() noexcept {
    if (!socket_.is_open()) {
        return std::nullopt;
    }
    for (int skipped = 0; skipped < kMaxSkipped; ++skipped) {
        std::uint8_t octet = 0;
        const auto size = ::recv(socket_.native_handle(), &octet, sizeof octet, MSG_PEEK | MSG_DONTWAIT);
        if (size >= 0) {
            return octet;
        }
        if (errno != EINTR && !is_about_a_remote(errno)) {
            return std::nullopt;
        }
    }
    return std::nullopt;
}

void UdpSocket::send(const Endpoint& to, ByteView datagram, const asio::ip::address& from) {
    if (datagram.empty()) {
        return;
    }
    if (datagram.size() > kMaxBatch) {
        ++dropped_;
        return;
    }
    if (!fits(to, datagram, from)) {
        flush();
    }
    if (batch_.octets.empty()) {
        batch_.to = to;
        batch_.from = from;
        batch_.segment = datagram.size();
    }
    batch_.octets.insert(batch_.octets.end(), datagram.begin(), datagram.end());
}

bool UdpSocket::fits(const Endpoint& to, ByteView datagram, const asio::ip::address& from) const noexcept {
    const auto size = batch_.octets.size();
    return size == 0 ||
           (batch_.to == to && batch_.from == from && datagram.size() <= batch_.segment && size % batch_.segment == 0 &&
            size / batch_.segment < kMaxSegments && size + datagram.size() <= kMaxBatch);
}

void UdpSocket::flush() {
    if (batch_.octets.empty()) {
        return;
    }
    auto batch = std::exchange(batch_, {});  // a failure handler may send
    if (!queue_.empty() || !transmit(batch)) {
        enqueue(batch);
    }
    small_batches_ = batch.octets.size() > kSmallBatch ? 0 : small_batches_ + 1;
    if (batch_.octets.capacity() < batch.octets.capacity() && batch_.octets.empty() && small_batches_ < kSmallBatches) {
        batch.octets.clear();
        batch_.octets = std::move(batch.octets);
    }
}

awaitable<void> UdpSocket::run() {
    while (socket_.is_open()) {
        if (queue_.empty()) {
            auto interrupted = co_await change_.wait();
            if (interrupted) {
                co_return;
            }
            continue;
        }
        auto [ec] = co_await socket_.async_wait(asio::ip::udp::socket::wait_write, as_result);
        if (ec) {
            co_return;
        }
        drain();
    }
}

void UdpSocket::close() noexcept {
    error_code ignored;  // the descriptor is gone whatever close reports
    socket_.close(ignored);
    queue_.clear();
    queued_ = 0;
    batch_ = {};
    change_.notify();
}

Endpoint UdpSocket::normalised(const Endpoint& endpoint) {
    const auto address = endpoint.address();
    if (address.is_v6() && address.to_v6().is_v4_mapped()) {
        return {asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()), endpoint.port()};
    }
    return endpoint;
}

/// False when the system takes no more; `batch.sent` says what it took.
bool UdpSocket::transmit(Batch& batch) {
    while (batch.sent < batch.octets.size() && socket_.is_open()) {
        const auto rest = ByteView(batch.octets).subspan(batch.sent);
        const bool segmented = segmentation_ && !batch.apart && rest.size() > batch.segment;
        const auto part = segmented ? rest : rest.first(std::min(batch.segment, rest.size()));
        const auto ec = send_part(batch, part, segmented);
        if (is_blocked(ec)) {
            return false;
        }
        if (segmented && ec && refuses_segments(ec)) {
            batch.apart = true;
            segmentation_ = segmentation_ && !lacks_segmentation(ec);
            continue;
        }
        batch.sent += part.size();
        if (ec) {
            dropped_ += (part.size() + batch.segment - 1) / batch.segment;
            if (on_failure_) {
                on_failure_(batch.to, ec);
            }
        } else if (segmented) {
            segmentation_works_ = true;
        } else if (batch.apart && !segmentation_works_) {
            segmentation_ = false;  // what went alone was refused in segments, and these never worked
        }
    }
    return true;
}

error_code UdpSocket::send_part(const Batch& batch, ByteView part, bool segmented) noexcept {
    iovec buffer{const_cast<std::uint8_t*>(part.data()), part.size()};  // sendmsg only reads
    Control control;
    msghdr message{};
    message.msg_name = const_cast<void*>(static_cast<const void*>(batch.to.data()));
    message.msg_namelen = static_cast<socklen_t>(batch.to.size());
    message.msg_iov = &buffer;
    message.msg_iovlen = 1;
    if (segmented) {
        control.add(SOL_UDP, UDP_SEGMENT, static_cast<std::uint16_t>(batch.segment));
    }
    if (!batch.from.is_unspecified()) {
        add_source(control, batch.from);
    }
    if (control.used > 0) {
        message.msg_control = control.octets.data();
        message.msg_controllen = control.used;
    }
    for (;;) {
        if (options_.send_message(socket_.native_handle(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0) {
            return {};
        }
        if (errno != EINTR) {
            return system_error(errno);
        }
    }
}

void UdpSocket::enqueue(const Batch& batch) {
    const auto rest = ByteView(batch.octets).subspan(batch.sent);
    const auto cost = rest.size() + kQueueOverhead;
    if (!socket_.is_open() || cost > options_.queue - queued_) {
        dropped_ += batch.datagrams_left();
        return;
    }
    queue_.push_back({batch.to, batch.from, batch.segment, Bytes(rest.begin(), rest.end()), 0, batch.apart});
    queued_ += cost;
    change_.notify();
}

void UdpSocket::drain() {
    while (!queue_.empty()) {
        auto batch = std::move(queue_.front());  // a failure handler may close the socket
        queue_.pop_front();
        const auto before = batch.octets.size() - batch.sent;
        const bool done = transmit(batch);
        const auto after = batch.octets.size() - batch.sent;
        if (!socket_.is_open()) {
            return;
        }
        if (!done) {
            queued_ -= before - after;
            queue_.push_front(std::move(batch));
            return;
        }
        queued_ -= before + kQueueOverhead;
    }
}

}  // namespace libp2p::webrtc
