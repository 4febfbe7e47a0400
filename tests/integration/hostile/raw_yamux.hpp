// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "muxing/yamux/yamux_frame.hpp"
#include "tests/integration/hostile/raw_peer.hpp"
#include "transports/tcp/tcp_stream.hpp"

#include <libp2p/negotiate.hpp>
#include <libp2p/security_protocols.hpp>

#include <memory>
#include <optional>
#include <utility>

namespace libp2p::test::hostile {

/// Connects to `victim` over TCP. A `receive_buffer` other than 0 is how much the system may hold that was not read.
inline awaitable<std::unique_ptr<ByteStream>> dial_tcp(Multiaddr victim, int receive_buffer = 0) {
    auto executor = co_await asio::this_coro::executor;
    const auto endpoint = tcp::to_endpoint(victim.without_peer().value()).value();
    asio::ip::tcp::socket socket(executor);
    socket.open(endpoint.protocol());
    if (receive_buffer > 0) {
        socket.set_option(asio::socket_base::receive_buffer_size(receive_buffer));
    }
    co_await socket.async_connect(endpoint, asio::use_awaitable);
    co_return std::make_unique<tcp::TcpStream>(std::move(socket));
}

/// Somebody who can prove an identity, and speaks yamux with it as nobody should.
class RawYamux {
public:
    const PeerId& id() const noexcept { return identity_.peer_id(); }

    /// Becomes a yamux client of `victim`.
    awaitable<void> connect(Multiaddr victim, int receive_buffer = 0) {
        auto raw = co_await dial_tcp(victim, receive_buffer);
        auto noise = make_noise(identity_);
        std::vector<ProtocolId> muxers{"/yamux/1.0.0"};
        SecurityOptions options(Direction::outbound, victim.peer(), std::move(muxers));
        auto lazy = negotiate_lazily(std::move(raw), noise->id());
        auto channel = co_await noise->secure(std::move(lazy), std::move(options));
        channel_ = std::move(channel.value());
        EXPECT_EQ(channel_->early_muxer(), "/yamux/1.0.0");
    }

    awaitable<result<void>> send(yamux::FrameHeader header, Bytes body = {}) {
        Bytes frame = encoded(header);
        frame.insert(frame.end(), body.begin(), body.end());
        auto sent = co_await write(*channel_, frame);
        co_return sent;
    }

    awaitable<result<void>> send(Bytes frames) {
        auto sent = co_await write(*channel_, frames);
        co_return sent;
    }

    /// Opens the stream `id` and asks for `protocol`, without waiting for an answer.
    awaitable<result<void>> open(std::uint32_t id, std::string protocol) {
        auto text = multistream::encode_message(multistream::kHeader) + multistream::encode_message(protocol);
        auto sent = co_await send(data(id, yamux::Flags::syn, text.size()), Bytes(text.begin(), text.end()));
        co_return sent;
    }

    /// Reads to the end, and keeps count of what comes.
    awaitable<void> listen() {
        Bytes body;
        for (;;) {
            std::array<std::uint8_t, yamux::kHeaderSize> head;
            auto got = co_await read_exactly(*channel_, head);
            if (!got) {
                break;
            }
            auto header = yamux::decode(head).value();
            if (header.type == yamux::FrameType::data) {
                body.resize(header.length);
                auto filled = header.length == 0 ? ok() : result<void>(Errc::connection_closed);
                if (header.length > 0) {
                    filled = co_await read_exactly(*channel_, body);
                }
                if (!filled) {
                    break;
                }
            }
            count(header);
        }
        has_ended = true;
    }

    void abort() noexcept { channel_->abort(); }

    static yamux::FrameHeader data(std::uint32_t id, yamux::Flags flags, std::size_t length) {
        return yamux::FrameHeader{
            yamux::FrameType::data, flags, yamux::StreamId{id}, static_cast<std::uint32_t>(length)
        };
    }
    static yamux::FrameHeader window(std::uint32_t id, yamux::Flags flags, std::uint32_t more = 0) {
        return yamux::FrameHeader{yamux::FrameType::window_update, flags, yamux::StreamId{id}, more};
    }
    static yamux::FrameHeader ping(std::uint32_t value) {
        return yamux::FrameHeader{yamux::FrameType::ping, yamux::Flags::syn, yamux::StreamId{}, value};
    }

    static Bytes encoded(const yamux::FrameHeader& header) {
        std::array<std::uint8_t, yamux::kHeaderSize> head;
        yamux::encode(header, head);
        return Bytes(head.begin(), head.end());
    }

    // What was heard.
    bool has_ended = false;
    std::optional<std::uint32_t> goodbye;
    std::size_t resets = 0;
    std::size_t pongs = 0;

private:
    void count(const yamux::FrameHeader& header) {
        if (header.type == yamux::FrameType::go_away) {
            goodbye = header.length;
        } else if (header.type == yamux::FrameType::ping) {
            pongs += yamux::has(header.flags, yamux::Flags::ack);
        } else {
            resets += yamux::has(header.flags, yamux::Flags::rst);
        }
    }

    Identity identity_ = Identity::generate();
    std::unique_ptr<SecureChannel> channel_;
};

}  // namespace libp2p::test::hostile
