// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tests/support/quiet_sctp_events.hpp"
#include "transports/webrtc/crc32c.hpp"
#include "transports/webrtc/ice_lite.hpp"
#include "transports/webrtc/webrtc_session.hpp"

#include <libp2p/budget.hpp>

#include <boost/asio/io_context.hpp>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

// All that a WebRTC-Direct listener does with one remote: the check, DTLS, SCTP, data channels, and an application that
// does what the fuzzer says. The remote is honest for as many rounds as the first octet tells; then it sends datagrams,
// SCTP packets under its keys and messages on its channels as the input has them, and genuine ones that are damaged.
// What is sent has to fit, memory to be what the budget knows, and nothing is left in the end.

using namespace libp2p;
using namespace libp2p::webrtc;

namespace {

namespace asio = boost::asio;

constexpr std::size_t kMtu = 1232;
constexpr std::size_t kMemory = 8 * kMiB;
constexpr std::uint32_t kBacklog = 8;

void require(bool holds) {
    if (!holds) {
        std::abort();
    }
}

/// Never goes back: usrsctp has one clock for all runs.
Clock::time_point& current_time() {
    static Clock::time_point time{std::chrono::hours(1)};
    return time;
}

class Input {
public:
    Input(const std::uint8_t* data, std::size_t size) : rest_(data, size) {}

    bool empty() const { return rest_.empty(); }
    std::uint16_t number(std::size_t octets) {
        std::uint32_t value = 0;
        for (auto octet : take(octets)) {
            value = (value << 8U) | octet;
        }
        return static_cast<std::uint16_t>(value);
    }
    ByteView take(std::size_t octets) {
        auto taken = rest_.first(std::min(octets, rest_.size()));
        rest_ = rest_.subspan(taken.size());
        return taken;
    }

private:
    ByteView rest_;
};

/// DTLS and SCTP of a dialer, without any rules above.
class Remote final : private crypto::DtlsSession::Output, private QuietSctpEvents {
public:
    Remote(asio::any_io_executor executor, std::shared_ptr<const crypto::DtlsContext> context)
        : executor_(std::move(executor)),
          dtls_(std::move(context), crypto::DtlsSession::Role::client, std::nullopt, *this, kMtu) {}
    ~Remote() override {
        if (association_) {
            association_->abort();
        }
    }

    void start() { require(dtls_.start(current_time()).has_value()); }

    void receive(ByteView datagram) {
        const auto take = [this](ByteView packet) {
            if (association_) {
                association_->receive(packet);
            }
        };
        if (!dtls_.receive(datagram, take, current_time())) {
            return;
        }
        if (dtls_.is_established() && !association_) {
            association_ = SctpAssociation::make(executor_, {}, *this, current_time()).value();
            (void)association_->connect();
        }
    }

    void look() {
        if (association_) {
            association_->look();
        }
    }

    void on_time() {
        if (dtls_.next_time() <= current_time()) {
            dtls_.on_time(current_time());
        }
    }

    void send(std::uint16_t stream, PayloadProtocol protocol, ByteView message) {
        if (is_open_ && !message.empty()) {
            (void)association_->send(stream, protocol, message);
        }
    }

    void reset(std::uint16_t stream) {
        if (is_open_) {
            (void)association_->reset(stream);
        }
    }

    /// With the ports, the tag and the sum that are right.
    void send_chunks(ByteView chunks) {
        constexpr std::array<std::uint8_t, 4> kPorts{5000 >> 8, 5000 & 0xff, 5000 >> 8, 5000 & 0xff};
        Bytes packet(kPorts.begin(), kPorts.end());
        packet.insert(packet.end(), tag_.begin(), tag_.end());
        packet.resize(12);
        packet.insert(packet.end(), chunks.begin(), chunks.end());
        write_sctp_checksum(packet);
        (void)dtls_.send(packet);
    }

    std::deque<Bytes> sent;

private:
    void send_datagram(ByteView datagram) override { sent.emplace_back(datagram.begin(), datagram.end()); }
    void send_packet(ByteView packet) noexcept override {
        std::copy_n(packet.begin() + 4, tag_.size(), tag_.begin());
        (void)dtls_.send(packet);
    }
    void on_established(std::uint16_t /*streams*/) override { is_open_ = true; }
    void on_ended(Error /*why*/) override { is_open_ = false; }
    Clock::time_point now() const noexcept override { return current_time(); }

    asio::any_io_executor executor_;
    crypto::DtlsSession dtls_;
    std::shared_ptr<SctpAssociation> association_;
    std::array<std::uint8_t, 4> tag_{};
    bool is_open_ = false;
};

/// The session and the application above it.
class Listener final : private WebRtcSession::Driver {
public:
    Listener(asio::any_io_executor executor, std::shared_ptr<const crypto::DtlsContext> context)
        : budget_(Budget::make("connection", "limits.connection", ScopeLimits{1, 1, 1, 1, 1, 1, 1, kMemory})),
          session_(
              std::in_place,
              std::move(executor),
              std::move(context),
              options(),
              limits(),
              budget_,
              static_cast<WebRtcSession::Driver&>(*this)
          ) {
        session_->start();
    }

    ~Listener() {
        session_->end(Errc::shut_down);
        has_ended_ = true;
        for (auto& stream : streams_) {
            session_->release(*stream.channel);
        }
        session_.reset();
        require(budget_->used().memory == 0);
    }

    void receive(ByteView datagram) {
        const bool had_ended = session_->has_ended();
        const bool is_proven = session_->receive(datagram);
        require(!had_ended || !is_proven);
        session_->look();
    }

    void on_time() {
        if (session_->deadline() <= current_time()) {
            session_->on_time();
        }
        session_->look();
    }

    void step(Input& input) {
        switch (input.number(1) % 8) {
            case 0:
                if (auto* channel = session_->accept()) {
                    streams_.push_back({channel, {}, {}});
                }
                break;
            case 1: open(); break;
            case 2: read(input); break;
            case 3: write(input); break;
            case 4:
                if (auto* stream = pick(input)) {
                    (void)session_->close_write(*stream->channel);
                }
                break;
            case 5: release(input); break;
            case 6:
                if (session_->is_open()) {
                    session_->set_proven();
                    session_->release_handshake_channel();
                }
                break;
            default:
                if (input.number(1) == 0) {
                    session_->close();
                }
        }
    }

    void check() {
        std::uint8_t whom = 0;
        while (session_->next_wake(whom) != nullptr) {
        }
        require(budget_->used().memory <= kMemory);
        require(
            session_->open_count() <= streams_.size() + std::max<std::size_t>(kBacklog, WebRtcSession::kEarlyChannels)
        );
        if (session_->has_ended()) {
            require(session_->deadline() == Clock::time_point::max());
            require(!session_->has_accept());
            require(session_->error().code().failed());
            has_ended_ = true;
        }
    }

    std::deque<Bytes> sent;

private:
    struct Stream {
        Channel* channel;
        std::unique_ptr<Bytes> lent;  // to a write under way
        std::unique_ptr<ByteView> view;
    };

    static WebRtcSession::Options options() {
        WebRtcSession::Options options;
        options.role = WebRtcSession::Role::server;
        options.path_mtu = kMtu;
        return options;
    }

    static Limits limits() {
        Limits limits;
        limits.accept_backlog = kBacklog;
        return limits;
    }

    void open() {
        if (!session_->can_open() || streams_.size() > 64) {
            return;
        }
        auto opened = session_->open();
        if (opened) {
            streams_.push_back({*opened, {}, {}});
        }
    }

    Stream* pick(Input& input) { return streams_.empty() ? nullptr : &streams_[input.number(1) % streams_.size()]; }

    void read(Input& input) {
        auto* stream = pick(input);
        if (stream != nullptr) {
            Bytes buffer(1 + input.number(2));
            auto got = session_->read(*stream->channel, buffer);
            require(!got || *got <= buffer.size());
        }
    }

    void write(Input& input) {
        auto* stream = pick(input);
        if (stream == nullptr) {
            return;
        }
        session_->withdraw_write(*stream->channel);
        stream->lent = std::make_unique<Bytes>(input.number(2), std::uint8_t{7});
        stream->view = std::make_unique<ByteView>(*stream->lent);
        (void)session_->write(*stream->channel, {stream->view.get(), 1});
    }

    void release(Input& input) {
        auto* stream = pick(input);
        if (stream == nullptr) {
            return;
        }
        if (input.number(1) % 2 == 0) {
            session_->abort(*stream->channel);
        }
        session_->release(*stream->channel);
        streams_.erase(streams_.begin() + (stream - streams_.data()));
    }

    // WebRtcSession::Driver
    void send_datagram(ByteView datagram) noexcept override {
        require(!has_ended_);
        require(datagram.size() <= kMtu);
        sent.emplace_back(datagram.begin(), datagram.end());
    }
    void on_change() noexcept override {}
    Clock::time_point now() const noexcept override { return current_time(); }

    std::shared_ptr<Budget> budget_;
    std::optional<WebRtcSession> session_;
    std::vector<Stream> streams_;
    bool has_ended_ = false;
};

class Run {
public:
    Run(Input& input, const std::shared_ptr<const crypto::DtlsContext>& context)
        : input_(input), listener_(io_.get_executor(), context), remote_(io_.get_executor(), context) {
        remote_.start();
    }

    void play() {
        for (int rounds = input_.number(1) % 16; rounds > 0; --rounds) {
            exchange();
        }
        for (int steps = 0; !input_.empty() && steps < 500; ++steps) {
            step();
            listener_.check();
        }
        exchange();
    }

private:
    void step() {
        const auto what = input_.number(1);
        switch (what % 8) {
            case 0: on_datagram(input_.take(input_.number(what < 128 ? 1 : 2))); break;
            case 1: remote_.send_chunks(input_.take(input_.number(1))); break;
            case 2: {
                const auto stream = input_.number(1);
                const auto protocol =
                    what < 128 ? PayloadProtocol::binary : PayloadProtocol{50U + input_.number(1) % 8U};
                remote_.send(stream, protocol, input_.take(input_.number(1)));
                break;
            }
            case 3: remote_.reset(input_.number(1)); break;
            case 4: listener_.step(input_); break;
            case 5: exchange(); break;
            case 6: pass_time(std::chrono::milliseconds(input_.number(2))); break;
            default: damage();
        }
    }

    /// As the socket of a listener does.
    void on_datagram(ByteView octets) {
        const Bytes datagram(octets.begin(), octets.end());  // its own block: reading past it shows
        const Endpoint source(asio::ip::address_v4::loopback(), 4000);
        std::array<std::uint8_t, kBindingResponseSize6> answer{};
        switch (classify(datagram)) {
            case DatagramKind::stun: {
                const auto check = answer_check(datagram, source, answer);
                require(!check || check->answer_size <= datagram.size());
                break;
            }
            case DatagramKind::dtls:
                (void)crypto::is_client_hello(datagram);
                listener_.receive(datagram);
                break;
            case DatagramKind::other: break;
        }
    }

    void exchange() {
        remote_.look();
        auto there = std::exchange(remote_.sent, {});
        auto back = std::exchange(listener_.sent, {});
        for (const auto& datagram : there) {
            listener_.receive(datagram);
        }
        for (const auto& datagram : back) {
            remote_.receive(datagram);
        }
        remote_.look();
        io_.restart();
        io_.poll();
    }

    void pass_time(std::chrono::milliseconds time) {
        current_time() += time;
        SctpStack::instance().advance(current_time());
        io_.restart();
        io_.poll();
        remote_.on_time();
        listener_.on_time();
    }

    /// One octet of a datagram that is under way is changed, its end is lost, or it comes twice.
    void damage() {
        const auto how = input_.number(1);
        const auto where = input_.number(2);
        const auto value = input_.number(1);
        if (remote_.sent.empty()) {
            return;
        }
        auto& datagram = remote_.sent[value % remote_.sent.size()];
        if (how % 3 == 0) {
            datagram[where % datagram.size()] ^= static_cast<std::uint8_t>(value | 1);
        } else if (how % 3 == 1) {
            datagram.resize(where % datagram.size() + 1);
        } else {
            auto copy = datagram;
            remote_.sent.push_front(std::move(copy));
        }
    }

    asio::io_context io_{1};
    Input& input_;
    Listener listener_;
    Remote remote_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto context =
        std::make_shared<const crypto::DtlsContext>(crypto::Certificate::from_secret(Bytes(32, 1)));
    Input input(data, size);
    {
        Run run(input, context);
        run.play();
    }
    require(SctpStack::instance().size() == 0);
    return 0;
}
