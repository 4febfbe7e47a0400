// SPDX-License-Identifier: MIT OR Apache-2.0

// A DTLS session that is fed with whatever comes. The first octet says which end it is, whether the handshake was done
// before, and how the rest is cut: into datagrams whose length stands before them, or into pieces of one size. The
// session must keep its promises: no packet that the remote did not seal, datagrams within the MTU, silence after the
// end, little memory.

#include "libp2p/crypto/dtls.hpp"

#include <cstdlib>
#include <deque>
#include <optional>

namespace {

using namespace libp2p;
using crypto::DtlsContext;
using crypto::DtlsSession;
using Role = DtlsSession::Role;

constexpr std::size_t kMtu = 400;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

struct End final : DtlsSession::Output {
    End(const std::shared_ptr<const DtlsContext>& context, Role role) : session(context, role, {}, *this, kMtu) {}

    void send_datagram(ByteView datagram) override {
        require(datagram.size() <= kMtu);
        sent.emplace_back(datagram.begin(), datagram.end());
    }

    bool receive(ByteView datagram, DtlsSession::Clock::time_point now) {
        auto received = session.receive(datagram, [this](ByteView) { ++packets; }, now);
        return received.has_value();
    }

    DtlsSession session;
    std::deque<Bytes> sent;
    int packets = 0;
};

void carry(End& from, End& to, DtlsSession::Clock::time_point now) {
    while (!from.sent.empty()) {
        const auto datagram = std::move(from.sent.front());
        from.sent.pop_front();
        require(to.receive(datagram, now));
    }
}

ByteView take(ByteView& input, std::uint8_t mode) {
    std::size_t size = 37;
    if (mode % 2 == 0) {
        size = input[0];
        input = input.subspan(1);
        if (size == 255 && input.size() >= 2) {
            size = std::size_t{input[0]} << 8 | input[1];
            input = input.subspan(2);
        }
    }
    size = std::min(size, input.size());
    const auto datagram = input.first(size);
    input = input.subspan(size);
    return datagram;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto context = std::make_shared<const DtlsContext>(crypto::Certificate::from_secret(Bytes(32, 1)));
    if (size == 0) {
        return 0;
    }
    const auto mode = data[0];
    ByteView input(data + 1, size - 1);
    const auto role = mode / 2 % 2 == 0 ? Role::server : Role::client;
    DtlsSession::Clock::time_point now{};
    End target(context, role);
    End other(context, role == Role::server ? Role::client : Role::server);
    require(target.session.start(now).has_value());
    require(other.session.start(now).has_value());
    const bool up = mode / 4 % 4 == 1;
    const int rounds = up ? 10 : mode / 4 % 4;  // how far the handshake came before
    for (int i = 0; i < rounds; ++i) {
        carry(other, target, now);
        carry(target, other, now);
    }
    require(target.session.is_established() == up || rounds > 1);
    target.sent.clear();
    bool alive = true;
    std::size_t fed = 0;
    while (!input.empty() && fed < 2000) {
        const Bytes datagram = [&] {
            const auto piece = take(input, mode);
            return Bytes(piece.begin(), piece.end());  // its own block: reading past it shows
        }();
        ++fed;
        const bool received = target.receive(datagram, now);
        require(alive || !received);
        alive = received;
        require(target.packets == 0);  // nobody sealed any
        if (!alive) {
            require(!target.session.is_established());
            require(!target.session.send(Bytes(1)).has_value());
            require(target.session.next_time() == DtlsSession::Clock::time_point::max());
        }
        if (fed % 5 == 0 && target.session.next_time() != DtlsSession::Clock::time_point::max()) {
            now = std::max(now, target.session.next_time());
            target.session.on_time(now);
        }
        require(target.sent.size() < 4000);
    }
    if (up) {  // what was forged has done no harm
        require(alive);
        target.sent.clear();
        require(other.session.send(Bytes(3)).has_value());
        carry(other, target, now);
        require(target.packets == 1);
    }
    target.session.close();
    return 0;
}
