// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "libp2p/crypto/sha256.hpp"

#include <libp2p/error.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace libp2p::webrtc {

/// What an offer or an answer says of the one thing that libp2p wants: data channels (RFC 8829, RFC 8841). Media do not
/// occur.
struct SessionDescription {
    /// Who begins with DTLS (RFC 8842): an offer leaves it to the answer, which says who.
    enum class Setup : std::uint8_t { actpass, active, passive };

    std::string ufrag;
    std::string password;
    std::vector<crypto::Sha256Digest> fingerprints;  ///< the certificate is one of these; of SHA-256 alone, not empty
    Setup setup = Setup::actpass;
    std::string mid = "0";  ///< the name of the section; an answer repeats the offer's
    std::uint32_t max_message_size =
        64 * 1024;  ///< octets of a message that are taken (the default: RFC 8841, 6.1); 0: any number
    std::vector<std::string> candidates;  ///< "candidate:…", not parsed
    bool is_end_of_candidates = false;    ///< none will follow
    bool is_of_libdatachannel = false;    ///< which its origin tells; not written
};

/// Longest description that is read, in octets, and its most lines, fingerprints and candidates.
inline constexpr std::size_t kMaxDescriptionSize = 64 * 1024;
inline constexpr std::size_t kMaxDescriptionLines = 1024;
inline constexpr std::size_t kMaxFingerprints = 16;
inline constexpr std::size_t kMaxDescriptionCandidates = 64;

/// Reads an SDP. Unknown lines are skipped, lines may end in LF alone, attributes may stand for the session or for the
/// section, where those of the section win; candidates past `kMaxDescriptionCandidates` are left out. Fails with
/// `Errc::protocol_violation`, and says why, when it is no such text, goes past a bound, or describes anything but one
/// section of data channels over DTLS and UDP with SCTP port 5000; and with `Errc::authentication_failed` when it has
/// no fingerprint by SHA-256.
result<SessionDescription> parse_session_description(std::string_view text);

/// The SDP of `description`. `session` is any number, other descriptions have others.
std::string to_sdp(const SessionDescription& description, std::uint64_t session);

/// Whether `text` may be an ICE user name or password: `min` to 256 of the characters that they are made of (RFC 8839,
/// 5.4).
bool is_ice_text(std::string_view text, std::size_t min) noexcept;

}  // namespace libp2p::webrtc
