// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/tls_context.hpp"

#include <libp2p/bytes.hpp>
#include <libp2p/error.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <utility>

struct ssl_st;

namespace libp2p::crypto {

/// One TLS connection, sans-io: octets of the network go in by `feed` and come out by `take_output`; nothing waits.
///
/// First `handshake` until it says that it is done, then `read` and `write` in any order. After each call there may be
/// output. After an error only `take_output`, which then has the alert that tells the remote, and destruction are left.
class TlsSession {
public:
    /// Largest handshake message that is taken, in octets: a server's chain of certificates.
    static constexpr std::size_t kMaxHandshakeMessage = 32 * 1024;

    /// What one record carries, and what it has more than that, at most.
    static constexpr std::size_t kMaxRecord = 16 * 1024;
    static constexpr std::size_t kRecordOverhead = 256;

    /// `remote_name`: for clients, the DNS name or IP address that the server's certificate must be for; a name is
    /// sent along too (SNI). Servers leave it empty.
    TlsSession(std::shared_ptr<const TlsContext> context, const std::string& remote_name);
    TlsSession(const TlsSession&) = delete;
    TlsSession& operator=(const TlsSession&) = delete;
    ~TlsSession();

    /// Octets that have come; borrowed until all are consumed.
    void feed(ByteView octets) noexcept { inbound_ = octets; }

    /// Octets of the last `feed` that were not consumed.
    std::size_t unread() const noexcept { return inbound_.size(); }

    /// True once the handshake is done; false when it needs the remote's next octets. Fails with
    /// `Errc::authentication_failed` when the server's certificate has expired, is not yet valid, is not for
    /// `remote_name`, or leads to no authority that is known, and says which; with `Errc::refused_by_remote` when the
    /// remote sent an alert; with `Errc::protocol_violation` for what is no TLS, or none that both sides speak.
    result<bool> handshake();

    /// Decrypts what was fed into `into`. 0 when the next octets are needed. Fails with `asio::error::eof` when the
    /// remote has said that nothing follows, and like `handshake`.
    result<std::size_t> read(MutableByteView into);

    /// Encrypts all of `octets` into the output, which grows by about as much: the caller cuts large writes.
    result<void> write(ByteView octets);

    /// Tells the remote that nothing follows.
    void close_write() noexcept;

    bool has_output() const noexcept { return !outbound_.empty(); }

    /// What is to be sent, in order.
    Bytes take_output() noexcept { return std::exchange(outbound_, {}); }

private:
    struct Bridge;  // what BoringSSL calls

    Error failure(int returned);

    std::shared_ptr<const TlsContext> context_;
    ssl_st* ssl_;
    ByteView inbound_;
    Bytes outbound_;
    std::string remote_name_;
};

}  // namespace libp2p::crypto
