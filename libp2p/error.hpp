// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <boost/assert/source_location.hpp>
#include <boost/system/error_code.hpp>
#include <boost/system/result.hpp>

#include <iosfwd>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace libp2p {

using boost::system::error_code;

/// What this library decides by itself. One enumerator for each thing a caller can do about it; errors of the
/// operating system, of Asio and of the resolver keep their own category (`connection_refused`, `timed_out`, …).
enum class Errc {
    invalid_address = 1,    ///< Text or bytes are not a multiaddr, or lack a component the operation needs.
    invalid_key,            ///< A key or signature file cannot be read as what it claims to be.
    invalid_signature,      ///< A signature, envelope or record does not verify.
    unsupported_address,    ///< The multiaddr is well formed, but no transport here dials or listens on it.
    no_addresses,           ///< Nothing to dial: the peer has no known address.
    dial_failed,            ///< Every address of a peer failed; `Error::causes` has one entry for each.
    peer_mismatch,          ///< The remote proved an identity other than the one that was dialled.
    no_common_protocol,     ///< The two sides share no protocol for this layer or stream.
    protocol_violation,     ///< The remote broke a wire rule.
    limit_exceeded,         ///< A resource limit of ours refused the operation; the message names it.
    refused_by_remote,      ///< The remote turned the operation away (resource limit, gater, shutdown).
    gated,                  ///< The application's connection gater refused.
    stream_reset,           ///< The remote reset the stream.
    write_closed,           ///< The stream was already closed for writing on this side.
    connection_closed,      ///< The connection has ended; open a new one.
    shut_down,              ///< The host or the listener is closed.
    already_exists,         ///< A handler, transport or tag of this name is registered already.
    authentication_failed,  ///< A security handshake failed (bad tag, bad signature, bad payload).
    limited_connection,     ///< The peer is reached through a relay under a limit, which the caller did not allow.
};

error_code make_error_code(Errc code) noexcept;

/// The category of `Errc`, named "libp2p".
const boost::system::error_category& libp2p_category() noexcept;

/// An error code with, when there is more to say, the words: what was refused, who asked, and which limit or setting
/// decides. Cheap to copy; an error without details allocates nothing.
class Error {
public:
    /// One part of a composite failure, for example one address of a failed dial.
    struct Cause;

    Error() noexcept = default;                                  ///< no error; what a successful result holds
    Error(error_code code) noexcept : code_(code) {}             // NOLINT(google-explicit-constructor)
    Error(Errc code) noexcept : code_(make_error_code(code)) {}  // NOLINT(google-explicit-constructor)
    Error(error_code code, std::string detail);
    Error(Errc code, std::string detail) : Error(make_error_code(code), std::move(detail)) {}
    Error(Errc code, std::string detail, std::vector<Cause> causes);

    const error_code& code() const noexcept { return code_; }

    /// The details given at construction, or an empty text.
    std::string_view detail() const noexcept;

    /// For `Errc::dial_failed`: what was tried, and how each try ended.
    const std::vector<Cause>& causes() const noexcept;

    /// One line for people: the code's own words, then the detail.
    std::string message() const;

    /// The same error with "`where`: " in front of its detail.
    Error with_context(std::string_view where) const;

    friend bool operator==(const Error& error, Errc code) noexcept { return error.code_ == make_error_code(code); }
    friend bool operator==(const Error& error, const error_code& code) noexcept { return error.code_ == code; }
    friend bool operator==(const Error& a, const Error& b) noexcept { return a.code_ == b.code_; }

private:
    struct Details;

    error_code code_;
    std::shared_ptr<const Details> details_;
};

struct Error::Cause {
    std::string subject;  ///< what was tried: an address, a protocol
    Error error;
};

std::ostream& operator<<(std::ostream& out, const Error& error);

/// Makes `result<T>::value()` throw `boost::system::system_error` with the message of the error.
[[noreturn]] void throw_exception_from_error(const Error& error, const boost::source_location& where);

/// A value, or why there is none.
template <class T>
using result = boost::system::result<T, Error>;

/// The success of a `result<void>`.
inline result<void> ok() noexcept {
    return {};
}

}  // namespace libp2p

template <>
struct boost::system::is_error_code_enum<libp2p::Errc> : std::true_type {};
