// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/tls_context.hpp"

#include <libp2p/error.hpp>

#include <sys/stat.h>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace libp2p::websocket {

/// Certificates that lie in files, and are read again when these have changed: looked at when a connection needs them,
/// at most once a second. Files that cannot be read, or do not belong together (one of two was replaced so far), leave
/// what was read before in use, with a warning in the log, until they change again.
class TlsFiles {
public:
    using Clock = std::chrono::steady_clock;
    using ContextPtr = std::shared_ptr<const crypto::TlsContext>;

    /// How often the files are looked at, at most.
    static constexpr std::chrono::seconds kBetweenLooks{1};

    /// Of a server: its certificate with the chain, and its private key, in PEM.
    static TlsFiles for_server(std::string certificate, std::string key);

    /// Of a client: the authorities that it trusts, in PEM. Without a name, those of the system:
    /// what SSL_CERT_FILE names, else /etc/ssl/certs/ca-certificates.crt or /etc/pki/tls/certs/ca-bundle.crt.
    static TlsFiles for_client(std::string authorities);

    /// The certificates as they are now. Fails, as long as there were none that could be used, with what the system
    /// says of a file, or with `Errc::invalid_key`; the message names the file.
    result<ContextPtr> context(Clock::time_point now);

private:
    /// By which a change is noticed.
    struct Stamp {
        dev_t device;
        ino_t inode;
        off_t size;
        std::chrono::nanoseconds modified;

        friend bool operator==(const Stamp&, const Stamp&) = default;
    };

    explicit TlsFiles(std::vector<std::string> paths) : paths_(std::move(paths)) {}

    std::vector<Stamp> look() const;
    result<ContextPtr> read() const;

    std::vector<std::string> paths_;  ///< certificate and key; or the authorities alone
    std::vector<Stamp> seen_;
    Clock::time_point next_look_ = Clock::time_point::min();
    result<ContextPtr> newest_ = Error(Errc::invalid_key, "TLS: no certificate was read yet");
};

}  // namespace libp2p::websocket
