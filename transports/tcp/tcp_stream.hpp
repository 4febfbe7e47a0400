// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/byte_stream.hpp>
#include <libp2p/readable.hpp>

#include <boost/asio/ip/tcp.hpp>

namespace libp2p::tcp {

/// A connected socket. Every operation is tried at once and waits only when the system would block, so a busy
/// connection pays one system call an operation; after a burst of such operations it lets others run.
///
/// Small reads come from what one larger read left over, so that a handshake may read octet by octet.
class TcpStream final : public ByteStream, public Readable {
public:
    /// Takes a connected socket over and makes it non-blocking, without Nagle's delay.
    explicit TcpStream(boost::asio::ip::tcp::socket socket);

    awaitable<result<std::size_t>> read_some(MutableByteView into) override;
    awaitable<result<void>> write(std::span<const ByteView> buffers) override;
    awaitable<result<void>> close_write() override;
    void abort() noexcept override;
    asio::any_io_executor executor() const noexcept override { return executor_; }

    std::size_t try_read_some(MutableByteView into, error_code& ec) noexcept override;
    awaitable<result<void>> wait_readable() override;

private:
    std::size_t take_ahead(MutableByteView into) noexcept;
    std::size_t receive(MutableByteView into, error_code& ec) noexcept;
    std::size_t send(std::span<const ByteView> buffers, std::size_t skip, error_code& ec) noexcept;
    bool burst_is_over() noexcept;

    boost::asio::ip::tcp::socket socket_;
    asio::any_io_executor executor_;
    Bytes ahead_;  ///< received and not asked for yet; at most kReadAhead octets, none while idle
    std::size_t ahead_begin_ = 0;
    int burst_ = 0;  ///< operations since the last wait
};

}  // namespace libp2p::tcp
