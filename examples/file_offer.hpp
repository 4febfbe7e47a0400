// SPDX-License-Identifier: MIT OR Apache-2.0
// The messages of /send-file/1.0.0: JSON objects, each preceded by its length. The sender offers a file, the receiver
// says from which octet on it wants it, the octets follow, and the receiver says whether they are what was offered.
#pragma once

#include "examples/sha256.hpp"

#include <libp2p/async.hpp>
#include <libp2p/stream.hpp>

#include <boost/asio/post.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>

namespace example {

using namespace libp2p;
using Json = nlohmann::json;

inline constexpr auto kSendFile = "/send-file/1.0.0";
inline constexpr std::size_t kMaxMessage = 4096;
inline constexpr std::size_t kMaxName = 255;
inline constexpr std::uint64_t kMaxSize = (1ULL << 53) - 1;  // what every JSON can say
inline constexpr std::size_t kChunk = 256 * 1024;

/// A remote that does nothing for so long has gone.
inline constexpr std::chrono::seconds kSilence{10};

/// So long a person may look at an offer.
inline constexpr std::chrono::minutes kDecision{5};

/// A file that is to be sent. Files are told apart by their hashes.
struct FileOffer {
    std::string name;
    std::uint64_t size = 0;
    std::string sha256;
};

inline Error violation(std::string what) {
    return Error(Errc::protocol_violation, std::move(what));
}

inline awaitable<result<void>> say(Stream& stream, Json message) {
    const auto text = message.dump(-1, ' ', false, Json::error_handler_t::replace);
    stream.expires_after(kSilence);
    auto written = co_await write_delimited(stream, as_bytes(text));
    co_return written;
}

/// A JSON object that has come.
struct Message {
    Json body;
};

inline awaitable<result<Message>> hear(Stream& stream, std::chrono::seconds patience = kSilence) {
    stream.expires_after(patience);
    auto octets = co_await read_delimited(stream, kMaxMessage);
    if (!octets) {
        co_return octets.error();
    }
    Message message;
    message.body = Json::parse(octets->begin(), octets->end(), nullptr, false);
    if (!message.body.is_object()) {
        co_return violation("a message is no JSON object");
    }
    co_return message;
}

/// The text of that name; empty where there is none.
inline std::string text_of(const Json& message, const char* key) {
    const auto found = message.find(key);
    return found != message.end() && found->is_string() ? found->get<std::string>() : std::string();
}

inline result<std::uint64_t> number_of(const Json& message, const char* key) {
    const auto found = message.find(key);
    if (found == message.end() || !found->is_number_unsigned() || found->get<std::uint64_t>() > kMaxSize) {
        return violation(std::string(key) + " is no number of octets");
    }
    return found->get<std::uint64_t>();
}

/// Whether `name` can be that of a file in a folder, and of no other.
inline bool is_file_name(std::string_view name) noexcept {
    return !name.empty() && name.size() <= kMaxName && name.front() != '.' && std::ranges::none_of(name, [](char c) {
        return c == '/' || c == '\\' || static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
    });
}

inline bool is_sha256(std::string_view text) noexcept {
    return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == text.npos;
}

inline result<FileOffer> parse_offer(const Json& message) {
    const auto size = number_of(message, "size");
    if (!size) {
        return size.error();
    }
    FileOffer offer{text_of(message, "name"), *size, text_of(message, "sha256")};
    if (!is_file_name(offer.name)) {
        return violation("this is no name for a file");
    }
    if (!is_sha256(offer.sha256)) {
        return violation("sha256 is no hash");
    }
    return offer;
}

/// Adds what the file holds to `hash`; others have their turns meanwhile. The number of octets comes back.
inline awaitable<result<std::uint64_t>> hash_file(std::filesystem::path path, Sha256& hash) {
    std::ifstream file(path, std::ios::binary);
    Bytes buffer(kChunk);
    std::uint64_t size = 0;
    while (file.read(reinterpret_cast<char*>(buffer.data()), kChunk), file.gcount() > 0) {
        const auto count = static_cast<std::size_t>(file.gcount());
        hash.add(ByteView(buffer).first(count));
        size += count;
        auto executor = co_await asio::this_coro::executor;
        co_await asio::post(executor, asio::use_awaitable);
    }
    if (!file.eof()) {
        co_return Error(asio::error::make_error_code(asio::error::not_found), "cannot read " + path.string());
    }
    co_return size;
}

}  // namespace example
