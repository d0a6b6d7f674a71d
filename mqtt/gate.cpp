// mqtt/gate.cpp: two queues and one buffer; the only place where a packet becomes visible to the transport.
// Not here: any judgement about packets.
#include "mqtt/gate.hpp"

#include <algorithm>
#include <cassert>

namespace mqtt {

void gate::push_control(std::string_view bytes) { show(log_position{0}, bytes); }

void gate::push_publish(log_position after, sequence at, qos level, std::string_view bytes) {
    if (at == sequence{0} && level == qos::at_most_once) ++unlogged_;
    if (publishes_.empty() && is_durable(after)) return show_publish(after, at, level, bytes);
    publishes_.push_back({after, at, level, std::string(bytes)});
    waiting_bytes_ += bytes.size();
}

void gate::push_pubrel(log_position after, std::string_view bytes) {
    if (pubrels_.empty() && is_durable(after)) return show(after, bytes);
    pubrels_.push_back({after, sequence{0}, qos::at_least_once, std::string(bytes)});
    waiting_bytes_ += bytes.size();
}

void gate::on_durable(log_position up_to) {
    durable_ = std::max(durable_, up_to);
    // In the order of their positions, a PUBLISH before a PUBREL: were a PUBREL to overtake the PUBLISH of its own
    // identifier, the broker would take that PUBLISH for a new message.
    for (;;) {
        const bool publish = !publishes_.empty() && is_durable(publishes_.front().after);
        const bool pubrel = !pubrels_.empty() && is_durable(pubrels_.front().after);
        if (!publish && !pubrel) return;
        if (publish && (!pubrel || publishes_.front().after <= pubrels_.front().after)) {
            show_front(publishes_);
        } else {
            show_front(pubrels_);
        }
    }
}

void gate::show_front(std::deque<waiting>& queue) {
    const waiting& front = queue.front();
    waiting_bytes_ -= front.bytes.size();
    if (&queue == &publishes_) {
        show_publish(front.after, front.at, front.level, front.bytes);
    } else {
        show(front.after, front.bytes);
    }
    queue.pop_front();
}

void gate::show_publish(log_position after, sequence at, qos level, std::string_view bytes) {
    show(after, bytes);
    shown_ = std::max(shown_, at);
    if (level == qos::at_most_once) marks_.push_back({written_ + (out_.size() - start_), at});
}

void gate::show(log_position after, std::string_view bytes) {
    assert(is_durable(after));
    highest_shown_ = std::max(highest_shown_, after);
    out_.append(bytes);
}

std::string_view gate::unsent() const {
    assert(is_durable(highest_shown_));
    return std::string_view(out_).substr(start_);
}

void gate::sent(std::size_t bytes) {
    assert(bytes <= out_.size() - start_);
    start_ += bytes;
    written_ += bytes;
    while (!marks_.empty() && marks_.front().end <= written_) {
        if (marks_.front().at == sequence{0}) {
            --unlogged_;
        } else {
            done_.push_back(marks_.front().at);
        }
        marks_.pop_front();
    }
    // Moving the rest to the front only when it is the smaller half keeps the cost of a byte constant.
    if (start_ * 2 >= out_.size()) {
        out_.erase(0, start_);
        start_ = 0;
    }
}

std::optional<sequence> gate::pop_written() {
    if (done_.empty()) return std::nullopt;
    const sequence at = done_.front();
    done_.pop_front();
    return at;
}

void gate::drop_waiting() {
    // What no log holds and needs nothing more would be lost for good: it goes.
    for (const waiting& each : publishes_) {
        if (each.at == sequence{0} && is_durable(each.after)) show_publish(each.after, each.at, each.level, each.bytes);
    }
    publishes_.clear();
    pubrels_.clear();
    waiting_bytes_ = 0;
}

void gate::clear() {
    publishes_.clear();
    pubrels_.clear();
    waiting_bytes_ = 0;
    out_.clear();
    out_.shrink_to_fit();
    start_ = 0;
    written_ = 0;
    marks_.clear();
    done_.clear();
    shown_ = sequence{0};
    unlogged_ = 0;
}

}  // namespace mqtt
