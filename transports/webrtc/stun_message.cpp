// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/stun_message.hpp"

#include "transports/webrtc/ice_credentials.hpp"

#include <boost/asio/ip/address.hpp>
#include <boost/assert.hpp>
#include <boost/endian/conversion.hpp>

#include <stun/stunagent.h>

#include <algorithm>
#include <cstring>

namespace libp2p::webrtc {
namespace {

namespace ip = boost::asio::ip;

constexpr std::size_t kHeaderSize = 20;
constexpr std::size_t kAttributeHeaderSize = 4;
constexpr std::size_t kTransactionOffset = 8;
constexpr std::size_t kIntegritySize = 20;
constexpr std::size_t kFingerprintSize = 4;
constexpr std::uint32_t kMagicCookie = 0x2112'a442;

constexpr std::uint16_t kBindingRequest = 0x0001;
constexpr std::uint16_t kBindingSuccess = 0x0101;
constexpr std::uint16_t kBindingError = 0x0111;

/// What a checked message may require us to understand. MAPPED-ADDRESS is what old peers add to their answers.
constexpr std::uint16_t kKnownAttributes[] = {
    STUN_ATTRIBUTE_MAPPED_ADDRESS,
    STUN_ATTRIBUTE_USERNAME,
    STUN_ATTRIBUTE_MESSAGE_INTEGRITY,
    STUN_ATTRIBUTE_ERROR_CODE,
    STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS,
    STUN_ATTRIBUTE_PRIORITY,
    STUN_ATTRIBUTE_USE_CANDIDATE,
    0,
};

/// libnice's agent holds a table of 200 transactions, which we neither need nor want to run full. So each message has
/// its own, on the stack: making one costs a tenth of what the hash costs.
struct Agent {
    explicit Agent(bool with_fingerprint) noexcept {
        auto flags = STUN_AGENT_USAGE_SHORT_TERM_CREDENTIALS;
        if (with_fingerprint) {
            flags = static_cast<StunAgentUsageFlags>(flags | STUN_AGENT_USAGE_USE_FINGERPRINT);
        }
        stun_agent_init(&agent, kKnownAttributes, STUN_COMPATIBILITY_RFC5389, flags);
    }

    StunAgent agent;
};

/// libnice takes what it only reads as not const.
std::uint8_t* unconst(const void* octets) noexcept {
    return const_cast<std::uint8_t*>(static_cast<const std::uint8_t*>(octets));
}

std::uint16_t load16(const std::uint8_t* from) noexcept {
    return boost::endian::load_big_u16(from);
}

/// A message whose attributes are all in place, so that libnice never sees another: it does not check that the value of
/// a MESSAGE-INTEGRITY is there before it compares it.
struct Outline {
    std::uint16_t type = 0;
    std::string_view username;
    bool has_username = false;
    bool has_integrity = false;
    bool has_fingerprint = false;
};

std::optional<Outline> outline(ByteView message) noexcept {
    if (message.size() < kHeaderSize || message.size() % 4 != 0 ||
        boost::endian::load_big_u32(&message[4]) != kMagicCookie ||
        load16(&message[2]) != message.size() - kHeaderSize) {
        return std::nullopt;
    }
    Outline found;
    found.type = load16(message.data());
    auto rest = message.subspan(kHeaderSize);
    while (!rest.empty()) {
        if (found.has_fingerprint) {
            return std::nullopt;  // it is the last one
        }
        // The rest is a multiple of four octets long, so there is a header.
        const auto type = load16(rest.data());
        const std::size_t size = load16(&rest[2]);
        const auto padded = (size + 3) / 4 * 4;
        rest = rest.subspan(kAttributeHeaderSize);
        if (padded > rest.size()) {
            return std::nullopt;
        }
        const auto value = rest.first(size);
        rest = rest.subspan(padded);
        if (type == STUN_ATTRIBUTE_FINGERPRINT) {
            if (size != kFingerprintSize) {
                return std::nullopt;
            }
            found.has_fingerprint = true;
        } else if (found.has_integrity) {
            continue;  // nothing behind the hash counts, but the FINGERPRINT
        } else if (type == STUN_ATTRIBUTE_MESSAGE_INTEGRITY) {
            if (size != kIntegritySize) {
                return std::nullopt;
            }
            found.has_integrity = true;
        } else if (type == STUN_ATTRIBUTE_USERNAME) {
            if (found.has_username) {
                return std::nullopt;
            }
            found.has_username = true;
            found.username = as_text(value);
        }
    }
    return found;
}

std::optional<Outline> outline_request(ByteView datagram) noexcept {
    auto found = outline(datagram);
    if (!found || found->type != kBindingRequest || !found->has_username || !found->has_integrity) {
        return std::nullopt;
    }
    return found;
}

/// For `stun_agent_validate`: what it is called with is decided already.
bool give_password(
    StunAgent*, StunMessage*, std::uint8_t*, std::uint16_t, std::uint8_t** password, std::size_t* size, void* data
) noexcept {
    const auto& given = *static_cast<const std::string_view*>(data);
    *password = unconst(given.data());
    *size = given.size();
    return true;
}

/// Checks MESSAGE-INTEGRITY and, if it is there, FINGERPRINT. `message` is then ready to be searched.
bool verify(StunAgent& agent, StunMessage& message, ByteView datagram, const std::string_view& password) noexcept {
    // With an empty password libnice checks nothing.
    return !password.empty() &&
           stun_agent_validate(&agent, &message, datagram.data(), datagram.size(), give_password, unconst(&password)) ==
               STUN_VALIDATION_SUCCESS;
}

/// RFC 8489, 5: the id of libnice begins with the cookie.
void fill_id(StunTransactionId& id, const TransactionId& transaction) noexcept {
    boost::endian::store_big_u32(id, kMagicCookie);
    std::memcpy(id + 4, transaction.data(), transaction.size());
}

TransactionId transaction_of(ByteView datagram) noexcept {
    TransactionId transaction;
    std::memcpy(transaction.data(), &datagram[kTransactionOffset], transaction.size());
    return transaction;
}

/// A message under way, with the agent that it belongs to. Once something did not fit, `finish` returns 0.
class Writer {
public:
    Writer(MutableByteView out, StunClass kind, const TransactionId& transaction) noexcept {
        // The length of a message has 16 bits.
        message_.agent = &agent_.agent;
        message_.buffer = out.data();
        message_.buffer_len = std::min<std::size_t>(out.size(), 0xfffc);
        StunTransactionId id;
        fill_id(id, transaction);
        is_fine_ = out.size() >= kHeaderSize && stun_message_init(&message_, kind, STUN_BINDING, id);
    }

    void text(StunAttribute type, std::string_view value) noexcept {
        is_fine_ = is_fine_ && has_room(value.size());
        if (!is_fine_) {
            return;
        }
        auto* to = static_cast<std::uint8_t*>(stun_message_append(&message_, type, value.size()));
        is_fine_ = to != nullptr;
        if (is_fine_) {
            std::memcpy(to, value.data(), value.size());
            // libnice pads with blanks, which is legal, and nobody else does.
            std::memset(to + value.size(), 0, (4 - value.size() % 4) % 4);
        }
    }

    void number(StunAttribute type, std::uint32_t value) noexcept {
        note(is_fine_ ? stun_message_append32(&message_, type, value) : STUN_MESSAGE_RETURN_SUCCESS);
    }

    void number64(StunAttribute type, std::uint64_t value) noexcept {
        note(is_fine_ ? stun_message_append64(&message_, type, value) : STUN_MESSAGE_RETURN_SUCCESS);
    }

    void flag(StunAttribute type) noexcept {
        note(is_fine_ ? stun_message_append_flag(&message_, type) : STUN_MESSAGE_RETURN_SUCCESS);
    }

    void error(StunError code) noexcept {
        is_fine_ = is_fine_ && has_room(4 + std::strlen(stun_strerror(code)));
        note(is_fine_ ? stun_message_append_error(&message_, code) : STUN_MESSAGE_RETURN_SUCCESS);
    }

    void xor_address(const Endpoint& endpoint) noexcept {
        sockaddr_storage address{};
        std::memcpy(&address, endpoint.data(), endpoint.size());
        const auto size = static_cast<socklen_t>(endpoint.size());
        note(
            is_fine_ ? stun_message_append_xor_addr(&message_, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS, &address, size)
                     : STUN_MESSAGE_RETURN_SUCCESS
        );
    }

    std::size_t finish(std::string_view password) noexcept {
        if (!is_fine_) {
            return 0;
        }
        const auto* key = reinterpret_cast<const std::uint8_t*>(password.data());
        return stun_agent_finish_message(&agent_.agent, &message_, key, password.size());
    }

private:
    /// libnice forgets the padding when it looks whether a text fits.
    bool has_room(std::size_t size) const noexcept {
        return stun_message_length(&message_) + kAttributeHeaderSize + (size + 3) / 4 * 4 <= message_.buffer_len;
    }

    void note(StunMessageReturn result) noexcept { is_fine_ = is_fine_ && result == STUN_MESSAGE_RETURN_SUCCESS; }

    Agent agent_{true};
    StunMessage message_{};
    bool is_fine_ = false;
};

std::optional<Endpoint> to_endpoint(const sockaddr_storage& address) noexcept {
    if (address.ss_family == AF_INET) {
        sockaddr_in v4;
        std::memcpy(&v4, &address, sizeof(v4));
        return Endpoint(ip::address_v4(ntohl(v4.sin_addr.s_addr)), ntohs(v4.sin_port));
    }
    if (address.ss_family == AF_INET6) {
        sockaddr_in6 v6;
        std::memcpy(&v6, &address, sizeof(v6));
        ip::address_v6::bytes_type octets;
        std::memcpy(octets.data(), &v6.sin6_addr, octets.size());
        return unmapped(Endpoint(ip::address_v6(octets), ntohs(v6.sin6_port)));
    }
    return std::nullopt;
}

}  // namespace

DatagramKind classify(ByteView datagram) noexcept {
    if (datagram.empty()) {
        return DatagramKind::other;
    }
    const auto first = datagram.front();
    if (first <= 3) {
        return DatagramKind::stun;
    }
    return first >= 20 && first <= 63 ? DatagramKind::dtls : DatagramKind::other;
}

Endpoint unmapped(const Endpoint& endpoint) noexcept {
    const auto& address = endpoint.address();
    if (!address.is_v6() || !address.to_v6().is_v4_mapped()) {
        return endpoint;
    }
    const auto octets = address.to_v6().to_bytes();
    const ip::address_v4::bytes_type last{octets[12], octets[13], octets[14], octets[15]};
    return {ip::address_v4(last), endpoint.port()};
}

std::optional<std::string_view> peek_username(ByteView datagram) noexcept {
    const auto found = outline_request(datagram);
    if (!found) {
        return std::nullopt;
    }
    return found->username;
}

std::optional<BindingRequest> read_binding_request(ByteView datagram, std::string_view password) noexcept {
    const auto found = outline_request(datagram);
    if (!found) {
        return std::nullopt;
    }
    Agent agent(found->has_fingerprint);
    StunMessage message{};
    if (!verify(agent.agent, message, datagram, password)) {
        return std::nullopt;
    }
    BindingRequest request;
    request.transaction = transaction_of(datagram);
    request.username = found->username;
    stun_message_find32(&message, STUN_ATTRIBUTE_PRIORITY, &request.priority);
    request.use_candidate =
        stun_message_find_flag(&message, STUN_ATTRIBUTE_USE_CANDIDATE) == STUN_MESSAGE_RETURN_SUCCESS;
    const auto finds = [&](StunAttribute type) {
        return stun_message_find64(&message, type, &request.tie_breaker) == STUN_MESSAGE_RETURN_SUCCESS;
    };
    if (finds(STUN_ATTRIBUTE_ICE_CONTROLLING)) {
        request.role = IceRole::controlling;
    } else if (finds(STUN_ATTRIBUTE_ICE_CONTROLLED)) {
        request.role = IceRole::controlled;
    }
    return request;
}

std::size_t write_binding_response(
    MutableByteView out, const TransactionId& transaction, const Endpoint& source, std::string_view password
) noexcept {
    Writer writer(out, STUN_RESPONSE, transaction);
    writer.xor_address(unmapped(source));
    return writer.finish(password);
}

std::size_t write_role_conflict(
    MutableByteView out, const TransactionId& transaction, std::string_view password
) noexcept {
    static_assert(static_cast<int>(STUN_ERROR_ROLE_CONFLICT) == kRoleConflict);
    Writer writer(out, STUN_ERROR, transaction);
    writer.error(STUN_ERROR_ROLE_CONFLICT);
    return writer.finish(password);
}

std::size_t write_binding_request(
    MutableByteView out, const BindingRequest& request, std::string_view password
) noexcept {
    BOOST_ASSERT(request.role.has_value());
    Writer writer(out, STUN_REQUEST, request.transaction);
    writer.text(STUN_ATTRIBUTE_USERNAME, request.username);
    writer.number(STUN_ATTRIBUTE_PRIORITY, request.priority);
    const bool is_controlling = request.role == IceRole::controlling;
    writer.number64(
        is_controlling ? STUN_ATTRIBUTE_ICE_CONTROLLING : STUN_ATTRIBUTE_ICE_CONTROLLED, request.tie_breaker
    );
    if (request.use_candidate) {
        writer.flag(STUN_ATTRIBUTE_USE_CANDIDATE);
    }
    return writer.finish(password);
}

std::optional<TransactionId> peek_response(ByteView datagram) noexcept {
    const auto found = outline(datagram);
    if (!found || (found->type != kBindingSuccess && found->type != kBindingError)) {
        return std::nullopt;
    }
    return transaction_of(datagram);
}

std::optional<BindingResponse> read_binding_response(
    ByteView datagram, const TransactionId& transaction, std::string_view password
) noexcept {
    const auto found = outline(datagram);
    if (!found || !found->has_integrity || (found->type != kBindingSuccess && found->type != kBindingError) ||
        transaction_of(datagram) != transaction) {
        return std::nullopt;
    }
    Agent agent(found->has_fingerprint);
    // libnice takes answers to what it has sent itself.
    auto& sent = agent.agent.sent_ids[0];
    fill_id(sent.id, transaction);
    sent.method = STUN_BINDING;
    sent.key = unconst(password.data());
    sent.key_len = password.size();
    sent.valid = true;
    StunMessage message{};
    if (!verify(agent.agent, message, datagram, password)) {
        return std::nullopt;
    }
    BindingResponse response;
    if (found->type == kBindingError) {
        if (stun_message_find_error(&message, &response.error_code) != STUN_MESSAGE_RETURN_SUCCESS) {
            return std::nullopt;
        }
        return response;
    }
    sockaddr_storage address{};
    auto size = static_cast<socklen_t>(sizeof(address));
    if (stun_message_find_xor_addr(&message, STUN_ATTRIBUTE_XOR_MAPPED_ADDRESS, &address, &size) !=
        STUN_MESSAGE_RETURN_SUCCESS) {
        return std::nullopt;
    }
    const auto mapped = to_endpoint(address);
    if (!mapped) {
        return std::nullopt;
    }
    response.mapped = *mapped;
    return response;
}

}  // namespace libp2p::webrtc
