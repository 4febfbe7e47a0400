// SPDX-License-Identifier: MIT OR Apache-2.0

// A TLS session of the web that is fed with whatever comes. The first octet says which end it is, how far the handshake
// came before, and how the rest is cut: into pieces whose length stands before them, or of one size. The session must
// keep its promises: nothing to read that the remote did not seal, no end of the handshake without it, everything
// consumed or refused, little to send.

#include "libp2p/crypto/tls_session.hpp"
#include "tests/support/web_certificates.hpp"

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace {

using namespace libp2p;
using crypto::TlsContext;
using crypto::TlsSession;

/// More than a server's flight; what is answered to strangers stays below.
constexpr std::size_t kMaxOutput = 64 * 1024;

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

struct End {
    End(std::shared_ptr<const TlsContext> context, const char* name) : session(std::move(context), name) {}

    /// Hands over what `from` has said, and goes on with the handshake.
    void hear(End& from) {
        const auto octets = from.session.take_output();
        session.feed(octets);
        if (!is_done) {
            const auto done = session.handshake();
            require(done.has_value());
            is_done = *done;
        }
        if (is_done) {  // what follows the handshake, such as tickets
            Bytes into(64);
            const auto count = session.read(into);
            require(count && *count == 0);
        }
        session.feed({});
    }

    TlsSession session;
    bool is_done = false;
};

ByteView take(ByteView& input, bool is_long) {
    std::size_t size = 37;
    if (is_long && input.size() >= 2) {
        size = std::size_t{input[0]} << 8 | input[1];
        input = input.subspan(2);
    }
    size = std::min(std::max<std::size_t>(size, 1), input.size());
    const auto piece = input.first(size);
    input = input.subspan(size);
    return piece;
}

/// False once the session has refused something.
bool feed(End& target, const Bytes& piece) {
    target.session.feed(piece);
    if (!target.is_done) {
        const auto done = target.session.handshake();
        if (!done) {
            return false;
        }
        require(!*done);  // the other end has said nothing of it
    } else {
        Bytes into(4096);
        const auto count = target.session.read(into);
        if (!count) {
            return false;
        }
        require(*count == 0);  // nobody has sealed anything
    }
    require(target.session.unread() == 0);
    target.session.feed({});
    return true;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace libp2p::test;
    static const auto server = TlsContext::for_server(as_bytes(kCertificate), as_bytes(kKey)).value();
    static const auto client = TlsContext::for_client(as_bytes(kAuthority)).value();
    if (size == 0) {
        return 0;
    }
    const auto mode = data[0];
    ByteView input(data + 1, size - 1);
    End dialler(client, "node.test");
    End listener(server, "");
    auto& target = mode % 2 == 0 ? listener : dialler;
    require(!dialler.session.handshake().value());
    const int rounds = mode / 4 % 4;  // messages that were exchanged before; after 3 both ends are done
    for (int i = 0; i < rounds; ++i) {
        i % 2 == 0 ? listener.hear(dialler) : dialler.hear(listener);
    }
    if (rounds == 3) {
        require(dialler.is_done && listener.is_done);
    }
    (void)target.session.take_output();
    std::size_t said = 0;
    while (!input.empty()) {
        const auto part = take(input, mode / 2 % 2 == 0);
        const Bytes piece(part.begin(), part.end());  // its own block: reading past it shows
        const bool is_alive = feed(target, piece);
        said += target.session.take_output().size();
        require(said <= kMaxOutput);
        if (!is_alive) {
            break;  // only destruction is left
        }
    }
    return 0;
}
