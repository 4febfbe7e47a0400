// SPDX-License-Identifier: MIT OR Apache-2.0
// DTLS alone, both ends on one core, without sockets: handshakes, records as SCTP fills them, and what a session holds.
// Prints JSON.
#include "libp2p/crypto/dtls.hpp"
#include "tests/support/heap.hpp"

#include <chrono>
#include <cstdio>
#include <memory>
#include <vector>

namespace {

using namespace libp2p;
using crypto::DtlsContext;
using crypto::DtlsSession;
using Role = DtlsSession::Role;

constexpr std::size_t kMtu = 1200;
constexpr std::size_t kPacket = kMtu - DtlsSession::kRecordOverhead;

/// Hands what one session sends to the other.
struct End final : DtlsSession::Output {
    End(const std::shared_ptr<const DtlsContext>& context, Role role) : session(context, role, {}, *this, kMtu) {}

    void send_datagram(ByteView datagram) override {
        waiting.assign(datagram.begin(), datagram.end());  // a flight has one datagram, and keeps its memory
        is_waiting = true;
    }

    bool carry_to(End& other) {
        if (!is_waiting) {
            return false;
        }
        is_waiting = false;
        return other.session.receive(waiting, [&other](ByteView packet) { other.octets += packet.size(); }, {})
            .has_value();
    }

    DtlsSession session;
    Bytes waiting;
    bool is_waiting = false;
    std::size_t octets = 0;
};

struct Pair {
    Pair(const std::shared_ptr<const DtlsContext>& one, const std::shared_ptr<const DtlsContext>& two)
        : client(one, Role::client), server(two, Role::server) {}

    bool connect() {
        (void)server.session.start({});
        (void)client.session.start({});
        while (client.carry_to(server) || server.carry_to(client)) {
        }
        return client.session.is_established() && server.session.is_established();
    }

    End client;
    End server;
};

double seconds_since(std::chrono::steady_clock::time_point start) {
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace

int main() {
    const auto one = std::make_shared<const DtlsContext>(crypto::Certificate::generate());
    const auto two = std::make_shared<const DtlsContext>(crypto::Certificate::generate());

    constexpr int kHandshakes = 500;
    auto start = std::chrono::steady_clock::now();
    for (int i = 0; i < kHandshakes; ++i) {
        Pair pair(one, two);
        if (!pair.connect()) {
            std::fprintf(stderr, "a handshake failed\n");
            return 1;
        }
    }
    const auto handshakes = kHandshakes / seconds_since(start);

    constexpr int kContexts = 300;
    start = std::chrono::steady_clock::now();
    for (int i = 0; i < kContexts; ++i) {
        const DtlsContext fresh(crypto::Certificate::generate());
    }
    const auto contexts = kContexts / seconds_since(start);

    constexpr std::size_t kSessions = 200;
    std::vector<std::unique_ptr<Pair>> pairs;
    pairs.reserve(kSessions);
    const auto before = support::heap_bytes();
    for (std::size_t i = 0; i < kSessions; ++i) {
        pairs.push_back(std::make_unique<Pair>(one, two));
        pairs.back()->connect();
        pairs.back()->client.waiting = {};
        pairs.back()->server.waiting = {};
    }
    const auto session_octets = (support::heap_bytes() - before) / kSessions / 2;

    constexpr int kRecords = 500'000;
    auto& pair = *pairs.front();
    const Bytes packet(kPacket, 1);
    start = std::chrono::steady_clock::now();
    for (int i = 0; i < kRecords; ++i) {
        (void)pair.client.session.send(packet);
        pair.client.carry_to(pair.server);
    }
    const auto took = seconds_since(start);
    if (pair.server.octets != kRecords * kPacket) {
        std::fprintf(stderr, "a record is lost\n");
        return 1;
    }
    std::printf(
        "{\"dtls_handshakes_per_s\": %.0f, \"dtls_contexts_per_s\": %.0f, \"dtls_session_octets\": %zu, "
        "\"dtls_records_per_s\": %.0f, \"dtls_MBps\": %.1f}\n",
        handshakes,
        contexts,
        session_octets,
        kRecords / took,
        static_cast<double>(pair.server.octets) / took / 1e6
    );
    return 0;
}
