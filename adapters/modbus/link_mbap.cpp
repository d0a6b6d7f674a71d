// adapters/modbus/link_mbap.cpp: the link that speaks Modbus TCP, whose frames bear a number: over TCP, TLS or datagrams.
// Not here: the channel.
//
// The header is made and checked here and not by libmodbus, whose client accepts an answer of the wrong unit and of the wrong
// protocol, ignores the length field so that what is left of an answer becomes the head of the next, and is out of step for
// good after one late answer; nor can its waits be interrupted, or the turnaround be measured.
//
// Because answers bear the number of their request, a late one is recognised, and a single time-out doesn't cost the connection
// (a gateway with one dead unit behind it would be reconnected to all day, and many devices admit one client only). Two in a
// row do, and so does an answer that is no valid one to its request. For the same reason several requests can be under way.
#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <random>
#include <utility>

#include "adapters/modbus/link_answer.hpp"
#include "adapters/modbus/link_make.hpp"

namespace modbus {
namespace {

constexpr std::size_t header_size = 7;         // transaction, protocol, length, unit
constexpr std::size_t length_counts_from = 6;  // the length field counts what follows it, the unit included
constexpr std::size_t length_min = 3, length_max = 254;
constexpr unsigned silent_max = 2;
/// So long after the deadline, a server that sends without end isn't listened to any more.
constexpr nanoseconds flood_max{100'000'000};

std::uint16_t word_at(bytes_view bytes, std::size_t at) { return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]); }

std::vector<std::uint8_t> frame_of(const transaction& what, std::uint16_t number) {
    const std::size_t length = what.pdu.size() + 1;
    std::vector<std::uint8_t> frame;
    frame.reserve(length_counts_from + length);
    for (const std::size_t word : {std::size_t{number}, std::size_t{0}, length}) {
        frame.push_back(static_cast<std::uint8_t>(word >> 8));
        frame.push_back(static_cast<std::uint8_t>(word & 0xFFu));
    }
    frame.push_back(what.unit);
    frame.insert(frame.end(), what.pdu.begin(), what.pdu.end());
    return frame;
}

/// Whether these bytes, or none, can be the beginning of a frame.
bool may_begin_frame(bytes_view bytes) {
    if (bytes.size() > 2 && bytes[2] != 0) return false;
    if (bytes.size() > 3 && bytes[3] != 0) return false;
    if (bytes.size() > 4 && bytes[4] != 0) return false;
    return bytes.size() <= 5 || (bytes[5] >= length_min && bytes[5] <= length_max);
}

/// Empty: it is the answer.
std::string what_is_wrong(std::uint8_t unit, bytes_view pdu, const transaction& asked) {
    if (unit != asked.unit) return "the answer is from unit " + std::to_string(unit);
    const answer_form form = form_of(asked.pdu);
    // Of 17 to 24 bits a request may look like an answer.
    if (!form.may_equal_request() && std::equal(pdu.begin(), pdu.end(), asked.pdu.begin(), asked.pdu.end()))
        return "the answer is the request itself";
    return fault_of(form, pdu);
}

/// A request on its way, and what came of it.
struct under_way {
    const transaction* what = nullptr;
    std::uint16_t number = 0;
    bool done = false;
    answer result;
};

class mbap_link final : public link {
public:
    mbap_link(std::unique_ptr<channel> over, const bus_manners& manners)
        : manners_(manners), channel_(std::move(over)), number_(static_cast<std::uint16_t>(std::random_device{}())) {}

    answer transact(const transaction& what, nanoseconds timeout) override {
        return std::move(transact_all(std::span(&what, 1), timeout).front());
    }

    std::size_t most_at_once() const override { return std::max<std::size_t>(manners_.max_inflight, 1); }

    std::vector<answer> transact_all(std::span<const transaction> what, nanoseconds timeout) override {
        assert(!what.empty() && what.size() <= most_at_once());
        if (timeout <= nanoseconds(0)) timeout = manners_.timeout;
        requests_.assign(what.size(), {});
        for (std::size_t i = 0; i < what.size(); ++i) requests_[i].what = &what[i];
        const bool reused = channel_->is_open();
        attempt(timeout);
        // A server may close an idle connection, which shows only when it is used.
        if (reused && lost_but_repeatable()) attempt(timeout);
        count_silence();
        std::vector<answer> answers;
        answers.reserve(requests_.size());
        for (under_way& each : requests_) {
            annotate(each.result, found_);
            answers.push_back(std::move(each.result));
        }
        return answers;
    }

    void interrupt() override { interrupted_.raise(); }
    void release() override { close(); }
    void watch(wire_listener to) override { listener_ = std::move(to); }
    std::uint64_t losses() const override { return losses_; }

private:
    void attempt(nanoseconds timeout);
    bool send_all();
    void await(nanoseconds timeout);
    bool take_frames();
    bool take(bytes_view frame, under_way& which);
    bool receive();
    bool lost_but_repeatable() const;
    void count_silence();
    bool all_done() const;
    void end_with(const answer& result);
    void tell(wire_event what, bytes_view bytes, time_point at) const;
    void broken(const std::string& what);
    void down(const std::string& what);
    void close();

    const bus_manners manners_;
    interruption interrupted_;
    const std::unique_ptr<channel> channel_;
    std::uint16_t number_;             // goes on over reconnects: a gateway may pass a late answer to the next connection
    std::vector<under_way> requests_;  // of the call under way
    std::vector<std::uint8_t> bytes_;  // arrived, from the beginning of a frame on
    time_point frame_begun_{};         // when the first of them did
    time_point last_active_{};
    time_point progress_{};  // when the last request was sent, or was answered
    bool other_number_ = false;
    time_point arrived_{};    // the last of bytes_
    wire_listener listener_;  // empty: nobody watches
    channel::opened found_;   // at the last opening
    std::uint64_t losses_ = 0;
    unsigned silent_in_a_row_ = 0;
};

void mbap_link::attempt(nanoseconds timeout) {
    if (interrupted_.raised()) return end_with(was_interrupted());
    if (!channel_->is_open()) {
        if (const auto failed = open_channel(*channel_, manners_, interrupted_, found_)) return end_with(*failed);
        bytes_.clear();
    } else if (!receive()) {  // late answers, or the news that the server has closed
        return;
    }
    if (manners_.request_spacing > nanoseconds(0) &&
        channel_->wait_until(last_active_ + manners_.request_spacing, interrupted_) == woken::interrupted) {
        return end_with(was_interrupted());
    }
    if (send_all()) await(timeout);
}

bool mbap_link::send_all() {
    other_number_ = false;
    for (under_way& each : requests_) {
        if (each.done) continue;
        each.number = ++number_;
        if (each.what->sending) each.what->sending();
        each.result.sent = true;
        const auto frame = frame_of(*each.what, each.number);
        if (!channel_->send(frame)) {
            down(system_words(errno));
            return false;
        }
        tell(wire_event::sent, frame, channel_->now());
    }
    progress_ = last_active_ = channel_->now();
    return true;
}

void mbap_link::await(nanoseconds timeout) {
    for (;;) {
        if (!take_frames() || all_done()) return;
        // One behind another in the server's queue has all of the time-out for itself.
        const time_point deadline = progress_ + timeout;
        const woken why = channel_->wait_for_input(deadline, interrupted_);
        if (why == woken::interrupted) return end_with(was_interrupted());
        if (why == woken::time || channel_->now() > deadline + flood_max) break;
        if (!receive()) return;
    }
    if (!bytes_.empty()) {
        tell(wire_event::discarded, bytes_, arrived_);
        return broken("the answer broke off");
    }
    end_with(no_answer(answer_status::silent, "no answer within " + in_milliseconds(timeout) +
                                                  (other_number_ ? ", only one to another request (transaction number)" : "")));
}

/// False: nothing more can come.
bool mbap_link::take_frames() {
    std::size_t at = 0;
    const auto forget = [&] { bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(at)); };
    while (bytes_.size() - at >= header_size) {
        const bytes_view rest = bytes_view(bytes_).subspan(at);
        const std::size_t length = word_at(rest, 4);
        if (word_at(rest, 2) != 0 || length < length_min || length > length_max) {
            if (channel_->is_datagram()) break;  // not ours: the next one may be
            tell(wire_event::discarded, rest, arrived_);
            broken("the answer is not Modbus TCP");
            return false;
        }
        const std::size_t size = length_counts_from + length;
        if (rest.size() < size) break;
        const std::uint16_t number = word_at(rest, 0);
        const auto which = std::find_if(requests_.begin(), requests_.end(),
                                        [&](const under_way& each) { return !each.done && each.number == number; });
        // An answer that broke off swallows the beginning of the next frame: what is left of that one tells.
        if (which != requests_.end() && !channel_->is_datagram() && !may_begin_frame(rest.subspan(size))) {
            tell(wire_event::discarded, rest, arrived_);
            broken("the answer isn't followed by Modbus TCP");
            return false;
        }
        at += size;
        if (which == requests_.end()) {
            other_number_ = true;
            tell(wire_event::discarded, rest.first(size), arrived_);
        } else if (!take(rest.first(size), *which)) {
            return false;
        }
        frame_begun_ = last_active_;
    }
    if (channel_->is_datagram()) {
        if (at < bytes_.size()) tell(wire_event::discarded, bytes_view(bytes_).subspan(at), arrived_);
        at = bytes_.size();
    }
    forget();
    return true;
}

/// `frame` is whole and bears the right number.
bool mbap_link::take(bytes_view frame, under_way& which) {
    const bytes_view pdu = frame.subspan(header_size);
    const std::string wrong = what_is_wrong(frame[6], pdu, *which.what);
    tell(wrong.empty() ? wire_event::received : wire_event::discarded, frame, arrived_);
    if (!wrong.empty()) {
        broken(wrong);
        return false;
    }
    if ((pdu[0] & exception_bit) != 0) {
        which.result = exception_answer(pdu[1]);
    } else {
        which.result.status = answer_status::ok;
        which.result.pdu.assign(pdu.begin(), pdu.end());
    }
    which.result.sent = true;
    which.result.turnaround = std::max(nanoseconds(frame_begun_ - progress_), nanoseconds(0));
    which.done = true;
    progress_ = last_active_;
    return true;
}

/// Takes in what is there; false if the connection is lost.
bool mbap_link::receive() {
    std::array<std::uint8_t, 2048> chunk;
    const ssize_t count = channel_->receive(chunk);
    if (count == 0) {
        ++losses_;
        down("the server closed the connection");
        return false;
    }
    if (count < 0) {
        if (errno == EAGAIN || errno == EINTR) return true;
        ++losses_;
        down(system_words(errno));
        return false;
    }
    arrived_ = last_active_ = channel_->now();
    if (bytes_.empty()) frame_begun_ = last_active_;
    bytes_.insert(bytes_.end(), chunk.begin(), chunk.begin() + count);
    return true;
}

bool mbap_link::lost_but_repeatable() const {
    return std::all_of(requests_.begin(), requests_.end(),
                       [](const under_way& each) {
                           if (each.done) return true;
                           return each.result.status == answer_status::down && (!each.result.sent || only_reads(*each.what));
                       }) &&
           !all_done();
}

void mbap_link::count_silence() {
    const auto all = [&](auto test) { return std::all_of(requests_.begin(), requests_.end(), test); };
    if (!all([](const under_way& each) { return each.result.status == answer_status::silent; })) {
        silent_in_a_row_ = 0;
    } else if (++silent_in_a_row_ >= silent_max) {
        close();
    }
}

bool mbap_link::all_done() const {
    return std::all_of(requests_.begin(), requests_.end(), [](const under_way& each) { return each.done; });
}

/// What all that weren't answered get.
void mbap_link::end_with(const answer& result) {
    for (under_way& each : requests_) {
        if (each.done) continue;
        const bool sent = each.result.sent;
        each.result = result;
        each.result.sent = sent;
    }
}

void mbap_link::tell(wire_event what, bytes_view bytes, time_point at) const {
    if (listener_) listener_(what, bytes, channel_->now() - at);
}

void mbap_link::broken(const std::string& what) {
    close();
    end_with(no_answer(answer_status::silent, what));
}

void mbap_link::down(const std::string& what) {
    close();
    end_with(no_answer(answer_status::down, channel_->name() + ": " + what));
}

void mbap_link::close() {
    channel_->close();
    bytes_.clear();
}

}  // namespace

std::unique_ptr<link> make_mbap_link(std::unique_ptr<channel> over, const bus_manners& manners) {
    return std::make_unique<mbap_link>(std::move(over), manners);
}

}  // namespace modbus
