// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/private/signalling_talk.hpp"

#include <utility>

namespace libp2p::webrtc {

SignallingTalk::SignallingTalk(asio::any_io_executor executor, std::unique_ptr<SignallingPipe> pipe)
    : pipe_(std::move(pipe)), more_(executor), farewell_(executor) {}

void SignallingTalk::start(Listener& listener, const Spawn& spawn) {
    listener_ = &listener;
    spawn(read_all(shared_from_this()));
    spawn(write_all(shared_from_this()));
}

void SignallingTalk::say(SignallingMessage message) {
    if (waiting_.size() < kMaxWaiting && !is_finishing_ && !is_aborted_) {
        waiting_.push_back(std::move(message));
        more_.notify();
    }
}

void SignallingTalk::finish() noexcept {
    if (std::exchange(is_finishing_, true)) {
        return;
    }
    listener_ = nullptr;
    waiting_.clear();
    more_.notify();
    if (is_silent_) {
        return;
    }
    farewell_.expires_after(kFarewell);
    farewell_.async_wait([weak = weak_from_this()](error_code ec) {
        if (auto self = weak.lock(); self && !ec) {
            self->pipe_->abort();
        }
    });
}

void SignallingTalk::abort() noexcept {
    if (is_finishing_) {
        return;
    }
    is_aborted_ = true;
    listener_ = nullptr;
    waiting_.clear();
    pipe_->abort();
    more_.notify();
}

awaitable<void> SignallingTalk::read_all(std::shared_ptr<SignallingTalk> self) {
    std::size_t ignored = 0;
    while (ignored < kMaxIgnored) {
        auto message = co_await self->pipe_->receive();
        if (!message) {
            if (self->listener_ != nullptr) {
                self->listener_->on_silence(message.error());
            }
            break;
        }
        if (self->listener_ != nullptr) {
            self->listener_->on_message(*message);
        } else {
            ++ignored;
        }
    }
    if (ignored == kMaxIgnored) {
        self->pipe_->abort();
    }
    self->is_silent_ = true;
    self->farewell_.cancel();
}

awaitable<void> SignallingTalk::write_all(std::shared_ptr<SignallingTalk> self) {
    while (!self->is_aborted_) {
        if (!self->waiting_.empty()) {
            auto message = std::move(self->waiting_.front());
            self->waiting_.pop_front();
            auto sent = co_await self->pipe_->send(std::move(message));
            if (!sent) {
                co_return;  // the reader hears of it too, unless the remote has all that it needs
            }
        } else if (self->is_finishing_) {
            auto closed = co_await self->pipe_->close();
            (void)closed;
            co_return;
        } else {
            auto interrupted = co_await self->more_.wait();
            if (interrupted) {
                co_return;
            }
        }
    }
}

}  // namespace libp2p::webrtc
