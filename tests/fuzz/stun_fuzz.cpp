// SPDX-License-Identifier: MIT OR Apache-2.0

// Any datagram as STUN: told apart, answered as a listener does, read as an answer. What is answered is never answered
// with more, and the answer satisfies the dialer. The input is also taken as the user name of a request with the right
// hash, because nothing that is random comes past that.

#include "transports/webrtc/ice_lite.hpp"

#include <boost/asio/ip/address.hpp>

#include <array>
#include <cstdlib>
#include <cstring>
#include <memory>

using namespace libp2p;
using namespace libp2p::webrtc;

namespace {

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

void answer(ByteView datagram, const Endpoint& source) {
    std::array<std::uint8_t, kBindingResponseSize6> out{};
    const auto check = answer_check(datagram, source, out);
    const auto username = peek_username(datagram);
    if (!check) {
        return;
    }
    require(username.has_value() && classify(datagram) == DatagramKind::stun);
    require(check->answer_size <= datagram.size() && check->answer_size <= out.size());
    const auto answer = ByteView(out).first(check->answer_size);
    const auto password = check->credentials.password();
    const auto request = read_binding_request(datagram, password);
    require(request.has_value() && request->username == *username);
    require(peek_response(answer) == request->transaction);
    const auto response = read_binding_response(answer, request->transaction, password);
    require(response.has_value() && response->error_code == 0 && response->mapped == unmapped(source));
}

void read_answer(ByteView datagram) {
    if (const auto transaction = peek_response(datagram)) {
        read_binding_response(datagram, *transaction, "libp2p+webrtc+v2/abcdefghijklmnopqrstuvwx");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // A copy of the exact size, so that the sanitizer sees every octet behind it.
    const auto copy = std::make_unique<std::uint8_t[]>(size);
    if (size > 0) {
        std::memcpy(copy.get(), data, size);
    }
    const ByteView datagram(copy.get(), size);
    const bool is_v6 = size % 2 == 1;
    const Endpoint source(boost::asio::ip::make_address(is_v6 ? "2001:db8::1" : "::ffff:192.0.2.7"), 40'000);
    answer(datagram, source);
    read_answer(datagram);

    BindingRequest request;
    request.role = IceRole::controlling;
    request.username = as_text(datagram.first(std::min<std::size_t>(size, 600)));
    std::array<std::uint8_t, 1'000> out{};
    const auto password = request.username.substr(0, request.username.find(':'));
    const auto written = write_binding_request(out, request, password);
    require(written > 0);
    const auto again = ByteView(out).first(written);
    require(password.empty() || read_binding_request(again, password).has_value());
    answer(again, source);
    return 0;
}
