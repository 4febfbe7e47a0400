// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/rendezvous_signalling.hpp"

#include "transports/webrtc/private/rendezvous_enrolment.hpp"

#include <libp2p/keys.hpp>
#include <libp2p/log.hpp>
#include <libp2p/private_webrtc.hpp>
#include <libp2p/timeout.hpp>

#include <boost/asio/error.hpp>
#include <boost/asio/steady_timer.hpp>

#include <algorithm>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

namespace libp2p {
namespace webrtc {
namespace {

const Logger log("rendezvous");

using Type = RendezvousMessage::Type;

Error aborted() {
    return asio::error::make_error_code(asio::error::operation_aborted);
}

std::optional<SignallingMessage::Type> to_signalling(Type type) noexcept {
    switch (type) {
        case Type::offer: return SignallingMessage::Type::offer;
        case Type::answer: return SignallingMessage::Type::answer;
        case Type::candidate: return SignallingMessage::Type::candidate;
        case Type::challenge:
        case Type::enrol:
        case Type::enrolled:
        case Type::error: break;
    }
    return std::nullopt;
}

std::optional<Type> to_rendezvous(SignallingMessage::Type type) noexcept {
    switch (type) {
        case SignallingMessage::Type::offer: return Type::offer;
        case SignallingMessage::Type::answer: return Type::answer;
        case SignallingMessage::Type::candidate: return Type::candidate;
        case SignallingMessage::Type::done: break;
    }
    return std::nullopt;
}

std::vector<Protocol> protocols_of(const Multiaddr& address) {
    std::vector<Protocol> found;
    for (const auto& component : address.components()) {
        found.push_back(component.protocol());
    }
    return found;
}

result<asio::ip::tcp::endpoint> server_of(const Multiaddr& address) {
    const auto host = address.value_of(address.has(Protocol::ip4) ? Protocol::ip4 : Protocol::ip6).value_or("");
    const auto port = address.value_of(Protocol::tcp).value_or("");
    error_code ec;
    const auto ip = asio::ip::make_address(host, ec);
    std::uint16_t number = 0;
    std::from_chars(port.data(), port.data() + port.size(), number);
    if (ec || number == 0) {
        return Error(Errc::invalid_address, "no rendezvous server: " + address.to_string());
    }
    return asio::ip::tcp::endpoint(ip, number);
}

}  // namespace

/// What has come for one pipe.
struct RendezvousClient::Inbox {
    explicit Inbox(asio::any_io_executor executor) : changed(std::move(executor)) {}

    void end(Error why) {
        if (!ended) {
            ended = std::move(why);
            changed.notify();
        }
    }

    std::deque<SignallingMessage> messages;
    std::optional<Error> ended;
    Waiter changed;
};

class RendezvousClient::Pipe final : public SignallingPipe {
public:
    Pipe(std::shared_ptr<RendezvousClient> client, std::shared_ptr<Inbox> inbox, PeerId peer)
        : client_(std::move(client)), inbox_(std::move(inbox)), remote_{std::move(peer), std::nullopt} {}
    ~Pipe() override {
        abort();
        client_->leave_if_unused();
    }

    const SignallingRemote& remote() const noexcept override { return remote_; }

    awaitable<result<void>> send(SignallingMessage message) override {
        const auto type = to_rendezvous(message.type);
        if (inbox_->ended) {
            co_return *inbox_->ended;
        }
        if (!type) {
            co_return ok();
        }
        RendezvousMessage out;
        out.type = *type;
        out.to = remote_.peer->to_string();
        out.from = client_->own_;
        out.data = std::move(message.data);
        if (!client_->socket_ || !client_->socket_->send(to_json(out))) {
            co_return Errc::connection_closed;
        }
        co_return ok();
    }

    awaitable<result<SignallingMessage>> receive() override {
        const auto inbox = inbox_;
        while (inbox->messages.empty()) {
            if (inbox->ended) {
                co_return *inbox->ended;
            }
            auto interrupted = co_await inbox->changed.wait();
            if (interrupted) {
                co_return interrupted;
            }
        }
        auto message = std::move(inbox->messages.front());
        inbox->messages.pop_front();
        co_return message;
    }

    /// Rendezvous messages have no end.
    awaitable<result<void>> close() override {
        inbox_->end(asio::error::make_error_code(asio::error::eof));
        co_return ok();
    }

    void abort() noexcept override {
        inbox_->messages.clear();
        inbox_->end(aborted());
    }

private:
    std::shared_ptr<RendezvousClient> client_;
    std::shared_ptr<Inbox> inbox_;
    SignallingRemote remote_;
};

RendezvousClient::RendezvousClient(
    asio::any_io_executor executor, const Identity& identity, asio::ip::tcp::endpoint server
)
    : executor_(executor),
      identity_(identity),
      server_(std::move(server)),
      own_(identity.peer_id().to_string()),
      connected_(executor),
      offered_(executor),
      lost_(executor) {}

awaitable<result<void>> RendezvousClient::connect(const SignallingTalk::Spawn& spawn) {
    const auto self = shared_from_this();
    while (is_connecting_) {
        auto interrupted = co_await connected_.wait();
        if (interrupted) {
            co_return interrupted;
        }
    }
    if (socket_) {
        co_return ok();
    }
    struct Connecting {
        explicit Connecting(RendezvousClient& owner) : client(owner) { client.is_connecting_ = true; }
        Connecting(const Connecting&) = delete;
        Connecting& operator=(const Connecting&) = delete;
        ~Connecting() {
            client.is_connecting_ = false;
            client.connected_.notify_all();
        }
        RendezvousClient& client;
    };
    Connecting connecting(*this);
    auto connected = co_await with_timeout(kConnect, connect_once(spawn));
    co_return connected;
}

awaitable<result<void>> RendezvousClient::connect_once(const SignallingTalk::Spawn& spawn) {
    asio::ip::tcp::socket tcp(executor_);
    auto [ec] = co_await tcp.async_connect(server_, as_result);
    const auto host = server_.address().to_string() + ":" + std::to_string(server_.port());
    if (ec) {
        co_return Error(ec, "rendezvous server " + host);
    }
    auto socket = std::make_shared<RendezvousSocket>(std::move(tcp));
    auto opened = co_await socket->connect(host, "/" + own_);
    if (!opened) {
        co_return opened.error();
    }
    auto text = co_await socket->receive();
    if (!text) {
        co_return text.error();
    }
    auto challenge = parse_rendezvous_message(*text);
    if (!challenge || challenge->type != Type::challenge) {
        co_return Error(Errc::protocol_violation, "rendezvous server " + host + " does not ask who we are");
    }
    socket->send(to_json(enrol(identity_, challenge->data)));
    spawn(write(socket));
    text = co_await socket->receive();
    if (!text) {
        socket->close();
        co_return text.error();
    }
    auto enrolled = parse_rendezvous_message(*text);
    if (!enrolled || enrolled->type != Type::enrolled) {
        socket->close();
        co_return Error(Errc::refused_by_remote, "rendezvous server " + host);
    }
    socket_ = socket;
    spawn(serve(shared_from_this(), std::move(socket)));
    co_return ok();
}

awaitable<void> RendezvousClient::write(std::shared_ptr<RendezvousSocket> socket) {
    co_await socket->run();
}

awaitable<void> RendezvousClient::serve(
    std::shared_ptr<RendezvousClient> self, std::shared_ptr<RendezvousSocket> socket
) {
    struct Loss {
        Loss(RendezvousClient& owner, const std::shared_ptr<RendezvousSocket>& whose) : client(owner), lost(whose) {}
        Loss(const Loss&) = delete;
        Loss& operator=(const Loss&) = delete;
        ~Loss() { client.lose(lost); }
        RendezvousClient& client;
        const std::shared_ptr<RendezvousSocket>& lost;
    };
    Loss loss(*self, socket);
    for (;;) {
        auto text = co_await socket->receive();
        if (!text) {
            co_return;
        }
        auto message = parse_rendezvous_message(*text);
        if (message) {
            self->on_message(std::move(*message));
        }
    }
}

void RendezvousClient::lose(const std::shared_ptr<RendezvousSocket>& socket) {
    socket->close();
    if (socket_ == socket) {
        socket_.reset();
    }
    for (auto& [peer, weak] : inboxes_) {
        if (const auto inbox = weak.lock()) {
            inbox->end(asio::error::make_error_code(asio::error::eof));
        }
    }
    inboxes_.clear();
    lost_.notify();
}

void RendezvousClient::on_message(RendezvousMessage message) {
    auto peer = PeerId::parse(message.from);
    if (!peer) {
        return;
    }
    drop_ended();
    if (message.type == Type::offer && listens_ && offers_.size() < kOffers) {
        auto inbox = inbox_of(*peer);
        inbox->messages.push_back({SignallingMessage::Type::offer, std::move(message.data)});
        offers_.push_back(std::make_unique<Pipe>(shared_from_this(), std::move(inbox), *peer));
        offered_.notify();
        return;
    }
    const auto [first, last] = inboxes_.equal_range(message.from);
    if (first == last) {
        return;
    }
    const auto inbox = std::prev(last)->second.lock();
    const auto type = to_signalling(message.type);
    if (message.type == Type::error) {
        inbox->end(Error(Errc::refused_by_remote, "rendezvous server: " + message.data.substr(0, kMaxRendezvousName)));
    } else if (type && inbox->messages.size() < kWaiting) {
        inbox->messages.push_back({*type, std::move(message.data)});
        inbox->changed.notify();
    }
}

void RendezvousClient::leave_if_unused() noexcept {
    drop_ended();
    if (!listens_ && inboxes_.empty() && socket_) {
        lose(std::shared_ptr(socket_));
    }
}

void RendezvousClient::drop_ended() noexcept {
    std::erase_if(inboxes_, [](const auto& entry) {
        const auto inbox = entry.second.lock();
        return !inbox || inbox->ended;
    });
}

std::shared_ptr<RendezvousClient::Inbox> RendezvousClient::inbox_of(const PeerId& peer) {
    auto inbox = std::make_shared<Inbox>(executor_);
    inboxes_.emplace(peer.to_string(), inbox);
    return inbox;
}

std::unique_ptr<SignallingPipe> RendezvousClient::open(PeerId peer) {
    auto inbox = inbox_of(peer);
    return std::make_unique<Pipe>(shared_from_this(), std::move(inbox), std::move(peer));
}

awaitable<result<std::unique_ptr<SignallingPipe>>> RendezvousClient::accept() {
    const auto self = shared_from_this();
    while (offers_.empty()) {
        if (!listens_) {
            co_return Errc::shut_down;
        }
        auto interrupted = co_await offered_.wait();
        if (interrupted) {
            co_return interrupted;
        }
    }
    auto pipe = std::move(offers_.front());
    offers_.pop_front();
    co_return std::move(pipe);
}

void RendezvousClient::set_listening(bool listens) noexcept {
    listens_ = listens;
    if (!listens_) {
        offers_.clear();
        offered_.notify();
        lost_.notify();
    }
}

awaitable<void> RendezvousClient::stay(std::shared_ptr<RendezvousClient> self, SignallingTalk::Spawn spawn) {
    asio::steady_timer pause(self->executor_);
    auto retry = kFirstRetry;
    while (self->listens_) {
        if (self->socket_) {
            retry = kFirstRetry;
            auto interrupted = co_await self->lost_.wait();
            if (interrupted) {
                co_return;
            }
            continue;
        }
        auto connected = co_await self->connect(spawn);
        if (!connected) {
            log.debug("server.lost", {{"error", connected.error()}});
            pause.expires_after(retry);
            retry = std::min(2 * retry, kLastRetry);
            auto [interrupted] = co_await pause.async_wait(as_result);
            if (interrupted) {
                co_return;
            }
        }
    }
    if (self->socket_) {
        self->lose(std::shared_ptr(self->socket_));
    }
}

namespace {

class RendezvousListener final : public SignallingListener {
public:
    RendezvousListener(std::shared_ptr<RendezvousClient> client, Multiaddr address)
        : client_(std::move(client)), address_(std::move(address)) {}
    ~RendezvousListener() override { close(); }

    std::vector<Multiaddr> addresses() const override { return {address_}; }
    awaitable<result<std::unique_ptr<SignallingPipe>>> accept() override { return client_->accept(); }
    void close() noexcept override { client_->set_listening(false); }

private:
    std::shared_ptr<RendezvousClient> client_;  // shared with the tasks that serve it, and with pipes
    Multiaddr address_;
};

}  // namespace

bool RendezvousSignalling::can_dial(const Multiaddr& address) const noexcept {
    const auto found = protocols_of(address);
    return found.size() == 4 && (found[0] == Protocol::ip4 || found[0] == Protocol::ip6) && found[1] == Protocol::tcp &&
           found[2] == Protocol::ws && found[3] == Protocol::webrtc;
}

awaitable<result<std::unique_ptr<SignallingPipe>>> RendezvousSignalling::open(Multiaddr address, PeerId peer) {
    auto server = server_of(address);
    if (!server) {
        co_return server.error();
    }
    const auto client = client_of(*server);
    auto connected = co_await client->connect(spawn());
    if (!connected) {
        co_return connected.error();
    }
    log.debug("signalling.open", {{"peer", peer}, {"remote", address}, {"limited", false}});
    co_return client->open(std::move(peer));
}

awaitable<result<std::unique_ptr<SignallingListener>>> RendezvousSignalling::listen(Multiaddr address) {
    auto server = server_of(address);
    if (!server) {
        co_return server.error();
    }
    const auto client = client_of(*server);
    auto connected = co_await client->connect(spawn());
    if (!connected) {
        co_return connected.error();
    }
    client->set_listening(true);
    services_.spawn(RendezvousClient::stay(client, spawn()));
    std::unique_ptr<SignallingListener> listener = std::make_unique<RendezvousListener>(client, std::move(address));
    co_return std::move(listener);
}

std::shared_ptr<RendezvousClient> RendezvousSignalling::client_of(const asio::ip::tcp::endpoint& server) {
    auto& known = clients_[server];
    auto client = known.lock();
    if (!client) {
        client = std::make_shared<RendezvousClient>(services_.executor(), services_.identity(), server);
        known = client;
    }
    return client;
}

SignallingTalk::Spawn RendezvousSignalling::spawn() const {
    return [&services = services_](awaitable<void> task) { services.spawn(std::move(task)); };
}

}  // namespace webrtc

std::shared_ptr<Signalling> make_rendezvous_signalling(HostServices& services) {
    return std::make_shared<webrtc::RendezvousSignalling>(services);
}

}  // namespace libp2p
