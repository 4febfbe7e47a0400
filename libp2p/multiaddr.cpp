// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/multiaddr.hpp"

#include "libp2p/address/clean_text.hpp"
#include "libp2p/address/value_codec.hpp"
#include "libp2p/crypto/keyed_hash.hpp"
#include "proto/varint.hpp"

#include <boost/assert.hpp>

#include <ostream>
#include <utility>

namespace libp2p {
namespace {

/// Octets of the longest `/p2p/…`: code, length, id.
constexpr std::size_t kMaxPeerComponentSize = 3 + PeerId::kMaxSize;

Error refuse(std::string why) {
    return Error(Errc::invalid_address, std::move(why));
}

std::string past_limit(std::string_view what, std::size_t limit) {
    return "more than " + std::to_string(limit) + " " + std::string(what);
}

/// Keeps an address within its limits while it grows by one component after the other.
class Extent {
public:
    /// What is wrong with an address that goes on with this component; empty when nothing is.
    std::string add(Protocol protocol, std::size_t octets) {
        if (ended_by_path_) {
            return "nothing can stand behind a path";
        }
        octets_ += octets;
        ++components_;
        ended_by_path_ = protocol == Protocol::unix_path;
        // The /p2p that ends an address does not count. One that turns out not to be the end counts with the next one.
        const bool names_peer = protocol == Protocol::p2p;
        if (octets_ - (names_peer ? octets : 0) > kMaxMultiaddrSize) {
            return past_limit("octets", kMaxMultiaddrSize);
        }
        if (components_ - (names_peer ? 1 : 0) > kMaxMultiaddrComponents) {
            return past_limit("components", kMaxMultiaddrComponents);
        }
        return {};
    }

private:
    std::size_t octets_ = 0;
    std::size_t components_ = 0;
    bool ended_by_path_ = false;
};

/// A component in binary, cut into its parts.
struct Parts {
    const ProtocolInfo* info;
    ByteView value;
    std::size_t size;  // of all of it
};

/// Cuts the first component off `in`. Its value is not looked at, but its length is right.
result<Parts> split(ByteView in) {
    const auto code = proto::decode_varint(in);
    if (!code) {
        return refuse("the code of a protocol " + code.error().message());
    }
    const auto* info = find_protocol(code->value);
    if (info == nullptr) {
        return refuse("no protocol has the code " + std::to_string(code->value));
    }
    const auto rest = in.subspan(code->size);
    if (info->size_bits == kVariableSize) {
        const auto prefixed = proto::decode_length_prefixed(rest, kMaxMultiaddrSize);
        if (!prefixed) {
            return refuse(std::string(info->name) + ": the value " + prefixed.error().message());
        }
        return Parts{info, prefixed->value, code->size + prefixed->size};
    }
    const auto size = static_cast<std::size_t>(info->size_bits) / 8;
    if (rest.size() < size) {
        return refuse(
            std::string(info->name) + ": the value has " + std::to_string(rest.size()) + " octets, not " +
            std::to_string(size)
        );
    }
    return Parts{info, rest.first(size), code->size + size};
}

}  // namespace

// --- binary --------------------------------------------------------------------------------------------------------

Multiaddr::Multiaddr(ByteView bytes) : size_(bytes.size()) {
    auto copy = std::make_shared_for_overwrite<std::uint8_t[]>(bytes.size());
    std::copy(bytes.begin(), bytes.end(), copy.get());
    bytes_ = std::move(copy);
}

result<Multiaddr> Multiaddr::from_bytes(ByteView bytes) {
    if (bytes.empty()) {
        return refuse("an address of no octets");
    }
    if (bytes.size() > kMaxMultiaddrSize + kMaxPeerComponentSize) {
        return refuse("an address of " + past_limit("octets", kMaxMultiaddrSize));
    }
    Extent extent;
    for (auto rest = bytes; !rest.empty();) {
        const auto parts = split(rest);
        if (!parts) {
            return parts.error();
        }
        if (auto checked = address::check_value(parts->info->code, parts->value); !checked) {
            return checked.error().with_context(parts->info->name);
        }
        if (auto problem = extent.add(parts->info->code, parts->size); !problem.empty()) {
            return refuse(std::string(parts->info->name) + ": " + problem);
        }
        rest = rest.subspan(parts->size);
    }
    return Multiaddr(bytes);
}

Multiaddr::Component::Component(ByteView checked) noexcept {
    const auto code = proto::decode_varint(checked);
    info_ = find_protocol(code->value);
    BOOST_ASSERT(info_ != nullptr);
    const auto rest = checked.subspan(code->size);
    if (info_->size_bits == kVariableSize) {
        const auto prefixed = proto::decode_length_prefixed(rest, rest.size());
        value_ = prefixed->value;
        bytes_ = checked.first(code->size + prefixed->size);
    } else {
        value_ = rest.first(static_cast<std::size_t>(info_->size_bits) / 8);
        bytes_ = checked.first(code->size + value_.size());
    }
}

// --- text ----------------------------------------------------------------------------------------------------------

namespace {

/// Reads an address from text, component by component.
class TextReader {
public:
    explicit TextReader(std::string_view text) : text_(text) {
        while (text_.ends_with('/')) {
            text_.remove_suffix(1);
        }
    }

    bool done() const noexcept { return started_ && at_ == text_.size(); }

    /// Reads the next component. When it is wrong, its `problem` says why, and there are no more.
    AddressComponent next() {
        AddressComponent component;
        component.offset = component.problem_offset = at_;
        if (auto problem = read(component); !problem.empty()) {
            component.problem = std::move(problem);
            at_ = text_.size();
        }
        started_ = true;
        return component;
    }

    /// The octets of everything that was right.
    ByteView bytes() const noexcept { return bytes_; }

private:
    std::string read(AddressComponent& component) {
        if (!started_ && text_.empty()) {
            return "an address without components";
        }
        if (text_[at_] != '/') {
            return "an address starts with a slash";
        }
        component.problem_offset = ++at_;
        component.protocol = take_segment();
        const auto* info = find_protocol(std::string_view(component.protocol));
        if (info == nullptr) {
            return "no protocol is called " + address::in_quotes(component.protocol);
        }
        Bytes value;
        if (info->size_bits != 0) {
            component.problem_offset = std::min(at_ + 1, text_.size());
            if (at_ == text_.size()) {
                return "the value is missing";
            }
            // A path is all the rest, with the slash in front of it.
            auto text = info->code == Protocol::unix_path ? take_rest() : (++at_, take_segment());
            component.value = text;
            auto read = address::value_from_text(info->code, text);
            if (!read) {
                return std::string(read.error().detail());
            }
            value = std::move(*read);
        }
        return append(*info, value);
    }

    std::string append(const ProtocolInfo& info, ByteView value) {
        const auto before = bytes_.size();
        proto::append_varint(bytes_, static_cast<std::uint64_t>(info.code));
        if (info.size_bits == kVariableSize) {
            proto::append_varint(bytes_, value.size());
        }
        bytes_.insert(bytes_.end(), value.begin(), value.end());
        return extent_.add(info.code, bytes_.size() - before);
    }

    std::string take_segment() {
        const auto end = std::min(text_.find('/', at_), text_.size());
        std::string segment(text_.substr(at_, end - at_));
        at_ = end;
        return segment;
    }

    std::string take_rest() {
        std::string rest(text_.substr(at_));
        at_ = text_.size();
        return rest;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    bool started_ = false;
    Bytes bytes_;
    Extent extent_;
};

std::string text_too_long() {
    return past_limit("characters", kMaxMultiaddrTextSize);
}

}  // namespace

result<Multiaddr> Multiaddr::parse(std::string_view text) {
    if (text.size() > kMaxMultiaddrTextSize) {
        return refuse("an address of " + text_too_long());
    }
    TextReader reader(text);
    while (!reader.done()) {
        const auto component = reader.next();
        if (!component.problem.empty()) {
            // An unknown name may hold anything, and the problem quotes it.
            const bool known = find_protocol(std::string_view(component.protocol)) != nullptr;
            const auto where = known ? component.protocol + ": " : std::string();
            return refuse(
                address::in_quotes(text) + ", at character " + std::to_string(component.problem_offset + 1) + ": " +
                where + component.problem
            );
        }
    }
    return Multiaddr(reader.bytes());
}

std::vector<AddressComponent> explain(std::string_view text) {
    std::vector<AddressComponent> components;
    if (text.size() > kMaxMultiaddrTextSize) {
        auto& component = components.emplace_back();
        component.problem = "an address of " + text_too_long();
        component.problem_offset = kMaxMultiaddrTextSize;
        return components;
    }
    TextReader reader(text);
    while (!reader.done()) {
        const auto before = reader.bytes().size();
        auto& component = components.emplace_back(reader.next());
        if (component.problem.empty()) {
            const auto parts = split(reader.bytes().subspan(before));
            component.value = address::value_to_text(parts->info->code, parts->value);
        }
    }
    return components;
}

std::string Multiaddr::Component::value_text() const {
    return address::value_to_text(protocol(), value_);
}

std::string Multiaddr::to_string() const {
    std::string text;
    for (const auto& component : components()) {
        text += '/';
        text += component.name();
        if (component.value().empty()) {
            continue;
        }
        // A path brings its slash along.
        if (component.protocol() != Protocol::unix_path) {
            text += '/';
        }
        text += component.value_text();
    }
    return text;
}

// --- parts ---------------------------------------------------------------------------------------------------------

std::optional<Multiaddr::Component> Multiaddr::find(Protocol protocol) const noexcept {
    for (const auto& component : components()) {
        if (component.protocol() == protocol) {
            return component;
        }
    }
    return std::nullopt;
}

bool Multiaddr::has(Protocol protocol) const noexcept {
    return find(protocol).has_value();
}

std::optional<std::string> Multiaddr::value_of(Protocol protocol) const {
    const auto component = find(protocol);
    if (!component) {
        return std::nullopt;
    }
    return component->value_text();
}

// Components tell their own length, so octets that begin with all octets of another address begin with its components.
bool Multiaddr::starts_with(const Multiaddr& prefix) const noexcept {
    return size_ >= prefix.size_ && std::equal(prefix.bytes().begin(), prefix.bytes().end(), bytes().begin());
}

result<Multiaddr> Multiaddr::encapsulate(const Multiaddr& inner) const {
    Bytes joined;
    joined.reserve(size_ + inner.size_);
    joined.insert(joined.end(), bytes().begin(), bytes().end());
    joined.insert(joined.end(), inner.bytes().begin(), inner.bytes().end());
    return from_bytes(joined);
}

std::optional<Multiaddr> Multiaddr::decapsulate(const Multiaddr& inner) const {
    std::optional<std::size_t> last;
    std::size_t at = 0;
    for (const auto& component : components()) {
        const auto rest = bytes().subspan(at);
        if (rest.size() >= inner.size_ && std::equal(inner.bytes().begin(), inner.bytes().end(), rest.begin())) {
            last = at;
        }
        at += component.bytes().size();
    }
    if (!last) {
        return *this;
    }
    if (*last == 0) {
        return std::nullopt;
    }
    return Multiaddr(bytes().first(*last));
}

namespace {

Multiaddr::Component last_component(const Multiaddr& address) {
    auto components = address.components();
    auto last = *components.begin();
    for (const auto& component : components) {
        last = component;
    }
    return last;
}

}  // namespace

std::optional<PeerId> Multiaddr::peer() const {
    const auto last = last_component(*this);
    if (last.protocol() != Protocol::p2p) {
        return std::nullopt;
    }
    return PeerId::from_bytes(last.value()).value();
}

Multiaddr Multiaddr::with_peer(const PeerId& peer) const {
    const auto last = last_component(*this);
    if (last.protocol() == Protocol::unix_path) {
        return *this;
    }
    const auto kept = last.protocol() == Protocol::p2p ? bytes().first(size_ - last.bytes().size()) : bytes();
    Bytes joined;
    joined.reserve(kept.size() + kMaxPeerComponentSize);
    joined.insert(joined.end(), kept.begin(), kept.end());
    proto::append_varint(joined, static_cast<std::uint64_t>(Protocol::p2p));
    proto::append_length_prefixed(joined, peer.bytes());
    return Multiaddr(joined);
}

std::optional<Multiaddr> Multiaddr::without_peer() const {
    const auto last = last_component(*this);
    if (last.protocol() != Protocol::p2p) {
        return *this;
    }
    if (last.bytes().size() == size_) {
        return std::nullopt;
    }
    return Multiaddr(bytes().first(size_ - last.bytes().size()));
}

std::ostream& operator<<(std::ostream& out, const Multiaddr& address) {
    return out << address.to_string();
}

}  // namespace libp2p

std::size_t std::hash<libp2p::Multiaddr>::operator()(const libp2p::Multiaddr& address) const noexcept {
    return static_cast<std::size_t>(libp2p::crypto::keyed_hash(address.bytes()));
}
