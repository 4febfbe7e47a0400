// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/bytes.hpp>
#include <libp2p/error.hpp>
#include <libp2p/multiaddr_protocol.hpp>
#include <libp2p/peer_id.hpp>

#include <algorithm>
#include <compare>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace libp2p {

/// Longest text that is read as an address, in characters.
inline constexpr std::size_t kMaxMultiaddrTextSize = 4096;

/// Longest address, in octets, and most components. Neither counts the `/p2p/…` that names the peer at the end, so that
/// every address can be given one.
inline constexpr std::size_t kMaxMultiaddrSize = 1024;
inline constexpr std::size_t kMaxMultiaddrComponents = 32;

/// A self-describing network address, "/ip4/127.0.0.1/tcp/4001/p2p/12D3KooW…": one or more components, each a protocol
/// and most with a value.
///
/// An immutable value, always valid (also after it was moved from), cheap to copy. Two are equal when their octets are;
/// the text of an address is normalised when it is read.
class Multiaddr {
public:
    class Component;
    class Iterator;
    class Components;

    // No move operations: what they would leave behind would be no address, and copying costs next to nothing.
    Multiaddr(const Multiaddr&) noexcept = default;
    Multiaddr& operator=(const Multiaddr&) noexcept = default;
    ~Multiaddr() = default;

    /// Reads the text form. Fails with `Errc::invalid_address` and says which component is wrong, and why.
    static result<Multiaddr> parse(std::string_view text);

    /// Reads the binary form, all of it. Fails with `Errc::invalid_address`. Text values have to be UTF-8 without
    /// control characters, so that what comes from a peer can be printed and logged.
    static result<Multiaddr> from_bytes(ByteView bytes);

    /// The normal text form. `parse` of it gives an equal address.
    std::string to_string() const;

    /// The binary form. Lives as long as this object or a copy of it.
    ByteView bytes() const noexcept { return {bytes_.get(), size_}; }

    /// The components, first to last: `for (const auto& component : address.components())`.
    Components components() const noexcept;

    /// The first component of that protocol; it borrows from this address.
    std::optional<Component> find(Protocol protocol) const noexcept;
    bool has(Protocol protocol) const noexcept;

    /// The value of the first component of that protocol, as text. Empty when there is no such component.
    std::optional<std::string> value_of(Protocol protocol) const;

    /// Whether the components of `prefix` are the first of this address.
    bool starts_with(const Multiaddr& prefix) const noexcept;

    /// This address, then `inner`. Fails with `Errc::invalid_address` when the result would be past a limit, or when
    /// this address ends in a path (`/unix/…`), behind which nothing can stand.
    result<Multiaddr> encapsulate(const Multiaddr& inner) const;

    /// What stands in front of the last place where the components of `inner` occur; the whole address where they do
    /// not. Empty when nothing is left.
    std::optional<Multiaddr> decapsulate(const Multiaddr& inner) const;

    /// The peer that this address names: the value of its last component, when that is `/p2p/…`.
    std::optional<PeerId> peer() const;

    /// This address with `/p2p/…` for `peer` at its end, in the place of another one if it ends so. An address that
    /// ends in a path cannot name a peer and comes back as it is.
    Multiaddr with_peer(const PeerId& peer) const;

    /// This address without the `/p2p/…` at its end, if there is one. Empty when nothing is left.
    std::optional<Multiaddr> without_peer() const;

    friend bool operator==(const Multiaddr& a, const Multiaddr& b) noexcept {
        return std::equal(a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end());
    }
    friend std::strong_ordering operator<=>(const Multiaddr& a, const Multiaddr& b) noexcept {
        return std::lexicographical_compare_three_way(
            a.bytes().begin(), a.bytes().end(), b.bytes().begin(), b.bytes().end()
        );
    }

private:
    /// `bytes` must be one or more whole, checked components.
    explicit Multiaddr(ByteView bytes);

    std::shared_ptr<const std::uint8_t[]> bytes_;  // immutable, so that copies and iterations may share it
    std::size_t size_ = 0;
};

/// One protocol of an address, with its value. Borrows from the address.
class Multiaddr::Component {
public:
    Protocol protocol() const noexcept { return info_->code; }
    std::string_view name() const noexcept { return info_->name; }

    /// The value in binary, without a length in front; empty where the protocol has none.
    ByteView value() const noexcept { return value_; }

    /// The value as it stands in the text form; empty where the protocol has none.
    std::string value_text() const;

    /// The component in binary: code, length, value.
    ByteView bytes() const noexcept { return bytes_; }

    friend bool operator==(const Component& a, const Component& b) noexcept {
        return std::equal(a.bytes_.begin(), a.bytes_.end(), b.bytes_.begin(), b.bytes_.end());
    }

private:
    friend class Multiaddr;
    friend class Iterator;

    /// The first component of `checked`, which are octets of a valid address.
    explicit Component(ByteView checked) noexcept;
    Component() noexcept = default;

    const ProtocolInfo* info_ = nullptr;
    ByteView bytes_;
    ByteView value_;
};

/// Goes through the components of an address, forwards. Borrows from the address.
class Multiaddr::Iterator {
public:
    using iterator_concept = std::input_iterator_tag;
    using iterator_category = std::input_iterator_tag;
    using value_type = Component;
    using difference_type = std::ptrdiff_t;
    using reference = const Component&;
    using pointer = const Component*;

    Iterator() noexcept = default;

    reference operator*() const noexcept { return component_; }
    pointer operator->() const noexcept { return &component_; }
    Iterator& operator++() noexcept {
        *this = Iterator(rest_);
        return *this;
    }
    Iterator operator++(int) noexcept {
        auto before = *this;
        ++*this;
        return before;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) noexcept {
        return a.component_.bytes().data() == b.component_.bytes().data();
    }

private:
    friend class Components;

    explicit Iterator(ByteView checked) noexcept
        : component_(checked.empty() ? Component() : Component(checked)),
          rest_(checked.subspan(component_.bytes_.size())) {}

    Component component_;
    ByteView rest_;
};

/// The components of an address as a range. Keeps the octets alive that it goes through.
class Multiaddr::Components {
public:
    Iterator begin() const noexcept { return Iterator(address_.bytes()); }
    Iterator end() const noexcept { return Iterator(); }

    /// How many there are.
    std::size_t size() const noexcept { return static_cast<std::size_t>(std::distance(begin(), end())); }

private:
    friend class Multiaddr;

    explicit Components(const Multiaddr& address) noexcept : address_(address) {}

    Multiaddr address_;
};

inline Multiaddr::Components Multiaddr::components() const noexcept {
    return Components(*this);
}

std::ostream& operator<<(std::ostream& out, const Multiaddr& address);

/// One component of a text that is meant to be an address, right or wrong.
struct AddressComponent {
    std::size_t offset = 0;  ///< of the component's first character in the text
    std::string protocol;    ///< as written
    std::string value;    ///< in normal form where it is right, as written where it is wrong; empty when there is none
    std::string problem;  ///< what is wrong; empty when nothing is
    std::size_t problem_offset = 0;  ///< of the first character that is wrong
};

/// What `parse` makes of `text`, component by component. All but the last are right; the last one has a `problem`
/// exactly when `parse` fails. Never empty.
std::vector<AddressComponent> explain(std::string_view text);

}  // namespace libp2p

/// Keyed with a random number of the process: whoever chooses addresses cannot choose collisions.
template <>
struct std::hash<libp2p::Multiaddr> {
    std::size_t operator()(const libp2p::Multiaddr& address) const noexcept;
};
