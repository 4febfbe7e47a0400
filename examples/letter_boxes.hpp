// SPDX-License-Identifier: MIT OR Apache-2.0
#pragma once

#include <libp2p/signalling.hpp>
#include <libp2p/waiter.hpp>

#include <deque>
#include <memory>
#include <optional>

using namespace libp2p;

/// A few letters on their way. `error` says why no more will come.
struct LetterBox {
    explicit LetterBox(asio::any_io_executor executor) : changed(std::move(executor)) {}

    void close(error_code why) {
        error = error ? error : why;
        changed.notify();
    }

    std::deque<SignallingMessage> letters;
    Waiter changed;
    error_code error;
};

/// One conversation: what is sent goes into one box, what is received comes from another.
class LetterPipe final : public SignallingPipe {
public:
    LetterPipe(std::shared_ptr<LetterBox> from, std::shared_ptr<LetterBox> to, PeerId peer)
        : from_(std::move(from)), to_(std::move(to)), remote_{std::move(peer), std::nullopt} {}
    ~LetterPipe() override { abort(); }

    const SignallingRemote& remote() const noexcept override { return remote_; }

    awaitable<result<void>> send(SignallingMessage message) override {
        to_->letters.push_back(std::move(message));
        to_->changed.notify();
        co_return ok();
    }

    awaitable<result<SignallingMessage>> receive() override {
        auto box = from_;
        while (box->letters.empty()) {
            if (box->error) {
                co_return box->error;
            }
            auto interrupted = co_await box->changed.wait();
            if (interrupted) {
                co_return interrupted;
            }
        }
        auto letter = std::move(box->letters.front());
        box->letters.pop_front();
        co_return letter;
    }

    awaitable<result<void>> close() override {
        to_->close(asio::error::make_error_code(asio::error::eof));
        co_return ok();
    }

    void abort() noexcept override {
        from_->close(asio::error::make_error_code(asio::error::operation_aborted));
        to_->close(make_error_code(Errc::stream_reset));
    }

private:
    std::shared_ptr<LetterBox> from_;  // shared with the other end
    std::shared_ptr<LetterBox> to_;
    SignallingRemote remote_;
};

/// Where the one who listens finds new conversations.
struct PostOffice {
    explicit PostOffice(asio::any_io_executor where) : executor(where), arrived(where) {}

    asio::any_io_executor executor;
    std::deque<std::unique_ptr<SignallingPipe>> conversations;
    Waiter arrived;
    bool is_closed = false;
};

class LetterListener final : public SignallingListener {
public:
    LetterListener(std::shared_ptr<PostOffice> post, Multiaddr address)
        : post_(std::move(post)), address_(std::move(address)) {}

    std::vector<Multiaddr> addresses() const override { return {address_}; }

    awaitable<result<std::unique_ptr<SignallingPipe>>> accept() override {
        auto post = post_;
        while (post->conversations.empty()) {
            if (post->is_closed) {
                co_return Errc::shut_down;
            }
            auto interrupted = co_await post->arrived.wait();
            if (interrupted) {
                co_return interrupted;
            }
        }
        auto pipe = std::move(post->conversations.front());
        post->conversations.pop_front();
        co_return std::move(pipe);
    }

    void close() noexcept override {
        post_->is_closed = true;
        post_->arrived.notify();
    }

private:
    std::shared_ptr<PostOffice> post_;
    Multiaddr address_;
};

/// What an application implements to carry the messages in its own way.
class Letters final : public Signalling {
public:
    Letters(std::shared_ptr<PostOffice> post, PeerId own) : post_(std::move(post)), own_(std::move(own)) {}

    bool can_dial(const Multiaddr& address) const noexcept override {
        return address.has(Protocol::memory) && address.has(Protocol::webrtc);
    }
    bool can_listen(const Multiaddr& address) const noexcept override { return can_dial(address); }

    awaitable<result<std::unique_ptr<SignallingPipe>>> open(Multiaddr, PeerId peer) override {
        auto there = std::make_shared<LetterBox>(post_->executor);
        auto back = std::make_shared<LetterBox>(post_->executor);
        post_->conversations.push_back(std::make_unique<LetterPipe>(there, back, own_));
        post_->arrived.notify();
        std::unique_ptr<SignallingPipe> pipe = std::make_unique<LetterPipe>(back, there, std::move(peer));
        co_return std::move(pipe);
    }

    awaitable<result<std::unique_ptr<SignallingListener>>> listen(Multiaddr address) override {
        std::unique_ptr<SignallingListener> listener = std::make_unique<LetterListener>(post_, std::move(address));
        co_return std::move(listener);
    }

private:
    std::shared_ptr<PostOffice> post_;
    PeerId own_;
};
