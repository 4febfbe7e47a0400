// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/tls_session.hpp"

#include "libp2p/crypto/boringssl.hpp"

#include <boost/asio/error.hpp>
#include <boost/asio/ip/address.hpp>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <cstring>
#include <string_view>

namespace libp2p::crypto {
namespace {

constexpr int kFirstAlert = SSL_AD_REASON_OFFSET;  // reasons from here on are the remote's alerts

bool is_ip(const std::string& name) {
    error_code ec;
    boost::asio::ip::make_address(name, ec);
    return !ec;
}

/// Why a chain was not accepted, in words that tell what to do.
std::string why_refused(long verdict, const std::string& name) {
    switch (verdict) {
        case X509_V_ERR_CERT_HAS_EXPIRED: return "the certificate of " + name + " has expired";
        case X509_V_ERR_CERT_NOT_YET_VALID: return "the certificate of " + name + " is not valid yet";
        case X509_V_ERR_HOSTNAME_MISMATCH:
        case X509_V_ERR_IP_ADDRESS_MISMATCH: return "the certificate is not for " + name;
        case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
        case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
        case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
            return "the certificate of " + name + " was issued by nobody that is trusted here";
        default: return "the certificate of " + name + ": " + X509_verify_cert_error_string(verdict);
    }
}

}  // namespace

/// The functions that BoringSSL calls, with access to the session they are for.
struct TlsSession::Bridge {
    static TlsSession& session(BIO* bio) noexcept { return *static_cast<TlsSession*>(BIO_get_data(bio)); }

    static int write(BIO* bio, const char* octets, int size) {
        BIO_clear_retry_flags(bio);
        const auto* begin = reinterpret_cast<const std::uint8_t*>(octets);
        auto& outbound = session(bio).outbound_;
        outbound.insert(outbound.end(), begin, begin + size);
        return size;
    }

    static int read(BIO* bio, char* into, int capacity) {
        BIO_clear_retry_flags(bio);
        auto& inbound = session(bio).inbound_;
        if (inbound.empty()) {
            BIO_set_retry_read(bio);
            return -1;
        }
        const auto size = std::min(inbound.size(), static_cast<std::size_t>(std::max(capacity, 0)));
        std::memcpy(into, inbound.data(), size);
        inbound = inbound.subspan(size);
        return static_cast<int>(size);
    }

    static long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
        return command == BIO_CTRL_FLUSH ? 1 : 0;
    }

    static const BIO_METHOD* method() {
        static const BIO_METHOD* const made = [] {
            auto* fresh = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "octets");
            must(fresh != nullptr);
            must(BIO_meth_set_write(fresh, write) == 1);
            must(BIO_meth_set_read(fresh, read) == 1);
            must(BIO_meth_set_ctrl(fresh, control) == 1);
            return fresh;
        }();
        return made;
    }
};

TlsSession::TlsSession(std::shared_ptr<const TlsContext> context, const std::string& remote_name)
    : context_(std::move(context)), ssl_(SSL_new(context_->context_)), remote_name_(remote_name) {
    must(ssl_ != nullptr);
    auto* bio = BIO_new(Bridge::method());
    must(bio != nullptr);
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_, bio, bio);
    if (context_->is_server_) {
        SSL_set_accept_state(ssl_);
        return;
    }
    SSL_set_connect_state(ssl_);
    auto* rules = SSL_get0_param(ssl_);
    if (is_ip(remote_name)) {
        must(X509_VERIFY_PARAM_set1_ip_asc(rules, remote_name.c_str()) == 1);
    } else {
        // A name that cannot be one is found in no certificate.
        X509_VERIFY_PARAM_set1_host(rules, remote_name.data(), remote_name.size());
        SSL_set_tlsext_host_name(ssl_, remote_name.c_str());
        ERR_clear_error();
    }
}

TlsSession::~TlsSession() {
    SSL_free(ssl_);
}

result<bool> TlsSession::handshake() {
    ERR_clear_error();
    const auto returned = SSL_do_handshake(ssl_);
    if (returned == 1) {
        return true;
    }
    if (SSL_get_error(ssl_, returned) == SSL_ERROR_WANT_READ) {
        return false;
    }
    return failure(returned);
}

result<std::size_t> TlsSession::read(MutableByteView into) {
    ERR_clear_error();
    const auto size = SSL_read(ssl_, into.data(), static_cast<int>(std::min(into.size(), std::size_t{1} << 30U)));
    if (size > 0) {
        return static_cast<std::size_t>(size);
    }
    if (SSL_get_error(ssl_, size) == SSL_ERROR_WANT_READ) {
        return std::size_t{0};
    }
    return failure(size);
}

result<void> TlsSession::write(ByteView octets) {
    while (!octets.empty()) {
        ERR_clear_error();
        const auto chunk = std::min(octets.size(), kMaxRecord);
        const auto written = SSL_write(ssl_, octets.data(), static_cast<int>(chunk));
        if (written <= 0) {
            return failure(written);
        }
        octets = octets.subspan(static_cast<std::size_t>(written));
    }
    return ok();
}

void TlsSession::close_write() noexcept {
    ERR_clear_error();
    SSL_shutdown(ssl_);
    ERR_clear_error();
}

/// What a call of BoringSSL that did not succeed means.
Error TlsSession::failure(int returned) {
    const auto kind = SSL_get_error(ssl_, returned);
    const auto packed = ERR_peek_error();
    const auto reason = ERR_GET_REASON(packed);
    const char* words = ERR_reason_error_string(packed);
    const std::string text = "TLS: " + std::string(words != nullptr ? words : "no reason given");
    ERR_clear_error();
    if (kind == SSL_ERROR_ZERO_RETURN) {
        return boost::asio::error::make_error_code(boost::asio::error::eof);
    }
    const bool is_ours = ERR_GET_LIB(packed) == ERR_LIB_SSL;
    if (is_ours && reason == SSL_R_CERTIFICATE_VERIFY_FAILED) {
        return Error(Errc::authentication_failed, "TLS: " + why_refused(SSL_get_verify_result(ssl_), remote_name_));
    }
    if (is_ours && reason == SSL_R_BAD_SIGNATURE) {
        return Error(Errc::authentication_failed, text);
    }
    if (is_ours && reason >= kFirstAlert) {
        return Error(Errc::refused_by_remote, text);
    }
    if (is_ours && (reason == SSL_R_HTTP_REQUEST || reason == SSL_R_HTTPS_PROXY_REQUEST)) {
        return Error(Errc::protocol_violation, "TLS: the remote speaks HTTP without TLS");
    }
    return Error(Errc::protocol_violation, text);
}

}  // namespace libp2p::crypto
