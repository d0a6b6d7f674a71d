// adapters/modbus/link_tcp.cpp: the link over Modbus TCP: one connection for all units of a host.
// Not here: opening the connection (link_connect).
//
// The seven bytes of the MBAP header are framed here and not by libmodbus, whose client accepts an answer of the wrong unit
// and of the wrong protocol, ignores the length field so that what is left of an answer becomes the head of the next, and is
// out of step for good after one late answer; nor can its waits be interrupted, or the turnaround be measured. To guard
// against that from outside takes more code than the header does.
//
// Because answers bear the number of their request, a late one is recognised, and a single time-out doesn't cost the connection
// (a gateway with one dead unit behind it would be reconnected to all day, and many devices admit one client only). Two in a
// row do, and so does an answer that is no valid one to its request.
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <optional>
#include <random>

#include "adapters/modbus/link_answer.hpp"
#include "adapters/modbus/link_connect.hpp"
#include "adapters/modbus/rtu_frame.hpp"

namespace modbus {
namespace {

constexpr std::size_t header_size = 7;         // transaction, protocol, length, unit
constexpr std::size_t length_counts_from = 6;  // the length field counts what follows it, the unit included
constexpr std::size_t length_min = 3, length_max = 254;
constexpr unsigned silent_max = 2;
/// So long after the deadline, a server that sends without end isn't listened to any more.
constexpr nanoseconds flood_max{100'000'000};

std::uint16_t word_at(bytes_view bytes, std::size_t at) { return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]); }

std::array<std::uint8_t, 12> encode(const read_request& request, std::uint16_t transaction) {
    const auto rtu = encode_request(request);  // the same unit and PDU, in another envelope
    return {static_cast<std::uint8_t>(transaction >> 8),
            static_cast<std::uint8_t>(transaction & 0xFFu),
            0,
            0,
            0,
            6,
            rtu[0],
            rtu[1],
            rtu[2],
            rtu[3],
            rtu[4],
            rtu[5]};
}

class tcp_link final : public link {
public:
    explicit tcp_link(const tcp_settings& how)
        : how_(how), connection_(how.host, how.port), transaction_(static_cast<std::uint16_t>(std::random_device{}())) {}

    answer read(const read_request& request, nanoseconds timeout) override {
        assert(request.count > 0);
        if (timeout <= nanoseconds(0)) timeout = how_.timeout;
        const bool reused = connection_.is_open();
        answer result = try_read(request, timeout);
        // A server may close an idle connection, which shows only when it is used.
        if (result.status == answer_status::down && reused) result = try_read(request, timeout);
        silent_in_a_row_ = result.status == answer_status::silent ? silent_in_a_row_ + 1 : 0;
        if (silent_in_a_row_ >= silent_max) close();
        return result;
    }

    void interrupt() override { interrupted_.raise(); }

private:
    answer try_read(const read_request& request, nanoseconds timeout);
    answer await(const read_request& request, std::uint16_t transaction, nanoseconds timeout);
    answer take(bytes_view frame, const read_request& request, nanoseconds turnaround);
    std::optional<answer> receive();
    answer broken(const std::string& what);
    answer down(const std::string& what);
    void close();

    tcp_settings how_;
    interruption interrupted_;
    tcp_connection connection_;
    std::uint16_t transaction_;        // goes on over reconnects: a gateway may pass a late answer to the next connection
    std::vector<std::uint8_t> bytes_;  // arrived, from the beginning of a frame on
    time_point frame_begun_{};         // when the first of them did
    time_point last_active_{};
    unsigned silent_in_a_row_ = 0;
};

answer tcp_link::try_read(const read_request& request, nanoseconds timeout) {
    if (interrupted_.raised()) return was_interrupted();
    if (!connection_.is_open()) {
        const auto opened = connection_.open(how_.timeout, interrupted_);
        if (opened.interrupted) return was_interrupted();
        if (!opened.fault.empty()) return no_answer(answer_status::down, opened.fault);
    } else {
        // Late answers, or the news that the server has closed.
        if (const auto lost = receive()) return *lost;
    }
    if (how_.request_spacing > nanoseconds(0) &&
        wait_for(-1, 0, last_active_ + how_.request_spacing, interrupted_) == woken::interrupted) {
        return was_interrupted();
    }
    const std::uint16_t transaction = ++transaction_;
    const auto frame = encode(request, transaction);
    if (!connection_.send(frame.data(), frame.size())) return down(system_words(errno));
    last_active_ = now();
    return await(request, transaction, timeout);
}

answer tcp_link::await(const read_request& request, std::uint16_t transaction, nanoseconds timeout) {
    const time_point sent = last_active_;
    bool other_transaction = false;
    for (;;) {
        while (bytes_.size() >= header_size) {
            const std::size_t length = word_at(bytes_, 4);
            if (word_at(bytes_, 2) != 0 || length < length_min || length > length_max)
                return broken("the answer is not Modbus TCP");
            const std::size_t size = length_counts_from + length;
            if (bytes_.size() < size) break;
            const std::vector<std::uint8_t> frame(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(size));
            bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(size));
            if (word_at(frame, 0) == transaction) return take(frame, request, frame_begun_ - sent);
            other_transaction = true;
        }
        const time_point deadline = sent + timeout;
        const woken why = wait_for(connection_.descriptor(), POLLIN, deadline, interrupted_);
        if (why == woken::interrupted) return was_interrupted();
        if (why == woken::time || now() > deadline + flood_max) break;
        if (const auto lost = receive()) return *lost;
    }
    if (!bytes_.empty()) return broken("the answer broke off");
    return no_answer(answer_status::silent, "no answer within " + in_milliseconds(timeout) +
                                                (other_transaction ? ", only one to another request (transaction number)" : ""));
}

/// `frame` is whole and bears the right transaction number.
answer tcp_link::take(bytes_view frame, const read_request& request, nanoseconds turnaround) {
    const bytes_view pdu = frame.subspan(header_size);
    const auto function = static_cast<std::uint8_t>(request.from);
    const std::size_t data_bytes = shape_of(request).data_bytes;
    if (frame[6] != request.unit) return broken("the answer is from unit " + std::to_string(frame[6]));
    answer result;
    if (pdu.size() == 2 && pdu[0] == (function | 0x80)) {
        result = exception_answer(pdu[1]);
        result.turnaround = std::max(turnaround, nanoseconds(0));
        return result;
    }
    if (pdu[0] != function) return broken("the answer is to function " + std::to_string(pdu[0]));
    if (pdu.size() != 2 + data_bytes || pdu[1] != data_bytes) {
        return broken("the answer has " + std::to_string(pdu.size() - 2) + " data bytes where " + std::to_string(data_bytes) +
                      " were asked for");
    }
    result.status = answer_status::ok;
    result.turnaround = std::max(turnaround, nanoseconds(0));
    result.registers = decode_data(request, pdu.subspan(2));
    return result;
}

/// Takes in what is there; an answer if the connection is lost.
std::optional<answer> tcp_link::receive() {
    std::array<std::uint8_t, 1024> chunk;
    const ssize_t count = ::recv(connection_.descriptor(), chunk.data(), chunk.size(), MSG_DONTWAIT);
    if (count == 0) return down("the server closed the connection");
    if (count < 0) {
        if (errno == EAGAIN || errno == EINTR) return std::nullopt;
        return down(system_words(errno));
    }
    last_active_ = now();
    if (bytes_.empty()) frame_begun_ = last_active_;
    bytes_.insert(bytes_.end(), chunk.begin(), chunk.begin() + count);
    return std::nullopt;
}

answer tcp_link::broken(const std::string& what) {
    close();
    return no_answer(answer_status::silent, what);
}

answer tcp_link::down(const std::string& what) {
    close();
    return no_answer(answer_status::down, connection_.name() + ": " + what);
}

void tcp_link::close() {
    connection_.close();
    bytes_.clear();
}

}  // namespace

std::unique_ptr<link> make_link(const tcp_settings& how) { return std::make_unique<tcp_link>(how); }

}  // namespace modbus
