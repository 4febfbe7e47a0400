// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace libp2p::webrtc {

/// How a WebRTC-Direct dialer tells the listener about itself. Both go to one port and one multiaddr: the listener
/// reads the version from the user name of the first STUN request.
enum class Version : std::uint8_t {
    v1,  ///< one random text is user name fragment and password of both sides
    v2,  ///< the listener's name carries the dialer's password, which a browser need not let itself be told
};

/// What a user name fragment of the listener begins with.
inline constexpr std::string_view kVersion1Prefix = "libp2p+webrtc+v1/";
inline constexpr std::string_view kVersion2Prefix = "libp2p+webrtc+v2/";

/// Lengths that ICE allows (RFC 8839, 5.4).
inline constexpr std::size_t kMinUfragSize = 4;
inline constexpr std::size_t kMinPasswordSize = 22;
inline constexpr std::size_t kMaxCredentialSize = 256;

/// The longest USERNAME, with its colon.
inline constexpr std::size_t kMaxUsernameSize = 2 * kMaxCredentialSize + 1;

/// Letters, digits, '+' and '/', 4 to 256 of them.
bool is_ufrag(std::string_view text) noexcept;

/// The same, 22 to 256 of them.
bool is_password(std::string_view text) noexcept;

/// What a listener learns from the USERNAME of a request. All of it is borrowed from there.
struct ListenerCredentials {
    Version version;
    std::string_view server_ufrag;  ///< ours
    std::string_view client_ufrag;  ///< the dialer's
    std::string_view client_password;

    /// With what requests are verified and answers signed. Anybody who sends a user name sends this too: it proves that
    /// a datagram is whole, and nothing about who has sent it.
    std::string_view password() const noexcept { return server_ufrag; }
};

/// Empty for everything that no dialer of version 1 or 2 sends: other prefixes are not guessed at.
std::optional<ListenerCredentials> parse_username(std::string_view username) noexcept;

/// What a dialer chooses, afresh for each connection.
class DialerCredentials {
public:
    static DialerCredentials make(Version version);

    /// For tests and for agents that have chosen already: `ufrag` and `password` satisfy `is_ufrag` and `is_password`;
    /// a password for version 2 has at most 239 characters, and version 1 takes one text that begins with its prefix.
    static DialerCredentials version_1(std::string text);
    static DialerCredentials version_2(std::string ufrag, std::string_view password);

    Version version() const noexcept { return version_; }
    const std::string& ufrag() const noexcept { return ufrag_; }
    const std::string& password() const noexcept { return password_; }

    /// The listener's, its name and its password alike.
    const std::string& server_ufrag() const noexcept { return server_ufrag_; }

    /// USERNAME of the requests to the listener, signed with `server_ufrag`, and of those that it may send itself,
    /// signed with `password`.
    const std::string& outbound_username() const noexcept { return outbound_username_; }
    const std::string& inbound_username() const noexcept { return inbound_username_; }

private:
    DialerCredentials(Version version, std::string ufrag, std::string password, std::string server_ufrag);

    Version version_;
    std::string ufrag_;
    std::string password_;
    std::string server_ufrag_;
    std::string outbound_username_;
    std::string inbound_username_;
};

}  // namespace libp2p::webrtc
