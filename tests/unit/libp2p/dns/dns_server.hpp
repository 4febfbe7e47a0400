// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/async.hpp>
#include <libp2p/bytes.hpp>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

#include <algorithm>
#include <array>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace libp2p::test {

/// A DNS message in the making, right or wrong.
class DnsMessage {
public:
    static constexpr std::uint16_t kA = 1;
    static constexpr std::uint16_t kCname = 5;
    static constexpr std::uint16_t kTxt = 16;
    static constexpr std::uint16_t kAaaa = 28;
    static constexpr std::uint16_t kQuestionName = 0xc00c;  // a pointer to the name that was asked for

    /// An answer to `query`: its id and question, no records yet.
    explicit DnsMessage(ByteView query) : bytes_(query.begin(), query.end()) {
        bytes_[2] = 0x81;  // a response, recursion desired
        bytes_[3] = 0x80;  // recursion available, no error
        bytes_[6] = bytes_[7] = bytes_[8] = bytes_[9] = bytes_[10] = bytes_[11] = 0;
    }

    DnsMessage& error(std::uint8_t code) {
        bytes_[3] = static_cast<std::uint8_t>(0x80 | code);
        return *this;
    }
    DnsMessage& truncated() {
        bytes_[2] |= 0x02;
        return *this;
    }
    DnsMessage& id(std::uint8_t change) {
        bytes_[0] ^= change;
        return *this;
    }
    DnsMessage& question(std::uint8_t change) {
        bytes_[13] ^= change;  // the first letter of the name
        return *this;
    }

    /// A record whose owner is `name`, in wire form.
    DnsMessage& record(const Bytes& name, std::uint16_t type, const Bytes& data) {
        bytes_.insert(bytes_.end(), name.begin(), name.end());
        number(type);
        number(1);
        number(0);
        number(60);
        number(static_cast<std::uint16_t>(data.size()));
        bytes_.insert(bytes_.end(), data.begin(), data.end());
        if (++bytes_[7] == 0) {
            ++bytes_[6];
        }
        return *this;
    }
    DnsMessage& record(std::uint16_t type, const Bytes& data) { return record({0xc0, 0x0c}, type, data); }
    DnsMessage& a(std::uint8_t last) { return record(kA, {192, 0, 2, last}); }
    DnsMessage& aaaa(std::uint8_t last) {
        return record(kAaaa, {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, last});
    }

    /// Text in pieces of up to 255 octets.
    DnsMessage& txt(std::string_view text, std::size_t piece = 255) {
        Bytes data;
        do {
            const auto part = text.substr(0, piece);
            data.push_back(static_cast<std::uint8_t>(part.size()));
            data.insert(data.end(), part.begin(), part.end());
            text.remove_prefix(part.size());
        } while (!text.empty());
        return record(kTxt, data);
    }

    static Bytes name(std::string_view text) {
        Bytes wire;
        while (!text.empty()) {
            const auto label = text.substr(0, text.find('.'));
            wire.push_back(static_cast<std::uint8_t>(label.size()));
            wire.insert(wire.end(), label.begin(), label.end());
            text.remove_prefix(std::min(text.size(), label.size() + 1));
        }
        wire.push_back(0);
        return wire;
    }

    Bytes& bytes() { return bytes_; }

private:
    void number(std::uint16_t value) {
        bytes_.push_back(static_cast<std::uint8_t>(value >> 8));
        bytes_.push_back(static_cast<std::uint8_t>(value));
    }

    Bytes bytes_;
};

/// What somebody asked.
struct DnsQuestion {
    ByteView message;
    std::string name;
    std::uint16_t type = 0;
    bool is_tcp = false;
};

/// A DNS server on loopback, UDP and TCP, that says what `answer` returns: no, one or several messages.
class DnsServer {
public:
    using Answer = std::function<std::vector<Bytes>(const DnsQuestion&)>;

    DnsServer(asio::io_context& io, Answer answer) : state_(std::make_shared<State>(io, std::move(answer))) {
        asio::co_spawn(io, serve_udp(state_), asio::detached);
        asio::co_spawn(io, serve_tcp(state_), asio::detached);
    }
    DnsServer(const DnsServer&) = delete;
    DnsServer& operator=(const DnsServer&) = delete;
    ~DnsServer() {
        error_code ignored;
        state_->udp.close(ignored);
        state_->acceptor.close(ignored);
        state_->answer = [](const DnsQuestion&) { return std::vector<Bytes>(); };
    }

    std::string address() const { return "127.0.0.1:" + std::to_string(state_->udp.local_endpoint().port()); }

    /// Names, in the order of the questions.
    const std::vector<std::string>& asked() const { return state_->asked; }

private:
    struct State {
        State(asio::io_context& io, Answer how) : answer(std::move(how)), udp(io), acceptor(io) {
            // A port that is free on both.
            const auto loopback = asio::ip::address_v4::loopback();
            for (int i = 0; i < 20; ++i) {
                udp = asio::ip::udp::socket(io, asio::ip::udp::endpoint(loopback, 0));
                error_code ec;
                acceptor = asio::ip::tcp::acceptor(io, asio::ip::tcp::v4());
                acceptor.bind({loopback, udp.local_endpoint().port()}, ec);
                if (!ec) {
                    break;
                }
            }
            acceptor.listen();
        }

        DnsQuestion read(ByteView message, bool is_tcp) {
            DnsQuestion question{message, {}, 0, is_tcp};
            std::size_t at = 12;
            while (message[at] != 0) {
                if (!question.name.empty()) {
                    question.name += '.';
                }
                question.name += as_text(message.subspan(at + 1, message[at]));
                at += 1u + message[at];
            }
            question.type = static_cast<std::uint16_t>(message[at + 1] << 8 | message[at + 2]);
            asked.push_back(question.name);
            return question;
        }

        Answer answer;
        asio::ip::udp::socket udp;
        asio::ip::tcp::acceptor acceptor;
        std::vector<std::string> asked;
    };

    static awaitable<void> serve_udp(std::shared_ptr<State> state) {
        Bytes buffer(4096);
        asio::ip::udp::endpoint from;
        for (;;) {
            auto [ec, size] = co_await state->udp.async_receive_from(asio::buffer(buffer), from, as_result);
            if (ec) {
                co_return;
            }
            for (const auto& reply : state->answer(state->read(ByteView(buffer).first(size), false))) {
                error_code ignored;
                state->udp.send_to(asio::buffer(reply), from, 0, ignored);
            }
        }
    }

    static awaitable<void> serve_tcp(std::shared_ptr<State> state) {
        auto executor = co_await asio::this_coro::executor;
        for (;;) {
            asio::ip::tcp::socket socket(executor);
            auto [ec] = co_await state->acceptor.async_accept(socket, as_result);
            if (ec) {
                co_return;
            }
            asio::co_spawn(executor, serve_connection(state, std::move(socket)), asio::detached);
        }
    }

    static awaitable<void> serve_connection(std::shared_ptr<State> state, asio::ip::tcp::socket socket) {
        for (;;) {
            std::array<std::uint8_t, 2> length{};
            auto [head_ec, head] = co_await asio::async_read(socket, asio::buffer(length), as_result);
            if (head_ec) {
                co_return;
            }
            Bytes message(static_cast<std::size_t>(length[0] << 8 | length[1]));
            auto [body_ec, body] = co_await asio::async_read(socket, asio::buffer(message), as_result);
            if (body_ec) {
                co_return;
            }
            for (const auto& reply : state->answer(state->read(message, true))) {
                Bytes framed{static_cast<std::uint8_t>(reply.size() >> 8), static_cast<std::uint8_t>(reply.size())};
                framed.insert(framed.end(), reply.begin(), reply.end());
                auto [ec, sent] = co_await asio::async_write(socket, asio::buffer(framed), as_result);
                if (ec) {
                    co_return;
                }
            }
        }
    }

    std::shared_ptr<State> state_;  // shared with the coroutines, which end after the server
};

/// Runs `body` to its end, whatever else waits on `io`.
inline void run(asio::io_context& io, awaitable<void> body) {
    bool done = false;
    std::exception_ptr failure;
    asio::co_spawn(io, std::move(body), [&](std::exception_ptr thrown) {
        done = true;
        failure = thrown;
    });
    io.restart();
    while (!done && io.run_one() > 0) {
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
}

}  // namespace libp2p::test
