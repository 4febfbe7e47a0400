// SPDX-License-Identifier: MIT OR Apache-2.0
#include "tools/chat_room.hpp"

#include <libp2p/tasks.hpp>

#include <boost/asio/steady_timer.hpp>

#include <algorithm>

namespace libp2p::tools {
namespace {

constexpr std::size_t kNameLength = 6;

/// What a member's queue may hold, charged as a whole when he comes.
constexpr std::size_t kMemberMemory = ChatRoom::kMaxWaiting * (ChatRoom::kLongestMessage + kNameLength + 64);

/// At most `limit` octets, without half a character at the end.
std::string_view cut(std::string_view text, std::size_t limit) {
    if (text.size() <= limit) {
        return text;
    }
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80) {
        --limit;
    }
    return text.substr(0, limit);
}

}  // namespace

std::string ChatRoom::name_of(const PeerId& peer) {
    auto text = peer.to_string();
    return text.substr(text.size() - std::min(text.size(), kNameLength));
}

awaitable<void> ChatRoom::serve(std::unique_ptr<Stream> stream) {
    if (members_.size() >= kMaxMembers) {
        co_return;
    }
    Charge charge;
    if (stream->budget()) {
        auto taken = stream->budget()->charge(Usage::octets(kMemberMemory));
        if (!taken) {
            co_return;
        }
        charge = std::move(*taken);
    }
    const auto name = name_of(stream->remote_peer());
    const auto member = members_.emplace(members_.end(), stream->executor());
    struct Leaving {
        ~Leaving() { room.members_.erase(member); }
        ChatRoom& room;
        std::list<Member>::iterator member;
    } leaving{*this, member};
    spread("", name + " has joined");
    auto body = [&](TaskScope& tasks) -> awaitable<void> {
        tasks.spawn(tell(*stream, *member));
        co_await listen_to(*stream, name);
    };
    co_await with_tasks(body);
    member->waiting.clear();
    spread("", name + " has left");
}

awaitable<void> ChatRoom::listen_to(Stream& stream, std::string name) {
    asio::steady_timer pause(stream.executor());
    for (;;) {
        auto message = co_await read_delimited(stream, kLongestMessage);
        if (!message) {
            co_return;
        }
        if (!message->empty()) {
            spread(name, std::string(as_text(*message)));
        }
        pause.expires_after(kPause);
        co_await pause.async_wait(asio::use_awaitable);
    }
}

awaitable<void> ChatRoom::tell(Stream& stream, Member& member) {
    for (;;) {
        while (member.waiting.empty()) {
            auto ec = co_await member.wanted.wait();
            if (ec) {
                co_return;
            }
        }
        const auto message = std::move(member.waiting.front());
        member.waiting.pop_front();
        auto sent = co_await write_delimited(stream, as_bytes(*message));
        if (!sent) {
            co_return;
        }
    }
}

void ChatRoom::say(std::string_view text) {
    const auto message = cut(text, kLongestMessage);
    if (!message.empty()) {
        spread(host_name_, std::string(message));
    }
}

void ChatRoom::spread(const std::string& name, const std::string& text) {
    const auto message = std::make_shared<const std::string>(name + "\n" + text);
    for (auto& member : members_) {
        if (member.waiting.size() >= kMaxWaiting) {
            member.waiting.pop_front();
        }
        member.waiting.push_back(message);
        member.wanted.notify();
    }
    ear_(name, text);
}

}  // namespace libp2p::tools
