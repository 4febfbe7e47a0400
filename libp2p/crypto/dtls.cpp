// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/crypto/dtls.hpp"

#include "libp2p/crypto/boringssl.hpp"
#include "libp2p/crypto/secure_memory.hpp"

#include <libp2p/log.hpp>

#include <boost/asio/error.hpp>

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/bytestring.h>
#include <openssl/ec_key.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/nid.h>
#include <openssl/pool.h>
#include <openssl/ssl.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <string>
#include <utility>

namespace libp2p::crypto {
namespace {

using Clock = DtlsSession::Clock;

// Record layer: RFC 6347, section 4.1. Handshake header: section 4.2.2.
constexpr std::size_t kRecordHeader = 13;
constexpr std::size_t kHandshakeHeader = 12;
constexpr std::uint8_t kChangeCipherSpec = 20;
constexpr std::uint8_t kAlert = 21;
constexpr std::uint8_t kHandshake = 22;
constexpr std::uint8_t kMajorVersion = 0xfe;  // the complement of 1
constexpr std::uint8_t kClientHello = 1;
constexpr std::uint8_t kHelloVerifyRequest = 3;

/// A ClientHello without anything optional: version, random, two empty vectors, one suite, one compression method.
constexpr std::size_t kMinClientHello = 2 + 32 + 1 + 1 + 2 + 2 + 2;

/// AES first: with hardware support it is the fastest, so a server insists on it (OpenSSL's clients put others in
/// front). The RSA ones are for listeners with an RSA certificate.
constexpr const char* kCiphers =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256:"
    "ECDHE-RSA-CHACHA20-POLY1305";
constexpr std::array<int, 2> kGroups{NID_X25519, NID_X9_62_prime256v1};

/// One profile: webrtc-rs breaks when it may choose.
constexpr const char* kSrtpProfile = "SRTP_AES128_CM_SHA1_80";

/// The time of the session that calls BoringSSL at the moment. BoringSSL asks for the time without saying for whom.
thread_local Clock::time_point current_time;

void tell_time(const SSL* /*ssl*/, timeval* out) {
    const auto since = std::chrono::duration_cast<std::chrono::microseconds>(current_time.time_since_epoch()).count();
    const auto micros = std::max<std::int64_t>(since, 0);
    out->tv_sec = static_cast<decltype(out->tv_sec)>(micros / 1'000'000);
    out->tv_usec = static_cast<decltype(out->tv_usec)>(micros % 1'000'000);
}

std::size_t number(ByteView octets) noexcept {
    std::size_t value = 0;
    for (auto octet : octets) {
        value = value << 8 | octet;
    }
    return value;
}

/// A record at the beginning of `datagram`, unopened.
struct Record {
    std::uint8_t type;
    bool plain;  ///< of the first epoch, so not encrypted
    ByteView body;

    std::size_t size() const noexcept { return kRecordHeader + body.size(); }
};

std::optional<Record> parse_record(ByteView datagram) noexcept {
    if (datagram.size() < kRecordHeader || datagram[1] != kMajorVersion) {
        return std::nullopt;
    }
    const auto length = number(datagram.subspan(11, 2));
    if (length > datagram.size() - kRecordHeader) {
        return std::nullopt;
    }
    return Record{datagram[0], number(datagram.subspan(3, 2)) == 0, datagram.subspan(kRecordHeader, length)};
}

/// A piece of a handshake message at the beginning of `body`.
struct Fragment {
    std::uint8_t type;
    std::size_t message_size;
    std::size_t message_number;
    std::size_t offset;
    ByteView body;

    std::size_t size() const noexcept { return kHandshakeHeader + body.size(); }
};

/// Empty, too, when the piece reaches over the end of its message, or the message is longer than we take.
std::optional<Fragment> parse_fragment(ByteView body) noexcept {
    if (body.size() < kHandshakeHeader) {
        return std::nullopt;
    }
    const auto message_size = number(body.subspan(1, 3));
    const auto offset = number(body.subspan(6, 3));
    const auto length = number(body.subspan(9, 3));
    if (length > body.size() - kHandshakeHeader || message_size > DtlsSession::kMaxHandshakeMessage ||
        offset > message_size || length > message_size - offset || (length == 0 && message_size != 0)) {
        return std::nullopt;
    }
    return Fragment{body[0], message_size, number(body.subspan(4, 2)), offset, body.subspan(kHandshakeHeader, length)};
}

bool is_plausible_handshake(ByteView body) noexcept {
    if (body.empty()) {
        return false;
    }
    while (!body.empty()) {
        const auto fragment = parse_fragment(body);
        if (!fragment) {
            return false;
        }
        body = body.subspan(fragment->size());
    }
    return true;
}

/// Whether BoringSSL may see `datagram` during the handshake. It takes some nonsense for a reason to give up, which
/// anybody could send, and reserves memory for whatever length a fragment claims.
bool is_plausible(ByteView datagram) noexcept {
    if (datagram.empty()) {
        return false;
    }
    while (!datagram.empty()) {
        const auto record = parse_record(datagram);
        if (!record) {
            return false;
        }
        if (record->plain) {
            const bool fits = (record->type == kHandshake && is_plausible_handshake(record->body)) ||
                              (record->type == kChangeCipherSpec && record->body.size() == 1 && record->body[0] == 1) ||
                              (record->type == kAlert && record->body.size() == 2);
            if (!fits) {
                return false;
            }
        }
        datagram = datagram.subspan(record->size());
    }
    return true;
}

bool is_hello_verify_request(ByteView datagram) noexcept {
    const auto record = parse_record(datagram);
    return record && record->plain && record->type == kHandshake && !record->body.empty() &&
           record->body[0] == kHelloVerifyRequest;
}

const Logger log("dtls");

/// The file that SSLKEYLOGFILE names; null when it names none, and in a program that runs with rights of another user.
const char* key_log_file() noexcept {
    const char* file = ::secure_getenv("SSLKEYLOGFILE");
    return file != nullptr && *file != '\0' ? file : nullptr;
}

/// Appends what opens a recorded session, for Wireshark: one line in one write, since other programs may write there.
void log_secret(const SSL* /*ssl*/, const char* text) {
    const char* file = key_log_file();
    if (file == nullptr) {
        return;
    }
    const int descriptor = ::open(file, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
    if (descriptor < 0) {
        log.warning("key_log.failed", {{"file", file}, {"error", error_code(errno, boost::system::system_category())}});
        return;
    }
    std::string line(text);
    line += '\n';
    const auto written = ::write(descriptor, line.data(), line.size());
    (void)written;  // the log is an aid: the session does not depend on it
    ::close(descriptor);
    secure_wipe({reinterpret_cast<std::uint8_t*>(line.data()), line.size()});
}

/// Says once that secrets leave the process.
void warn_of_key_log(const char* file) {
    static const bool warned = [file] {
        log.warning("key_log.open", {{"file", file}, {"why", "SSLKEYLOGFILE is set: DTLS can be decrypted with it"}});
        return true;
    }();
    (void)warned;
}

std::string reason_of(std::uint32_t packed) {
    const char* reason = ERR_reason_error_string(packed);
    return reason != nullptr ? reason : "no reason given";
}

}  // namespace

bool is_client_hello(ByteView datagram) noexcept {
    const auto record = parse_record(datagram);
    if (!record || !record->plain || record->type != kHandshake) {
        return false;
    }
    const auto fragment = parse_fragment(record->body);
    // The first message of a handshake: a second one answers a cookie, and we send none.
    return fragment && fragment->type == kClientHello && fragment->message_number == 0 &&
           fragment->message_size >= kMinClientHello;
}

bool is_handshake_underway(ByteView datagram) noexcept {
    const auto record = parse_record(datagram);
    if (!record || !record->plain || record->type != kHandshake) {
        return false;
    }
    const auto fragment = parse_fragment(record->body);
    return fragment && fragment->type != kClientHello;
}

/// The functions that BoringSSL calls, with access to the session they are for.
struct DtlsSession::Bridge {
    static DtlsSession& session(BIO* bio) noexcept { return *static_cast<DtlsSession*>(BIO_get_data(bio)); }

    /// One call is one datagram; a memory BIO would run them together.
    static int write(BIO* bio, const char* octets, int size) {
        BIO_clear_retry_flags(bio);
        auto& self = session(bio);
        const auto length = static_cast<std::size_t>(size);
        self.flight_ += length;
        if (!self.may_send(length)) {
            return size;
        }
        self.sent_ += length;
        self.output_.send_datagram({reinterpret_cast<const std::uint8_t*>(octets), length});
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
        inbound = {};  // what does not fit is cut off, as by a socket
        return static_cast<int>(size);
    }

    static long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
        return command == BIO_CTRL_FLUSH ? 1 : 0;
    }

    static const BIO_METHOD* method() {
        static const BIO_METHOD* const made = [] {
            auto* fresh = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "datagrams");
            must(fresh != nullptr);
            must(BIO_meth_set_write(fresh, write) == 1);
            must(BIO_meth_set_read(fresh, read) == 1);
            must(BIO_meth_set_ctrl(fresh, control) == 1);
            return fresh;
        }();
        return made;
    }

    static ssl_verify_result_t verify(SSL* ssl, std::uint8_t* alert) {
        auto& self = session(SSL_get_rbio(ssl));
        const auto* chain = SSL_get0_peer_certificates(ssl);
        if (chain == nullptr || sk_CRYPTO_BUFFER_num(chain) == 0) {
            *alert = SSL_AD_BAD_CERTIFICATE;
            return ssl_verify_invalid;
        }
        const auto* leaf = sk_CRYPTO_BUFFER_value(chain, 0);
        self.remote_fingerprint_ = sha256({CRYPTO_BUFFER_data(leaf), CRYPTO_BUFFER_len(leaf)});
        if (self.expected_remote_ && *self.expected_remote_ != self.remote_fingerprint_) {
            self.wrong_certificate_ = true;
            *alert = SSL_AD_BAD_CERTIFICATE;
            return ssl_verify_invalid;
        }
        return ssl_verify_ok;
    }
};

DtlsContext::DtlsContext(Certificate certificate)
    : certificate_(std::move(certificate)), context_(SSL_CTX_new(DTLS_with_buffers_method())) {
    must(context_ != nullptr);
    must(SSL_CTX_set_min_proto_version(context_, DTLS1_2_VERSION) == 1);
    must(SSL_CTX_set_max_proto_version(context_, DTLS1_2_VERSION) == 1);
    must(SSL_CTX_set_strict_cipher_list(context_, kCiphers) == 1);
    must(SSL_CTX_set1_curves(context_, kGroups.data(), kGroups.size()) == 1);
    must(SSL_CTX_set_srtp_profiles(context_, kSrtpProfile) == 1);
    SSL_CTX_set_options(context_, SSL_OP_NO_TICKET | SSL_OP_NO_QUERY_MTU | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_session_cache_mode(context_, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_custom_verify(
        context_, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, &DtlsSession::Bridge::verify
    );
    SSL_CTX_set_retain_only_sha256_of_client_certs(context_, 1);
    SSL_CTX_set_max_cert_list(context_, DtlsSession::kMaxHandshakeMessage);
    SSL_CTX_set_current_time_cb(context_, tell_time);
    if (const char* file = key_log_file()) {
        SSL_CTX_set_keylog_callback(context_, log_secret);
        warn_of_key_log(file);
    }

    const auto encoded = certificate_.key().encode();
    CBS in;
    CBS_init(&in, encoded.view().data(), encoded.size());
    const bssl::UniquePtr<EC_KEY> curve(EC_KEY_new_by_curve_name(NID_X9_62_prime256v1));
    must(curve != nullptr);
    const bssl::UniquePtr<EC_KEY> key(EC_KEY_parse_private_key(&in, EC_KEY_get0_group(curve.get())));
    const bssl::UniquePtr<EVP_PKEY> signer(EVP_PKEY_new());
    must(key != nullptr && signer != nullptr && EVP_PKEY_set1_EC_KEY(signer.get(), key.get()) == 1);
    const auto der = certificate_.der();
    const bssl::UniquePtr<CRYPTO_BUFFER> leaf(CRYPTO_BUFFER_new(der.data(), der.size(), nullptr));
    must(leaf != nullptr);
    CRYPTO_BUFFER* const chain[] = {leaf.get()};
    must(SSL_CTX_set_chain_and_key(context_, chain, 1, signer.get(), nullptr) == 1);
}

DtlsContext::~DtlsContext() {
    SSL_CTX_free(context_);
}

DtlsSession::DtlsSession(
    std::shared_ptr<const DtlsContext> context,
    Role role,
    std::optional<Sha256Digest> expected_remote,
    Output& output,
    std::size_t mtu
)
    : context_(std::move(context)),
      output_(output),
      ssl_(SSL_new(context_->context_)),
      expected_remote_(expected_remote),
      role_(role) {
    must(ssl_ != nullptr);
    auto* bio = BIO_new(Bridge::method());
    must(bio != nullptr);
    BIO_set_data(bio, this);
    BIO_set_init(bio, 1);
    SSL_set_bio(ssl_, bio, bio);
    mtu = std::clamp(mtu, kMinMtu, kMaxPacketSize);
    must(SSL_set_mtu(ssl_, static_cast<unsigned>(mtu)) == 1);
    DTLSv1_set_initial_timeout_duration(ssl_, static_cast<unsigned>(kFirstRetransmission.count()));
    SSL_set_shed_handshake_config(ssl_, 1);
    if (role == Role::client) {
        SSL_set_connect_state(ssl_);
    } else {
        SSL_set_accept_state(ssl_);
    }
}

DtlsSession::~DtlsSession() {
    SSL_free(ssl_);
}

result<void> DtlsSession::start(Clock::time_point now) {
    now_ = now;
    current_time = now;
    return advance_handshake();
}

result<void> DtlsSession::receive(ByteView datagram, PacketSink sink, Clock::time_point now) {
    if (state_ == State::ended) {
        return Error(Errc::connection_closed, "DTLS");
    }
    now_ = now;
    current_time = now;
    if (state_ == State::handshake) {
        if (!is_plausible(datagram)) {
            return ok();
        }
        if (role_ == Role::client && is_hello_verify_request(datagram)) {
            saw_cookie_request_ = true;
        }
        received_ += datagram.size();
    }
    inbound_ = datagram;
    if (state_ == State::handshake) {
        auto advanced = advance_handshake();
        if (!advanced) {
            inbound_ = {};
            return advanced;
        }
    }
    if (state_ == State::established && records_) {
        open_records(sink);
    }
    result<void> read;
    if (state_ == State::established && !inbound_.empty()) {
        read = read_packets(sink);
    }
    inbound_ = {};
    return read;
}

result<void> DtlsSession::send(ByteView packet) {
    if (state_ != State::established) {
        return Error(Errc::connection_closed, "DTLS");
    }
    if (packet.size() > kMaxPacketSize) {
        return Error(boost::asio::error::make_error_code(boost::asio::error::message_size));
    }
    if (packet.empty()) {
        return ok();
    }
    if (records_) {
        seal(DtlsRecords::kApplicationData, packet);
        return ok();
    }
    ERR_clear_error();
    const auto written = SSL_write(ssl_, packet.data(), static_cast<int>(packet.size()));
    return written > 0 ? ok() : failure(written);
}

void DtlsSession::seal(std::uint8_t type, ByteView packet) {
    std::array<std::uint8_t, kMaxPacketSize + DtlsRecords::kOverhead> record;  // not set to zero
    const auto size = records_->seal(type, packet, record);
    if (size > 0) {
        output_.send_datagram({record.data(), size});
    }
}

void DtlsSession::on_time(Clock::time_point now) {
    if (state_ == State::ended || now < next_time_) {
        return;
    }
    now_ = now;
    current_time = now;
    if (!may_send(flight_)) {
        next_time_ = Clock::time_point::max();  // until something comes
        return;
    }
    flight_ = 0;
    ERR_clear_error();
    if (DTLSv1_handle_timeout(ssl_) < 0) {  // repeated a dozen times, in vain
        ERR_clear_error();
        state_ = State::ended;
    }
    refresh();
}

void DtlsSession::allow_unproven(std::size_t octets, Clock::time_point now) noexcept {
    if (!allowance_ || state_ != State::handshake || has_progressed_) {
        return;
    }
    *allowance_ += octets;
    now_ = now;
    current_time = now;
    refresh();
}

/// False as long as it would be too much for an address that may be forged.
bool DtlsSession::may_send(std::size_t octets) const noexcept {
    return !allowance_ || has_progressed_ || sent_ + octets <= kUnprovenFactor * received_ + *allowance_;
}

ByteView refusal() noexcept {
    static constexpr std::array<std::uint8_t, 15> kRefusal{
        SSL3_RT_ALERT, 0xfe, 0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, SSL3_AL_FATAL, SSL_AD_INTERNAL_ERROR
    };
    return kRefusal;
}

ByteView handshake_lost() noexcept {
    // Its number is beyond those of the flight that came before: those do not count twice.
    static constexpr std::array<std::uint8_t, 15> kLost{
        SSL3_RT_ALERT, 0xfe, 0xfd, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, SSL3_AL_FATAL, SSL_AD_UNEXPECTED_MESSAGE
    };
    return kLost;
}

void DtlsSession::close() noexcept {
    if (state_ == State::established && records_) {
        // BoringSSL counts its records from 0: behind ours they would be taken for old ones.
        static constexpr std::array<std::uint8_t, 2> kCloseNotify{SSL3_AL_WARNING, SSL_AD_CLOSE_NOTIFY};
        seal(DtlsRecords::kAlert, kCloseNotify);
        seal(DtlsRecords::kAlert, kCloseNotify);  // nobody would repeat it if it were lost
    } else if (state_ == State::established) {
        ERR_clear_error();
        SSL_shutdown(ssl_);
        ERR_clear_error();
    } else if (state_ == State::handshake && received_ > 0) {
        ERR_clear_error();
        SSL_send_fatal_alert(ssl_, SSL_AD_INTERNAL_ERROR);
        ERR_clear_error();
    }
    state_ = State::ended;
    next_time_ = Clock::time_point::max();
}

result<void> DtlsSession::advance_handshake() {
    ERR_clear_error();
    const auto returned = SSL_do_handshake(ssl_);
    if (returned == 1) {
        state_ = State::established;
        take_over_records();
        refresh();
        return ok();
    }
    return failure(returned);
}

void DtlsSession::take_over_records() {
    const auto* cipher = SSL_get_current_cipher(ssl_);
    const bool is_fast = cipher != nullptr && SSL_CIPHER_get_cipher_nid(cipher) == NID_aes_128_gcm;
    if (!is_fast || SSL_get_key_block_len(ssl_) != DtlsRecords::kKeyBlockSize) {
        return;
    }
    std::array<std::uint8_t, DtlsRecords::kKeyBlockSize> keys{};
    must(SSL_generate_key_block(ssl_, keys.data(), keys.size()) == 1);
    records_ = std::make_unique<DtlsRecords>(keys, role_ == Role::client);
    secure_wipe(keys);
}

/// What BoringSSL has no part in. Leaves the rest of the datagram in `inbound_`.
void DtlsSession::open_records(PacketSink sink) {
    std::array<std::uint8_t, kMaxPacketSize + DtlsRecords::kOverhead> packet;  // not set to zero
    while (state_ == State::established && DtlsRecords::is_ours(inbound_)) {
        if (inbound_.size() > packet.size()) {
            inbound_ = {};
            return;
        }
        const auto size = records_->open(inbound_, packet);
        if (size && *size > 0) {
            sink({packet.data(), *size});
        }
    }
}

result<void> DtlsSession::read_packets(PacketSink sink) {
    std::array<std::uint8_t, kMaxPacketSize> packet;  // not set to zero
    for (;;) {
        ERR_clear_error();
        const auto size = SSL_read(ssl_, packet.data(), static_cast<int>(packet.size()));
        if (size <= 0) {
            return failure(size);
        }
        sink(ByteView(packet).first(static_cast<std::size_t>(size)));
        if (state_ != State::established) {
            return ok();  // the sink closed the connection
        }
    }
}

/// What a call of BoringSSL that did not succeed means.
result<void> DtlsSession::failure(int returned) {
    const auto kind = SSL_get_error(ssl_, returned);
    if (kind == SSL_ERROR_WANT_READ || kind == SSL_ERROR_WANT_WRITE) {
        refresh();
        return ok();
    }
    const auto packed = ERR_peek_error();
    const auto reason = ERR_GET_REASON(packed);
    const bool is_ours = ERR_GET_LIB(packed) == ERR_LIB_SSL;
    state_ = State::ended;
    next_time_ = Clock::time_point::max();
    if (kind == SSL_ERROR_ZERO_RETURN) {
        return Error(boost::asio::error::make_error_code(boost::asio::error::eof));
    }
    if (wrong_certificate_) {
        ERR_clear_error();
        return Error(Errc::authentication_failed, "certhash of the remote's certificate is not the one expected");
    }
    if (is_ours && reason == SSL_R_TLSV1_ALERT_INTERNAL_ERROR) {
        ERR_clear_error();
        return Error(Errc::refused_by_remote, "DTLS: the remote gave the handshake up");
    }
    if (is_ours && reason == SSL_R_SSLV3_ALERT_UNEXPECTED_MESSAGE && role_ == Role::client) {
        ERR_clear_error();
        return Error(
            boost::asio::error::make_error_code(boost::asio::error::connection_aborted),
            "DTLS: the remote does not know the handshake any more"
        );
    }
    Error error(
        is_ours && reason == SSL_R_BAD_SIGNATURE ? Errc::authentication_failed : Errc::protocol_violation,
        "DTLS: " + reason_of(packed)
    );
    ERR_clear_error();
    return error;
}

/// Takes over what a call of BoringSSL may have changed.
void DtlsSession::refresh() noexcept {
    if (state_ == State::ended) {
        next_time_ = Clock::time_point::max();
        return;
    }
    // The epoch stands in the upper 16 bits. It moves with the remote's ChangeCipherSpec, which counts only after the
    // remote's signature.
    has_progressed_ = has_progressed_ || state_ == State::established || SSL_get_read_sequence(ssl_) >> 48 != 0;
    timeval left{};
    if (DTLSv1_get_timeout(ssl_, &left) == 1) {
        next_time_ = now_ + std::chrono::seconds(left.tv_sec) + std::chrono::microseconds(left.tv_usec);
    } else {
        next_time_ = Clock::time_point::max();
    }
}

}  // namespace libp2p::crypto
