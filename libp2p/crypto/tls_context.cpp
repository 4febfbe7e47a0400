// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/tls_context.hpp"

#include "libp2p/crypto/boringssl.hpp"
#include "libp2p/crypto/tls_session.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

namespace libp2p::crypto {
namespace {

/// The protocol inside, as ALPN (RFC 7301) calls it: WebSocket is spoken over HTTP/1.1 alone.
constexpr std::array<std::uint8_t, 9> kHttp11{8, 'h', 't', 't', 'p', '/', '1', '.', '1'};

bssl::UniquePtr<BIO> reader_of(ByteView pem) {
    const void* octets = pem.empty() ? "" : static_cast<const void*>(pem.data());  // it must not be null
    bssl::UniquePtr<BIO> reader(BIO_new_mem_buf(octets, static_cast<int>(pem.size())));
    must(reader != nullptr);
    return reader;
}

bssl::UniquePtr<X509> next_certificate(BIO* reader) {
    return bssl::UniquePtr<X509>(PEM_read_bio_X509(reader, nullptr, nullptr, nullptr));
}

/// Whether reading certificates ended because there are no more of them.
bool is_at_end() {
    const auto packed = ERR_peek_last_error();
    const bool at_end = ERR_GET_LIB(packed) == ERR_LIB_PEM && ERR_GET_REASON(packed) == PEM_R_NO_START_LINE;
    ERR_clear_error();
    return at_end;
}

/// A key with a password cannot be read: nobody is there to be asked.
int no_password(char* /*into*/, int /*size*/, int /*writing*/, void* /*user*/) {
    return -1;
}

int choose_protocol(
    SSL* /*ssl*/,
    const std::uint8_t** chosen,
    std::uint8_t* chosen_size,
    const std::uint8_t* offered,
    unsigned offered_size,
    void* /*user*/
) {
    auto* found = const_cast<std::uint8_t*>(*chosen);
    const auto outcome =
        SSL_select_next_proto(&found, chosen_size, kHttp11.data(), kHttp11.size(), offered, offered_size);
    *chosen = found;
    return outcome == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

TlsContext::TlsContext(bool is_server) : context_(SSL_CTX_new(TLS_method())), is_server_(is_server) {
    must(context_ != nullptr);
    must(SSL_CTX_set_min_proto_version(context_, TLS1_2_VERSION) == 1);
    SSL_CTX_set_options(context_, SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_max_cert_list(context_, TlsSession::kMaxHandshakeMessage);
    SSL_CTX_set_mode(context_, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_RELEASE_BUFFERS);
    if (is_server) {
        SSL_CTX_set_alpn_select_cb(context_, choose_protocol, nullptr);
    } else {
        must(SSL_CTX_set_alpn_protos(context_, kHttp11.data(), kHttp11.size()) == 0);
        SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
    }
}

TlsContext::~TlsContext() {
    SSL_CTX_free(context_);
}

result<std::shared_ptr<const TlsContext>> TlsContext::for_server(ByteView chain, ByteView key) {
    if (chain.size() > kMaxPemSize || key.size() > kMaxPemSize) {
        return Error(
            Errc::invalid_key, "TLS: a certificate or key of more than " + std::to_string(kMaxPemSize) + " octets"
        );
    }
    ERR_clear_error();
    const std::shared_ptr<TlsContext> made(new TlsContext(true));
    auto* context = made->context_;
    const auto certificates = reader_of(chain);
    const auto leaf = next_certificate(certificates.get());
    if (!leaf || SSL_CTX_use_certificate(context, leaf.get()) != 1) {
        ERR_clear_error();
        return Error(Errc::invalid_key, "TLS: no certificate in PEM that can be read");
    }
    while (auto issuer = next_certificate(certificates.get())) {
        must(SSL_CTX_add0_chain_cert(context, issuer.release()) == 1);
    }
    if (!is_at_end()) {
        return Error(Errc::invalid_key, "TLS: a certificate of the chain cannot be read");
    }
    const bssl::UniquePtr<EVP_PKEY> secret(PEM_read_bio_PrivateKey(reader_of(key).get(), nullptr, no_password, nullptr)
    );
    ERR_clear_error();
    if (!secret) {
        return Error(Errc::invalid_key, "TLS: no private key in PEM, without a password, that can be read");
    }
    const bool belongs = SSL_CTX_use_PrivateKey(context, secret.get()) == 1 && SSL_CTX_check_private_key(context) == 1;
    ERR_clear_error();
    if (!belongs) {
        return Error(Errc::invalid_key, "TLS: the private key is not the certificate's");
    }
    return std::shared_ptr<const TlsContext>(made);
}

result<std::shared_ptr<const TlsContext>> TlsContext::for_client(ByteView authorities) {
    if (authorities.size() > kMaxPemSize) {
        return Error(Errc::invalid_key, "TLS: authorities of more than " + std::to_string(kMaxPemSize) + " octets");
    }
    ERR_clear_error();
    const std::shared_ptr<TlsContext> made(new TlsContext(false));
    auto* store = SSL_CTX_get_cert_store(made->context_);
    const auto reader = reader_of(authorities);
    std::size_t count = 0;
    while (const auto authority = next_certificate(reader.get())) {
        must(X509_STORE_add_cert(store, authority.get()) == 1);
        ++count;
    }
    if (!is_at_end() || count == 0) {
        return Error(Errc::invalid_key, "TLS: no list of authorities in PEM that can be read");
    }
    return std::shared_ptr<const TlsContext>(made);
}

}  // namespace libp2p::crypto
