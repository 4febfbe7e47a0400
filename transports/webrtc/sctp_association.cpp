// SPDX-License-Identifier: MIT OR Apache-2.0
#include "transports/webrtc/sctp_association.hpp"

#include "transports/webrtc/crc32c.hpp"
#include "transports/webrtc/sctp_chunk.hpp"

#include <boost/asio/error.hpp>

#include <usrsctp.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace libp2p::webrtc {
namespace {

/// Both ends use this port (RFC 8841 section 5 leaves it to signalling, which is not there).
constexpr std::uint16_t kPort = 5000;

/// Octets of an SCTP packet's common header, which usrsctp does not count in a path's MTU.
constexpr auto kCommonHeader = static_cast<std::uint32_t>(kSctpCommonHeader);

/// Octets of a DATA chunk in front of its payload (RFC 9260, 3.3.1).
constexpr std::size_t kDataChunkHeader = 16;

/// The window is set when it has changed by one of so many parts.
constexpr std::uint32_t kWindowSteps = 16;

/// Longest notification that is put together; they have a few dozen octets, or two for each stream.
constexpr std::size_t kMaxNotification = 256 * 1024;

/// Messages and parts of messages are read into this.
constexpr std::size_t kScratch = 64 * 1024;

/// Options of usrsctp that its public header leaves out: the largest congestion window, what an association holds, and
/// the kind of congestion control.
constexpr int kMaxWindow = 0x00000032;
constexpr int kGetSendBufferUse = 0x00001101;
constexpr int kCongestionControl = 0x00001202;
struct BufferUse {
    sctp_assoc_t association;
    std::uint32_t to_send;
    std::uint32_t received;
};

Error last_error() {
    return error_code(errno, boost::system::system_category());
}

void* as_address(std::uintptr_t number) noexcept {
    return reinterpret_cast<void*>(number);  // NOLINT(performance-no-int-to-ptr)
}

sockaddr_conn endpoint_of(std::uintptr_t number) noexcept {
    sockaddr_conn endpoint{};
    endpoint.sconn_family = AF_CONN;
    endpoint.sconn_port = htons(kPort);
    endpoint.sconn_addr = as_address(number);
    return endpoint;
}

template <class Value>
bool set(struct socket* socket, int level, int option, const Value& value) noexcept {
    return usrsctp_setsockopt(socket, level, option, &value, sizeof value) == 0;
}

}  // namespace

/// Usrsctp calls back from within these calls, and packets then need no detour.
class SctpAssociation::Calling {
public:
    explicit Calling(SctpAssociation& association) noexcept : before_(std::exchange(current_, &association)) {}
    Calling(const Calling&) = delete;
    Calling& operator=(const Calling&) = delete;
    ~Calling() { current_ = before_; }

    static bool is_by_owner(std::uintptr_t number) noexcept {
        return current_ != nullptr && current_->number_ == number;
    }

    static bool sends_now(std::uintptr_t number, ByteView packet) noexcept {
        if (!is_by_owner(number)) {
            return false;
        }
        current_->transmit(packet);
        return true;
    }

private:
    static thread_local SctpAssociation* current_;

    SctpAssociation* before_;
};

thread_local SctpAssociation* SctpAssociation::Calling::current_ = nullptr;

std::size_t SctpAssociation::max_fragment(std::uint32_t path_mtu) noexcept {
    const auto room = path_mtu - kCommonHeader - kDataChunkHeader;
    return room - room % 4;  // chunks are padded to this
}

int SctpAssociation::on_packet(void* number, void* packet, std::size_t size, std::uint8_t, std::uint8_t) noexcept {
    const MutableByteView octets(static_cast<std::uint8_t*>(packet), size);
    write_sctp_checksum(octets);
    const auto key = reinterpret_cast<std::uintptr_t>(number);
    if (!Calling::sends_now(key, octets)) {
        SctpStack::instance().leave(key, octets);
    }
    return 0;
}

void SctpAssociation::on_news(struct socket*, void* number, int) noexcept {
    const auto key = reinterpret_cast<std::uintptr_t>(number);
    if (!Calling::is_by_owner(key)) {
        SctpStack::instance().leave(key, {});
    }
}

result<std::shared_ptr<SctpAssociation>> SctpAssociation::make(
    asio::any_io_executor executor,
    const SctpOptions& options,
    SctpEvents& events,
    std::chrono::steady_clock::time_point now
) {
    auto association = std::make_shared<SctpAssociation>(Token(), events, options);
    association->number_ = SctpStack::instance().add(association, std::move(executor), now);
    auto opened = association->open(options);
    if (!opened) {
        return opened.error().with_context("opening an SCTP association");
    }
    return association;
}

SctpAssociation::SctpAssociation(Token, SctpEvents& events, const SctpOptions& options) noexcept
    : events_(events), congestion_(max_fragment(options.path_mtu) + kDataChunkHeader) {}

SctpAssociation::~SctpAssociation() {
    abort();
    SctpStack::instance().remove(number_);
}

void SctpAssociation::transmit(ByteView packet) noexcept {
    auto rest = packet.subspan(kSctpCommonHeader);
    while (const auto chunk = next_sctp_item(rest)) {
        if (type_of(*chunk) == SctpChunkType::data && chunk->size() >= kDataChunkHeader) {
            congestion_.on_sent(u32_at(*chunk, kSctpTsn), chunk->size(), events_.now());
        }
    }
    events_.send_packet(packet);
}

void SctpAssociation::take_acknowledgements(ByteView packet) noexcept {
    auto rest = packet.subspan(std::min(packet.size(), kSctpCommonHeader));
    while (const auto chunk = next_sctp_item(rest)) {
        if (type_of(*chunk) == SctpChunkType::sack && chunk->size() >= kSctpTsn + sizeof(std::uint32_t)) {
            congestion_.on_acknowledged(u32_at(*chunk, kSctpTsn), events_.now());
            set_window();
        }
    }
}

/// usrsctp has an option for the largest window, but none for the window. One that makes congestion control begin anew
/// takes the window that all begin with, which is configured to be endless: so it becomes the largest one.
void SctpAssociation::set_window() noexcept {
    const auto wanted = congestion_.window();
    const auto change = wanted > window_ ? wanted - window_ : window_ - wanted;
    if (socket_ == nullptr || (!congestion_.take_refresh() && change <= window_ / kWindowSteps)) {
        return;
    }
    window_ = wanted;
    set(socket_, IPPROTO_SCTP, kMaxWindow, sctp_assoc_value{SCTP_ALL_ASSOC, window_});
    set(socket_, IPPROTO_SCTP, kCongestionControl, sctp_assoc_value{SCTP_ALL_ASSOC, SCTP_CC_RFC2581});
}

result<void> SctpAssociation::open(const SctpOptions& options) {
    socket_ = usrsctp_socket(AF_CONN, SOCK_STREAM, IPPROTO_SCTP, nullptr, nullptr, 0, nullptr);
    if (socket_ == nullptr) {
        return last_error();
    }
    usrsctp_set_upcall(socket_, on_news, as_address(number_));
    send_buffer_ = options.send_buffer;

    bool good = usrsctp_set_non_blocking(socket_, 1) == 0;
    good = good && set(socket_, SOL_SOCKET, SO_LINGER, linger{1, 0});  // closing sends ABORT
    good = good && set(socket_, SOL_SOCKET, SO_SNDBUF, static_cast<int>(options.send_buffer));
    good = good && set(socket_, SOL_SOCKET, SO_RCVBUF, static_cast<int>(options.receive_buffer));
    good = good && set(socket_, IPPROTO_SCTP, SCTP_NODELAY, std::uint32_t{1});
    good = good && set(socket_, IPPROTO_SCTP, SCTP_RECVRCVINFO, 1);
    sctp_assoc_value resets{};
    resets.assoc_id = SCTP_ALL_ASSOC;
    resets.assoc_value = SCTP_ENABLE_RESET_STREAM_REQ;
    good = good && set(socket_, IPPROTO_SCTP, SCTP_ENABLE_STREAM_RESET, resets);
    for (int type : {SCTP_ASSOC_CHANGE, SCTP_SENDER_DRY_EVENT, SCTP_STREAM_RESET_EVENT}) {
        sctp_event event{};
        event.se_assoc_id = SCTP_ALL_ASSOC;
        event.se_type = static_cast<std::uint16_t>(type);
        event.se_on = 1;
        good = good && set(socket_, IPPROTO_SCTP, SCTP_EVENT, event);
    }
    window_ = congestion_.window();
    good = good && set(socket_, IPPROTO_SCTP, kMaxWindow, sctp_assoc_value{SCTP_ALL_ASSOC, window_});
    sctp_initmsg init{};
    init.sinit_num_ostreams = options.streams;
    init.sinit_max_instreams = options.streams;
    good = good && set(socket_, IPPROTO_SCTP, SCTP_INITMSG, init);
    sctp_paddrparams path{};
    path.spp_flags = SPP_PMTUD_DISABLE;
    path.spp_pathmtu = options.path_mtu - kCommonHeader;
    good = good && set(socket_, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, path);
    auto here = endpoint_of(number_);
    good = good && usrsctp_bind(socket_, reinterpret_cast<sockaddr*>(&here), sizeof here) == 0;
    if (!good) {
        return last_error();
    }
    return ok();
}

result<void> SctpAssociation::connect() {
    Calling calling(*this);
    auto there = endpoint_of(number_);
    if (usrsctp_connect(socket_, reinterpret_cast<sockaddr*>(&there), sizeof there) != 0 && errno != EINPROGRESS) {
        return last_error().with_context("connecting an SCTP association");
    }
    return ok();
}

void SctpAssociation::receive(ByteView packet) noexcept {
    if (socket_ == nullptr) {
        return;
    }
    take_acknowledgements(packet);
    Calling calling(*this);
    usrsctp_conninput(as_address(number_), packet.data(), packet.size(), 0);
}

void SctpAssociation::look() {
    if (looking_) {
        return;  // whoever is at it looks again
    }
    const auto self = shared_from_this();  // an event may let go of the last other owner
    struct Looking {
        bool& flag;
        explicit Looking(bool& value) : flag(value) { flag = true; }
        ~Looking() { flag = false; }
    };
    Looking looking(looking_);
    for (const auto& packet : SctpStack::instance().collect(number_)) {
        transmit(packet);
    }
    set_window();
    static thread_local std::array<std::uint8_t, kScratch> scratch;
    while (!paused_ && collect_one(scratch)) {
    }
    if (socket_ != nullptr && wanted_ > 0 && held().to_send + wanted_ < send_buffer_) {
        wanted_ = 0;
        events_.on_writable();
    }
    events_.on_looked();
}

/// Takes one message, part of one, or notification; false when there is none.
bool SctpAssociation::collect_one(MutableByteView scratch) {
    if (socket_ == nullptr) {
        return false;
    }
    sctp_rcvinfo info{};
    socklen_t info_size = sizeof info;
    unsigned info_type = SCTP_RECVV_NOINFO;
    int flags = 0;
    ssize_t size = 0;
    {
        Calling calling(*this);  // reading may reopen the window, which the remote is told
        size = usrsctp_recvv(
            socket_, scratch.data(), scratch.size(), nullptr, nullptr, &info, &info_size, &info_type, &flags
        );
    }
    if (size < 0 && (errno == EWOULDBLOCK || errno == EAGAIN || errno == EINTR)) {
        return false;
    }
    if (size < 0) {
        end(last_error());
        return false;
    }
    if (size == 0) {
        end(asio::error::make_error_code(asio::error::eof));
        return false;
    }
    const ByteView octets(scratch.data(), static_cast<std::size_t>(size));
    const bool is_last = (flags & MSG_EOR) != 0;
    if ((flags & MSG_NOTIFICATION) == 0) {
        if (info_type == SCTP_RECVV_RCVINFO) {
            events_.on_message(info.rcv_sid, static_cast<PayloadProtocol>(ntohl(info.rcv_ppid)), octets, is_last);
        }
        return true;
    }
    if (is_last && notification_.empty()) {
        take_notification(octets);
        return true;
    }
    if (notification_.size() + octets.size() <= kMaxNotification) {
        notification_.insert(notification_.end(), octets.begin(), octets.end());
    }
    if (is_last) {
        take_notification(std::exchange(notification_, {}));
    }
    return true;
}

void SctpAssociation::take_notification(ByteView octets) {
    sctp_notification::sctp_tlv header{};
    if (octets.size() < sizeof header) {
        return;
    }
    std::memcpy(&header, octets.data(), sizeof header);
    if (header.sn_type == SCTP_ASSOC_CHANGE && octets.size() >= sizeof(sctp_assoc_change)) {
        sctp_assoc_change change{};
        std::memcpy(&change, octets.data(), sizeof change);
        switch (change.sac_state) {
            case SCTP_COMM_UP:
                events_.on_established(std::min(change.sac_outbound_streams, change.sac_inbound_streams));
                break;
            case SCTP_SHUTDOWN_COMP: end(asio::error::make_error_code(asio::error::eof)); break;
            case SCTP_CANT_STR_ASSOC: end(asio::error::make_error_code(asio::error::connection_refused)); break;
            default:  // lost, or restarted: what was under way is gone either way
                end(asio::error::make_error_code(asio::error::connection_reset));
                break;
        }
    } else if (header.sn_type == SCTP_SENDER_DRY_EVENT) {
        events_.on_all_acknowledged();
    } else if (header.sn_type == SCTP_STREAM_RESET_EVENT && octets.size() >= sizeof(sctp_stream_reset_event)) {
        sctp_stream_reset_event event{};
        std::memcpy(&event, octets.data(), sizeof event);
        std::vector<std::uint16_t> streams((octets.size() - sizeof event) / sizeof(std::uint16_t));
        if (streams.empty()) {
            return;  // all of them: nobody here asks for that
        }
        std::memcpy(streams.data(), octets.data() + sizeof event, streams.size() * sizeof(std::uint16_t));
        const bool has_failed = (event.strreset_flags & (SCTP_STREAM_RESET_DENIED | SCTP_STREAM_RESET_FAILED)) != 0;
        if ((event.strreset_flags & SCTP_STREAM_RESET_INCOMING_SSN) != 0 && !has_failed) {
            events_.on_remote_reset(streams);
        }
        if ((event.strreset_flags & SCTP_STREAM_RESET_OUTGOING_SSN) != 0) {
            events_.on_local_reset(streams, !has_failed);
        }
    }
}

void SctpAssociation::end(Error why) {
    abort();
    events_.on_ended(std::move(why));
}

result<bool> SctpAssociation::send(std::uint16_t stream, PayloadProtocol protocol, ByteView message) {
    if (socket_ == nullptr) {
        return Errc::connection_closed;
    }
    Calling calling(*this);
    sctp_sndinfo info{};
    info.snd_sid = stream;
    info.snd_flags = SCTP_EOR;
    info.snd_ppid = htonl(static_cast<std::uint32_t>(protocol));
    auto sent =
        usrsctp_sendv(socket_, message.data(), message.size(), nullptr, 0, &info, sizeof info, SCTP_SENDV_SNDINFO, 0);
    if (sent >= 0) {
        return true;
    }
    if (errno == EWOULDBLOCK || errno == EAGAIN) {
        wanted_ = message.size();
        return false;
    }
    if (errno == ENOENT || errno == ENOTCONN || errno == EPIPE || errno == ECONNRESET) {
        return Error(Errc::connection_closed, "the association has ended");  // usrsctp knows it before it tells
    }
    return last_error();
}

result<bool> SctpAssociation::send_both(
    std::uint16_t stream, PayloadProtocol protocol, ByteView first, ByteView second
) {
    const auto size = first.size() + second.size();
    if (held().to_send + size >= send_buffer_) {
        wanted_ = size;
        return false;
    }
    auto sent = send(stream, protocol, first);
    if (!sent || !*sent) {
        return sent;
    }
    sent = send(stream, protocol, second);
    if (sent && !*sent) {
        return Error(Errc::limit_exceeded, "half of a frame was sent");  // the room was counted above
    }
    return sent;
}

result<void> SctpAssociation::reset(std::uint16_t stream) {
    if (socket_ == nullptr) {
        return Errc::connection_closed;
    }
    Calling calling(*this);
    std::array<std::uint8_t, sizeof(sctp_reset_streams) + sizeof(std::uint16_t)> request{};
    sctp_reset_streams head{};
    head.srs_assoc_id = SCTP_ALL_ASSOC;
    head.srs_flags = SCTP_STREAM_RESET_OUTGOING;
    head.srs_number_streams = 1;
    std::memcpy(request.data(), &head, sizeof head);
    std::memcpy(request.data() + sizeof head, &stream, sizeof stream);
    if (usrsctp_setsockopt(
            socket_, IPPROTO_SCTP, SCTP_RESET_STREAMS, request.data(), static_cast<socklen_t>(request.size())
        ) != 0) {
        return last_error().with_context("resetting SCTP stream " + std::to_string(stream));
    }
    return ok();
}

SctpAssociation::Held SctpAssociation::held() const noexcept {
    if (socket_ == nullptr) {
        return {};
    }
    BufferUse use{};
    socklen_t size = sizeof use;
    if (usrsctp_getsockopt(socket_, IPPROTO_SCTP, kGetSendBufferUse, &use, &size) != 0) {
        return {};
    }
    return {use.to_send, use.received};
}

void SctpAssociation::set_bundling(bool is_on) noexcept {
    if (socket_ != nullptr && bundles_ != is_on) {
        bundles_ = is_on;
        set(socket_, IPPROTO_SCTP, SCTP_NODELAY, std::uint32_t{is_on ? 0U : 1U});
    }
}

void SctpAssociation::set_send_buffer(std::uint32_t octets) noexcept {
    send_buffer_ = octets;
    if (socket_ != nullptr) {
        set(socket_, SOL_SOCKET, SO_SNDBUF, static_cast<int>(octets));
    }
}

void SctpAssociation::set_receive_buffer(std::uint32_t octets) noexcept {
    if (socket_ != nullptr) {
        set(socket_, SOL_SOCKET, SO_RCVBUF, static_cast<int>(octets));
    }
}

SctpAssociation::Path SctpAssociation::path() const noexcept {
    sctp_status status{};
    socklen_t size = sizeof status;
    if (socket_ == nullptr || usrsctp_getsockopt(socket_, IPPROTO_SCTP, SCTP_STATUS, &status, &size) != 0) {
        return {};
    }
    const auto& primary = status.sstat_primary;
    return {std::chrono::milliseconds(primary.spinfo_srtt), primary.spinfo_cwnd};
}

void SctpAssociation::abort() noexcept {
    if (socket_ == nullptr) {
        return;
    }
    Calling calling(*this);
    usrsctp_set_upcall(socket_, nullptr, nullptr);
    usrsctp_close(std::exchange(socket_, nullptr));
}

}  // namespace libp2p::webrtc
