// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/stream.hpp>
#include <libp2p/waiter.hpp>

#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <string_view>

namespace libp2p::tools {

/// `/p2p-chat/1.0.0`: everybody who has a stream to the room reads what anybody says.
///
/// Both ways a message is UTF-8 text with its length in front, as an unsigned varint. A member sends what he says, at
/// most `kLongestMessage` octets. The room sends "NAME\nTEXT", also to him who said it; NAME is the end of his peer id,
/// so that nobody chooses another's, or empty where the room itself tells something.
///
/// A member who does not read loses the oldest messages; one who talks is heard `kPause` apart.
class ChatRoom {
public:
    static constexpr auto kProtocol = "/p2p-chat/1.0.0";
    static constexpr std::size_t kLongestMessage = 1024;
    static constexpr std::size_t kMaxMembers = 64;
    static constexpr std::size_t kMaxWaiting = 32;  ///< messages for one member
    static constexpr std::chrono::milliseconds kPause{50};

    /// Called with everything that is said in the room, as it came: not made fit for a terminal.
    using Ear = std::function<void(const std::string& name, const std::string& text)>;

    /// `host_name` is who speaks by `say`.
    ChatRoom(std::string host_name, Ear ear) : host_name_(std::move(host_name)), ear_(std::move(ear)) {}

    /// How a peer is called.
    static std::string name_of(const PeerId& peer);

    /// Serves one member until he leaves. The room has to outlive it.
    awaitable<void> serve(std::unique_ptr<Stream> stream);

    /// What the node's owner says. Longer texts are cut.
    void say(std::string_view text);

    std::size_t size() const noexcept { return members_.size(); }

private:
    struct Member {
        explicit Member(asio::any_io_executor executor) : wanted(std::move(executor)) {}

        std::deque<std::shared_ptr<const std::string>> waiting;
        Waiter wanted;  ///< notified when something waits
    };

    awaitable<void> listen_to(Stream& stream, std::string name);
    static awaitable<void> tell(Stream& stream, Member& member);
    void spread(const std::string& name, const std::string& text);

    std::string host_name_;
    Ear ear_;
    std::list<Member> members_;
};

}  // namespace libp2p::tools
