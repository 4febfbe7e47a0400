// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>
#include <libp2p/error.hpp>

#include <cstddef>
#include <memory>

struct ssl_ctx_st;

namespace libp2p::crypto {

/// What the TLS sessions of one end have in common. TLS 1.2 and 1.3 of the web (RFC 8446): certificates of servers,
/// issued by authorities; clients show none. Not libp2p's own TLS. Immutable.
class TlsContext {
public:
    /// Longest text that is read as certificates or keys, in octets. A system's list of authorities has 220 000.
    static constexpr std::size_t kMaxPemSize = 4 * 1024 * 1024;

    /// For servers: `chain` is PEM, the server's own certificate first, then those that lead to an authority; `key` is
    /// the PEM of its private key, not encrypted. Fails with `Errc::invalid_key` when one of them cannot be read, or
    /// when they do not belong together.
    static result<std::shared_ptr<const TlsContext>> for_server(ByteView chain, ByteView key);

    /// For clients: `authorities` is PEM, the certificates that a server's chain may end in. Fails with
    /// `Errc::invalid_key` when there is none in it.
    static result<std::shared_ptr<const TlsContext>> for_client(ByteView authorities);

    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;
    ~TlsContext();

private:
    friend class TlsSession;

    explicit TlsContext(bool is_server);

    ssl_ctx_st* context_;
    bool is_server_;
};

}  // namespace libp2p::crypto
