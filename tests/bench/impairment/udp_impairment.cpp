// SPDX-License-Identifier: MIT OR Apache-2.0
// A link that is worse than loopback, put between a program and its UDP sockets: preloaded, it stands in for `sendmsg`.
// UDP_LOSS percent of the datagrams are lost, all others leave UDP_DELAY_MS later. Batches of datagrams (UDP_SEGMENT)
// stay batches, less what is lost of them.
#include <dlfcn.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using SendMessage = ssize_t (*)(int, const msghdr*, int);

double setting(const char* name) {
    const auto* text = std::getenv(name);
    return text != nullptr ? std::atof(text) : 0;
}

/// Datagrams of one size, but for the last, to one remote.
struct Batch {
    Clock::time_point due;
    int descriptor;
    sockaddr_storage to;
    socklen_t to_size;
    std::size_t segment;
    std::vector<std::uint8_t> octets;
};

class Impairment {
public:
    static Impairment& instance() {
        static auto& impairment = *new Impairment;  // its thread never ends
        return impairment;
    }

    ssize_t send(int descriptor, const msghdr* message, int flags) {
        int type = 0;
        socklen_t size = sizeof type;
        const bool is_udp = ::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_DGRAM &&
                            message->msg_namelen != 0;
        if (!is_udp || (loss_ == 0 && delay_.count() == 0)) {
            return send_(descriptor, message, flags);
        }
        auto batch = copy(descriptor, *message);
        const auto total = static_cast<ssize_t>(batch.octets.size());
        lose_some(batch);
        if (delay_.count() == 0) {
            transmit(batch);
            return total;
        }
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(batch));
        changed_.notify_one();
        return total;
    }

private:
    Impairment()
        : send_(reinterpret_cast<SendMessage>(::dlsym(RTLD_NEXT, "sendmsg"))),
          loss_(setting("UDP_LOSS") / 100),
          delay_(static_cast<int>(setting("UDP_DELAY_MS"))) {
        if (delay_.count() > 0) {
            std::thread([this] { deliver(); }).detach();
        }
    }

    Batch copy(int descriptor, const msghdr& message) const {
        Batch batch{Clock::now() + delay_, descriptor, {}, message.msg_namelen, 0, {}};
        std::memcpy(&batch.to, message.msg_name, message.msg_namelen);
        for (std::size_t i = 0; i < message.msg_iovlen; ++i) {
            const auto* begin = static_cast<const std::uint8_t*>(message.msg_iov[i].iov_base);
            batch.octets.insert(batch.octets.end(), begin, begin + message.msg_iov[i].iov_len);
        }
        batch.segment = batch.octets.size();
        auto* writable = const_cast<msghdr*>(&message);
        for (auto* control = CMSG_FIRSTHDR(writable); control != nullptr; control = CMSG_NXTHDR(writable, control)) {
            if (control->cmsg_level == SOL_UDP && control->cmsg_type == UDP_SEGMENT) {
                std::uint16_t segment = 0;
                std::memcpy(&segment, CMSG_DATA(control), sizeof segment);
                batch.segment = segment;
            }
        }
        return batch;
    }

    void lose_some(Batch& batch) {
        const std::lock_guard lock(mutex_);
        auto end = batch.octets.begin();
        for (std::size_t at = 0; at < batch.octets.size(); at += batch.segment) {
            const auto size = std::min(batch.segment, batch.octets.size() - at);
            if (draw_(random_) >= loss_) {
                end = std::copy_n(batch.octets.begin() + static_cast<std::ptrdiff_t>(at), size, end);
            }
        }
        batch.octets.erase(end, batch.octets.end());
    }

    void transmit(const Batch& batch) const {
        if (batch.octets.empty()) {
            return;
        }
        iovec part{const_cast<std::uint8_t*>(batch.octets.data()), batch.octets.size()};
        msghdr message{};
        message.msg_name = const_cast<sockaddr_storage*>(&batch.to);
        message.msg_namelen = batch.to_size;
        message.msg_iov = &part;
        message.msg_iovlen = 1;
        alignas(cmsghdr) std::array<std::uint8_t, CMSG_SPACE(sizeof(std::uint16_t))> space{};
        if (batch.octets.size() > batch.segment) {
            message.msg_control = space.data();
            message.msg_controllen = space.size();
            auto* control = CMSG_FIRSTHDR(&message);
            control->cmsg_level = SOL_UDP;
            control->cmsg_type = UDP_SEGMENT;
            control->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
            const auto segment = static_cast<std::uint16_t>(batch.segment);
            std::memcpy(CMSG_DATA(control), &segment, sizeof segment);
        }
        send_(batch.descriptor, &message, 0);
    }

    [[noreturn]] void deliver() {
        std::unique_lock lock(mutex_);
        for (;;) {
            changed_.wait(lock, [this] { return !waiting_.empty(); });
            auto batch = std::move(waiting_.front());
            waiting_.pop_front();
            lock.unlock();
            std::this_thread::sleep_until(batch.due);
            transmit(batch);
            lock.lock();
        }
    }

    SendMessage send_;
    double loss_;
    std::chrono::milliseconds delay_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Batch> waiting_;
    std::minstd_rand random_{1};
    std::uniform_real_distribution<double> draw_;
};

}  // namespace

extern "C" ssize_t sendmsg(int descriptor, const msghdr* message, int flags) {
    return Impairment::instance().send(descriptor, message, flags);
}
