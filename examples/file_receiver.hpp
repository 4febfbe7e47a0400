// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include "examples/file_offer.hpp"

#include <libp2p/wait_list.hpp>

#include <iostream>
#include <map>
#include <memory>

namespace example {

/// Takes files into a folder. What has come of one is in a hidden file named by the hash of the whole, so that going on
/// where another stream, or another run, has left off mixes no two files.
class FileReceiver {
public:
    /// Streams that are served at a time.
    static constexpr std::size_t kMaxStreams = 16;

    FileReceiver(asio::any_io_executor executor, std::filesystem::path folder)
        : folder_(std::move(folder)), ended_(std::move(executor)) {}

    /// A stream's handler.
    awaitable<void> serve(std::unique_ptr<Stream> stream) {
        auto message = co_await hear(*stream);
        auto offer = message ? parse_offer(message->body) : message.error();
        Json answer;
        const auto refusal = offer ? refusal_of(*offer) : offer.error().message();
        if (!refusal.empty()) {
            answer["refused"] = refusal;
        } else {
            bool is_awaited = false;
            auto taken = co_await take(*stream, *offer, is_awaited);
            std::cout << offer->name << ": " << (taken ? "complete" : taken.error().message()) << std::endl;
            if (taken) {
                answer["ok"] = true;
            } else {
                answer[is_awaited ? "error" : "refused"] = taken.error().message();
            }
        }
        auto said = co_await say(*stream, std::move(answer));
        auto closed = co_await stream->close_write();
        (void)said;  // a sender that is gone comes again, and asks
        (void)closed;
    }

private:
    /// The stream that a file comes on.
    struct Turn {
        Turn(FileReceiver& receiver, const std::string& hash, Stream& stream) : owner(receiver) {
            mine = owner.turns_.emplace(hash, &stream).first;
        }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn() {
            owner.turns_.erase(mine);
            owner.ended_.notify_all();
        }

        FileReceiver& owner;
        std::map<std::string, Stream*>::iterator mine;
    };

    /// Empty where the file may come.
    std::string refusal_of(const FileOffer& offer) const {
        std::error_code ec;
        const auto room = std::filesystem::space(folder_, ec);
        if (!ec && room.available < offer.size) {
            return "there is no room for " + std::to_string(offer.size) + " octets";
        }
        if (turns_.size() >= kMaxStreams) {
            return "as many files come as may come at a time";
        }
        return {};
    }

    /// `is_awaited` once the sender has been told to begin.
    awaitable<result<void>> take(Stream& stream, FileOffer offer, bool& is_awaited) {
        // Perhaps the sender has lost its connection, and this end has not noticed.
        for (auto turn = turns_.find(offer.sha256); turn != turns_.end(); turn = turns_.find(offer.sha256)) {
            turn->second->abort();
            auto interrupted = co_await ended_.wait();
            if (interrupted) {
                co_return interrupted;
            }
        }
        Turn turn(*this, offer.sha256, stream);
        const auto path = folder_ / offer.name;
        const auto part = folder_ / ("." + offer.sha256 + ".part");
        const bool exists = std::filesystem::exists(path);
        const auto& known = exists ? path : part;
        Sha256 hash;
        std::uint64_t size = 0;
        if (std::filesystem::exists(known)) {
            auto hashed = co_await hash_file(known, hash);
            if (!hashed) {
                co_return hashed.error();
            }
            size = *hashed;
        }
        if (exists && (size != offer.size || Sha256(hash).finish() != offer.sha256)) {
            co_return Error(Errc::already_exists, "there is another file of that name");
        }
        if (size > offer.size) {  // a disk that has lost its mind
            std::filesystem::remove(part);
            hash = Sha256();
            size = 0;
        }
        is_awaited = true;
        Json answer;
        answer["offset"] = size;
        auto said = co_await say(stream, std::move(answer));
        if (!said) {
            co_return said.error();
        }
        std::ofstream file(part, std::ios::binary | std::ios::app);
        auto come = co_await append(stream, file, hash, offer.size - size);
        file.close();
        if (!come) {
            co_return come.error();
        }
        if (!file || hash.finish() != offer.sha256) {
            std::filesystem::remove(part);
            co_return violation("what has come is not what was offered");
        }
        if (exists) {
            std::filesystem::remove(part);
        } else if (std::filesystem::exists(path)) {
            co_return Error(Errc::already_exists, "another file of that name has come meanwhile");
        } else {
            std::filesystem::rename(part, path);
        }
        co_return ok();
    }

    /// What is left of the file, and the end of the stream behind it.
    static awaitable<result<void>> append(Stream& stream, std::ofstream& file, Sha256& hash, std::uint64_t left) {
        Bytes buffer(kChunk);
        for (;;) {
            stream.expires_after(kSilence);
            auto count = co_await stream.read_some(buffer);
            if (!count && left == 0 && count.error() == asio::error::make_error_code(asio::error::eof)) {
                co_return ok();
            }
            if (!count) {
                co_return count.error();
            }
            if (*count > left) {
                co_return violation("more octets have come than were offered");
            }
            const auto come = ByteView(buffer).first(*count);
            file.write(reinterpret_cast<const char*>(come.data()), static_cast<std::streamsize>(come.size()));
            if (!file.flush()) {
                co_return Error(asio::error::make_error_code(asio::error::no_buffer_space), "the disk takes no more");
            }
            hash.add(come);
            left -= *count;
        }
    }

    std::filesystem::path folder_;
    std::map<std::string, Stream*> turns_;  // by hash; at most kMaxStreams
    WaitList ended_;
};

}  // namespace example
