// SPDX-License-Identifier: MIT OR Apache-2.0
#include "libp2p/dns/resolver.hpp"

#include <libp2p/tasks.hpp>
#include <libp2p/timeout.hpp>
#include <libp2p/wait_list.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/intrusive/list.hpp>

#include <ares.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <utility>

namespace libp2p::dns {
namespace {

namespace intrusive = boost::intrusive;

/// c-ares doubles its patience with each try: 1/7 + 2/7 + 4/7 of the time.
constexpr int kTries = 3;
constexpr int kShares = 7;

/// c-ares looks after its time-outs at least so often.
constexpr std::chrono::milliseconds kTick{100};

// Numbers of the DNS protocol.
constexpr int kClassInternet = 1;
constexpr int kTypeText = 16;

Error error_of(int status, const std::string& name) {
    const auto with = [&](const error_code& code) {
        return Error(code, "name " + name + ": " + ares_strerror(status));
    };
    switch (status) {
        case ARES_ENOTFOUND: return with(make_error_code(asio::error::host_not_found));
        case ARES_ENODATA: return with(make_error_code(asio::error::no_data));
        case ARES_ETIMEOUT: return with(make_error_code(asio::error::timed_out));
        case ARES_ENOMEM: return with(make_error_code(asio::error::no_memory));
        case ARES_EBADNAME: return with(make_error_code(Errc::invalid_address));
        case ARES_ECANCELLED:
        case ARES_EDESTRUCTION: return make_error_code(asio::error::operation_aborted);
        default: return with(make_error_code(asio::error::host_not_found_try_again));
    }
}

bool is_name(const std::string& name) noexcept {
    return !name.empty() && name.size() <= kMaxNameSize &&
           std::all_of(name.begin(), name.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

}  // namespace

/// One lookup with a c-ares channel of its own: its own source port, its own sockets, and nothing left when it ends.
class Resolver::Query {
public:
    Query(State& state, std::string name);
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;

    ~Query() {
        is_dying_ = true;
        if (channel_ != nullptr) {
            ares_destroy(channel_);  // calls back, for each socket and for the lookup
        }
    }

    /// What to ask for. Nothing is sent before `run`.
    void want_addresses(Family family) noexcept { family_ = family; }
    void want_texts() noexcept { family_.reset(); }

    /// Runs until the lookup has ended.
    awaitable<result<void>> run();

    void finish(int status) noexcept {
        if (!status_) {
            status_ = status;
            if (!is_dying_) {
                timer_.cancel();
            }
        }
    }

    const std::string& name() const noexcept { return name_; }

    std::vector<asio::ip::address> addresses;
    std::vector<std::string> texts;
    intrusive::list_member_hook<intrusive::link_mode<intrusive::auto_unlink>> running;

private:
    using Descriptor = asio::posix::stream_descriptor;

    /// A socket of c-ares, which closes it: `descriptor` is released before.
    struct Socket {
        explicit Socket(const asio::any_io_executor& executor) : descriptor(executor) {}
        Socket(const Socket&) = delete;
        Socket& operator=(const Socket&) = delete;
        ~Socket() { release(); }

        void release() noexcept {
            if (descriptor.is_open()) {
                try {
                    descriptor.release();
                } catch (...) {
                    // Only an executor without this operation throws; ours has polled with it.
                }
            }
        }

        Descriptor descriptor;
        std::array<bool, 2> wanted{};   // by wait type: to read, to write
        std::array<bool, 2> watched{};  // a task is there for it
    };

    static void on_socket(void* self, ares_socket_t socket, int readable, int writable);
    static void on_addresses(void* self, int status, int timeouts, ares_addrinfo* found);
    static void on_texts(void* self, int status, int timeouts, unsigned char* answer, int size);

    void ask();
    void set_interest(ares_socket_t socket, bool readable, bool writable);
    void watch_if_wanted(const std::shared_ptr<Socket>& socket, Descriptor::wait_type way);
    awaitable<void> watch(std::shared_ptr<Socket> socket, Descriptor::wait_type way);
    std::chrono::milliseconds until_next_timeout();

    State& state_;
    std::string name_;
    std::optional<Family> family_;
    ares_channel channel_ = nullptr;
    TaskScope* tasks_ = nullptr;  // while `run` runs
    asio::steady_timer timer_;
    std::map<ares_socket_t, std::shared_ptr<Socket>> sockets_;  // shared with the tasks that watch them
    std::optional<int> status_;
    bool is_dying_ = false;
};

struct Resolver::State {
    State(asio::any_io_executor on, std::chrono::milliseconds limit, std::string ask)
        : executor(on), timeout(limit), servers(std::move(ask)), turns(std::move(on)) {}

    /// A place among those that may look names up at the same time.
    class Turn {
    public:
        explicit Turn(State& state) noexcept : state_(state) { ++state_.active; }
        Turn(const Turn&) = delete;
        Turn& operator=(const Turn&) = delete;
        ~Turn() {
            --state_.active;
            state_.turns.notify_one();
        }

    private:
        State& state_;
    };

    awaitable<result<void>> wait_for_turn() {
        const auto generation = cancellations;
        while (active >= kMaxQueries) {
            auto ec = co_await turns.wait();
            if (ec) {
                co_return ec;
            }
            if (generation != cancellations) {
                turns.notify_one();  // the turn was offered here
                co_return make_error_code(asio::error::operation_aborted);
            }
        }
        co_return ok();
    }

    asio::any_io_executor executor;
    std::chrono::milliseconds timeout;
    std::string servers;
    WaitList turns;
    std::size_t active = 0;
    std::uint64_t cancellations = 0;
    intrusive::list<
        Query,
        intrusive::member_hook<Query, decltype(Query::running), &Query::running>,
        intrusive::constant_time_size<false>>
        queries;
};

// --- Resolver ------------------------------------------------------------------------------------------------------

Resolver::Resolver(asio::any_io_executor executor, std::chrono::milliseconds timeout, std::string servers)
    : state_(std::make_shared<State>(std::move(executor), timeout, std::move(servers))) {}

Resolver::~Resolver() {
    cancel();
}

awaitable<result<std::vector<asio::ip::address>>> Resolver::addresses(std::string name, Family family) {
    return find_addresses(state_, std::move(name), family);
}

awaitable<result<std::vector<std::string>>> Resolver::texts(std::string name) {
    return find_texts(state_, std::move(name));
}

void Resolver::cancel() noexcept {
    ++state_->cancellations;
    for (auto& query : state_->queries) {
        query.finish(ARES_ECANCELLED);
    }
    state_->turns.notify_all();
}

awaitable<result<std::vector<asio::ip::address>>> Resolver::find_addresses(
    std::shared_ptr<State> state, std::string name, Family family
) {
    auto turn = co_await state->wait_for_turn();
    if (!turn) {
        co_return turn.error();
    }
    State::Turn taken(*state);
    if (!is_name(name)) {
        co_return Error(Errc::invalid_address, "not a host name");
    }
    Query query(*state, std::move(name));
    query.want_addresses(family);
    auto found = co_await run(state, query);
    if (!found) {
        co_return found.error();
    }
    co_return std::move(query.addresses);
}

awaitable<result<std::vector<std::string>>> Resolver::find_texts(std::shared_ptr<State> state, std::string name) {
    auto turn = co_await state->wait_for_turn();
    if (!turn) {
        co_return turn.error();
    }
    State::Turn taken(*state);
    if (!is_name(name)) {
        co_return Error(Errc::invalid_address, "not a host name");
    }
    Query query(*state, std::move(name));
    query.want_texts();
    auto found = co_await run(state, query);
    if (!found) {
        co_return found.error();
    }
    co_return std::move(query.texts);
}

awaitable<result<void>> Resolver::run(std::shared_ptr<State> state, Query& query) {
    state->queries.push_back(query);
    auto ended = co_await with_timeout(state->timeout, query.run());
    if (!ended && ended.error() == asio::error::make_error_code(asio::error::timed_out)) {
        co_return error_of(ARES_ETIMEOUT, query.name());
    }
    co_return ended;
}

// --- Query -----------------------------------------------------------------------------------------------------------

Resolver::Query::Query(State& state, std::string name) : state_(state), name_(std::move(name)), timer_(state.executor) {
    ares_options options{};
    options.timeout = static_cast<int>(std::clamp<std::int64_t>(state.timeout.count() / kShares, 1, 60'000));
    options.tries = kTries;
    std::array<char, 3> lookups{'f', 'b', '\0'};  // the hosts file, then the servers
    options.lookups = lookups.data();
    options.sock_state_cb = on_socket;
    options.sock_state_cb_data = this;
    auto status = ares_init_options(
        &channel_, &options, ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB
    );
    if (status == ARES_SUCCESS && !state.servers.empty()) {
        status = ares_set_servers_ports_csv(channel_, state.servers.c_str());
    }
    if (status != ARES_SUCCESS) {
        finish(status);
    }
}

awaitable<result<void>> Resolver::Query::run() {
    auto body = [this](TaskScope& tasks) -> awaitable<void> {
        tasks_ = &tasks;
        ask();
        while (!status_) {
            timer_.expires_after(until_next_timeout());
            auto [ec] = co_await timer_.async_wait(as_result);
            if (!status_ && ec) {
                finish(ARES_ECANCELLED);
            } else if (!status_) {
                ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
            }
        }
    };
    co_await with_tasks(body);
    if (*status_ != ARES_SUCCESS) {
        co_return error_of(*status_, name_);
    }
    co_return ok();
}

void Resolver::Query::ask() {
    if (status_) {
        return;  // it could not even be set up
    }
    if (!family_) {
        ares_query(channel_, name_.c_str(), kClassInternet, kTypeText, on_texts, this);
        return;
    }
    ares_addrinfo_hints hints{};
    hints.ai_flags = ARES_AI_NOSORT;  // the dialer ranks
    hints.ai_socktype = SOCK_STREAM;
    switch (*family_) {
        case Family::v4: hints.ai_family = AF_INET; break;
        case Family::v6: hints.ai_family = AF_INET6; break;
        case Family::any: hints.ai_family = AF_UNSPEC; break;
    }
    ares_getaddrinfo(channel_, name_.c_str(), nullptr, &hints, on_addresses, this);
}

std::chrono::milliseconds Resolver::Query::until_next_timeout() {
    timeval most{};
    most.tv_usec = std::chrono::duration_cast<std::chrono::microseconds>(kTick).count();
    timeval next{};
    const auto* const wait = ares_timeout(channel_, &most, &next);
    return std::chrono::seconds(wait->tv_sec) + std::chrono::milliseconds(wait->tv_usec / 1000 + 1);
}

// c-ares is C: nothing may be thrown through it.

void Resolver::Query::on_socket(void* self, ares_socket_t socket, int readable, int writable) {
    auto& query = *static_cast<Query*>(self);
    try {
        query.set_interest(socket, readable != 0, writable != 0);
    } catch (...) {
        query.finish(ARES_ENOMEM);
    }
}

void Resolver::Query::on_addresses(void* self, int status, int /*timeouts*/, ares_addrinfo* found) {
    auto& query = *static_cast<Query*>(self);
    const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owned(found, ares_freeaddrinfo);
    if (status == ARES_SUCCESS && !query.is_dying_) {
        try {
            for (auto* node = found->nodes; node != nullptr && query.addresses.size() < kMaxAnswers;
                 node = node->ai_next) {
                if (node->ai_family == AF_INET) {
                    const auto* const v4 = reinterpret_cast<const sockaddr_in*>(node->ai_addr);
                    query.addresses.emplace_back(asio::ip::address_v4(ntohl(v4->sin_addr.s_addr)));
                } else if (node->ai_family == AF_INET6) {
                    const auto* const v6 = reinterpret_cast<const sockaddr_in6*>(node->ai_addr);
                    asio::ip::address_v6::bytes_type octets;
                    std::copy_n(v6->sin6_addr.s6_addr, octets.size(), octets.begin());
                    query.addresses.emplace_back(asio::ip::address_v6(octets));
                }
            }
            status = query.addresses.empty() ? ARES_ENODATA : ARES_SUCCESS;
        } catch (...) {
            status = ARES_ENOMEM;
        }
    }
    query.finish(status);
}

void Resolver::Query::on_texts(void* self, int status, int /*timeouts*/, unsigned char* answer, int size) {
    auto& query = *static_cast<Query*>(self);
    if (status == ARES_SUCCESS && !query.is_dying_) {
        ares_txt_ext* first = nullptr;
        status = ares_parse_txt_reply_ext(answer, size, &first);
        const std::unique_ptr<void, decltype(&ares_free_data)> owned(first, ares_free_data);
        try {
            for (const auto* part = first; status == ARES_SUCCESS && part != nullptr; part = part->next) {
                if (part->record_start != 0) {
                    if (query.texts.size() == kMaxAnswers) {
                        break;
                    }
                    query.texts.emplace_back();
                }
                if (!query.texts.empty()) {
                    query.texts.back().append(reinterpret_cast<const char*>(part->txt), part->length);
                }
            }
            if (status == ARES_SUCCESS && query.texts.empty()) {
                status = ARES_ENODATA;
            }
        } catch (...) {
            status = ARES_ENOMEM;
        }
    }
    query.finish(status);
}

void Resolver::Query::set_interest(ares_socket_t socket, bool readable, bool writable) {
    auto entry = sockets_.find(socket);
    if (!readable && !writable) {  // c-ares closes it next
        if (entry != sockets_.end()) {
            entry->second->release();
            sockets_.erase(entry);
        }
        return;
    }
    if (entry == sockets_.end()) {
        auto added = std::make_shared<Socket>(state_.executor);
        added->descriptor.assign(socket);
        entry = sockets_.emplace(socket, std::move(added)).first;
    }
    entry->second->wanted = {readable, writable};
    watch_if_wanted(entry->second, Descriptor::wait_read);
    watch_if_wanted(entry->second, Descriptor::wait_write);
}

void Resolver::Query::watch_if_wanted(const std::shared_ptr<Socket>& socket, Descriptor::wait_type way) {
    if (socket->wanted[way] && !socket->watched[way]) {
        socket->watched[way] = true;
        tasks_->spawn(watch(socket, way));
    }
}

awaitable<void> Resolver::Query::watch(std::shared_ptr<Socket> socket, Descriptor::wait_type way) {
    while (socket->descriptor.is_open() && socket->wanted[way]) {
        auto [ec] = co_await socket->descriptor.async_wait(way, as_result);
        if (ec || status_ || !socket->descriptor.is_open()) {
            break;
        }
        const auto ready = socket->descriptor.native_handle();
        const bool reads = way == Descriptor::wait_read;
        ares_process_fd(channel_, reads ? ready : ARES_SOCKET_BAD, reads ? ARES_SOCKET_BAD : ready);
    }
    socket->watched[way] = false;
}

}  // namespace libp2p::dns
