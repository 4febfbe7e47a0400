// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/protocols/identify.hpp"

#include "proto/identify_message.hpp"

#include <libp2p/log.hpp>
#include <libp2p/peer_record.hpp>

#include <unordered_set>
#include <utility>

namespace libp2p::identify {
namespace {

const Logger log("identify");

constexpr std::size_t kMaxSentRecordSize = 2048;

/// What an entry of a list takes beside its octets, about.
constexpr std::size_t kAddressOverhead = 96;
constexpr std::size_t kProtocolOverhead = 32;

/// Not more than `limit` octets, and no half character at the end.
std::string shortened(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) {
        return std::string(text);
    }
    const auto is_continuation = [&](std::size_t at) { return (static_cast<unsigned char>(text[at]) & 0xc0) == 0x80; };
    while (limit > 0 && is_continuation(limit)) {
        --limit;
    }
    return std::string(text.substr(0, limit));
}

Bytes to_octets(ByteView view) {
    return Bytes(view.begin(), view.end());
}

/// What one entry of a list takes in the message: tag, length, itself.
std::size_t entry_size(std::size_t size) noexcept {
    return size + (size < 128 ? 2 : size < 16'384 ? 3 : 4);
}

template <class List>
std::size_t list_size(const List& list) noexcept {
    std::size_t sum = 0;
    for (const auto& entry : list) {
        sum += entry_size(entry.size());
    }
    return sum;
}

/// Leaves entries out until the message is short enough.
void fit(Message& message) {
    auto addresses_size = list_size(message.listen_addresses);
    auto protocols_size = list_size(message.protocols);
    auto size = encoded_size(message);
    std::size_t dropped_addresses = 0;
    std::size_t dropped_protocols = 0;
    while (size > kMaxSentMessageSize && addresses_size + protocols_size > 0) {
        std::size_t saved = 0;
        if (addresses_size >= protocols_size) {
            saved = entry_size(message.listen_addresses.back().size());
            message.listen_addresses.pop_back();
            addresses_size -= saved;
            ++dropped_addresses;
        } else {
            saved = entry_size(message.protocols.back().size());
            message.protocols.pop_back();
            protocols_size -= saved;
            ++dropped_protocols;
        }
        size -= saved;
    }
    if (dropped_addresses + dropped_protocols > 0) {
        log.warning(
            "message.shortened", {{"addresses_left_out", dropped_addresses}, {"protocols_left_out", dropped_protocols}}
        );
    }
}

Message message_of(const Snapshot& snapshot) {
    Message message;
    message.public_key = to_octets(snapshot.key.encoded());
    message.protocol_version = shortened(snapshot.protocol_version, kMaxAgentSize);
    message.agent_version = shortened(snapshot.agent, kMaxAgentSize);
    for (const auto& address : snapshot.addresses) {
        message.listen_addresses.push_back(to_octets(address.bytes()));
    }
    message.protocols = snapshot.protocols;
    if (snapshot.observed) {
        message.observed_address = to_octets(snapshot.observed->bytes());
    }
    const auto& record = snapshot.signed_peer_record;
    if (record.size() > kMaxSentRecordSize) {
        log.warning("record.left_out", {{"size", record.size()}});
    } else if (!record.empty()) {
        message.signed_peer_record = record;
    }
    return message;
}

/// `address` as it is kept: without the name of `peer` at its end. Empty when it names somebody else, or nothing is
/// left.
std::optional<Multiaddr> address_of(const PeerId& peer, const Multiaddr& address) {
    const auto named = address.peer();
    if (named && *named != peer) {
        return std::nullopt;
    }
    return address.without_peer();
}

/// Some peers tell an address twice: with their name at its end, and without.
void drop_repeated(std::vector<Multiaddr>& addresses) {
    std::unordered_set<Multiaddr> seen;
    std::erase_if(addresses, [&](const Multiaddr& address) { return !seen.insert(address).second; });
}

/// Puts messages together, and checks what is in them.
class Assembly {
public:
    explicit Assembly(const ConnectionInfo& connection) : connection_(connection) {}

    /// Has `budget` account for what is kept, and for one more message. Streams of tests may have no budget.
    result<void> pay(const std::shared_ptr<Budget>& budget) {
        if (!budget) {
            return ok();
        }
        if (!charge_.budget()) {
            auto charge = budget->charge(Usage{});
            if (!charge) {
                return charge.error();
            }
            charge_ = std::move(*charge);
        }
        return charge_.resize_memory(memory() + kMaxReceivedMessageSize);
    }

    result<void> add(Message message) {
        if (message.public_key) {
            auto key = PublicKey::decode(*message.public_key);
            if (!key || !(*key == connection_.public_key)) {
                return Error(Errc::peer_mismatch, "identify came with another key than the connection's");
            }
        }
        if (message.agent_version) {
            told_.agent = shortened(*message.agent_version, kMaxAgentSize);
        }
        if (message.protocol_version) {
            told_.protocol_version = shortened(*message.protocol_version, kMaxAgentSize);
        }
        add_protocols(std::move(message.protocols));
        add_addresses(message.listen_addresses);
        if (message.observed_address) {
            if (auto observed = Multiaddr::from_bytes(*message.observed_address)) {
                told_.observed = std::move(*observed);
            }
        }
        if (message.signed_peer_record) {
            add_record(std::move(*message.signed_peer_record));
        }
        return ok();
    }

    Received take() {
        if (told_.addresses) {
            drop_repeated(*told_.addresses);
        }
        return std::move(told_);
    }

private:
    void add_protocols(std::vector<ProtocolId> protocols) {
        for (auto& protocol : protocols) {
            if (!told_.protocols) {
                told_.protocols.emplace();
            }
            if (told_.protocols->size() >= kMaxProtocols) {
                return;
            }
            if (!protocol.empty() && protocol.size() <= kMaxProtocolIdSize) {
                told_.protocols->push_back(std::move(protocol));
            }
        }
    }

    void add_addresses(const std::vector<Bytes>& addresses) {
        if (told_.certified) {
            return;
        }
        for (const auto& octets : addresses) {
            if (!told_.addresses) {
                told_.addresses.emplace();
            }
            if (told_.addresses->size() >= kMaxAddresses) {
                return;
            }
            auto address = Multiaddr::from_bytes(octets);
            if (auto kept = address ? address_of(connection_.peer, *address) : std::nullopt) {
                told_.addresses->push_back(std::move(*kept));
            }
        }
    }

    void add_record(Bytes envelope) {
        auto record = PeerRecord::open(envelope);
        if (!record || record->peer != connection_.peer) {
            log.debug("record.ignored", {{"peer", connection_.peer}});
            return;
        }
        if (told_.certified && record->sequence <= told_.record_sequence) {
            return;
        }
        told_.certified = true;
        told_.record_sequence = record->sequence;
        told_.signed_peer_record = std::move(envelope);
        told_.addresses.emplace();
        for (const auto& address : record->addresses) {
            if (told_.addresses->size() >= kMaxAddresses) {
                return;
            }
            if (auto kept = address_of(connection_.peer, address)) {
                told_.addresses->push_back(std::move(*kept));
            }
        }
    }

    std::size_t memory() const noexcept {
        return (told_.addresses ? memory_of(*told_.addresses, {}) : 0) +
               (told_.protocols ? memory_of({}, *told_.protocols) : 0) + told_.signed_peer_record.size();
    }

    const ConnectionInfo& connection_;
    Received told_;
    Charge charge_;
};

}  // namespace

std::size_t memory_of(const std::vector<Multiaddr>& addresses, const std::vector<ProtocolId>& protocols) noexcept {
    std::size_t sum = 0;
    for (const auto& address : addresses) {
        sum += kAddressOverhead + address.bytes().size();
    }
    for (const auto& protocol : protocols) {
        sum += kProtocolOverhead + protocol.size();
    }
    return sum;
}

Bytes encode(const Snapshot& snapshot) {
    auto message = message_of(snapshot);
    fit(message);
    return encode(message);
}

awaitable<result<void>> send(Stream& stream, const Snapshot& snapshot) {
    const auto message = encode(snapshot);
    auto sent = co_await write_delimited(stream, message);
    if (!sent) {
        co_return sent.error();
    }
    co_return co_await stream.close_write();
}

awaitable<result<Received>> receive(Stream& stream, const ConnectionInfo& connection) {
    Assembly assembly(connection);
    for (std::size_t count = 0;; ++count) {
        auto paid = assembly.pay(stream.budget());
        if (!paid) {
            co_return paid.error();
        }
        auto octets = co_await read_delimited(stream, kMaxReceivedMessageSize);
        if (!octets) {
            if (count > 0 && octets.error() != Errc::protocol_violation) {
                break;  // the end, or a remote that told what it had to tell and forgot to close
            }
            if (octets.error() == asio::error::make_error_code(asio::error::eof)) {
                co_return Error(Errc::protocol_violation, "identify ended without a message");
            }
            co_return octets.error();
        }
        if (count == kMaxMessages) {
            co_return Error(Errc::protocol_violation, "identify goes on after " + std::to_string(count) + " messages");
        }
        auto message = decode(*octets);
        if (!message) {
            co_return Error(Errc::protocol_violation, "identify came with octets that are no message");
        }
        auto added = assembly.add(std::move(*message));
        if (!added) {
            co_return added.error();
        }
    }
    co_return assembly.take();
}

}  // namespace libp2p::identify
