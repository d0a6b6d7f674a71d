// mqtt/gate.cpp: three queues and one buffer; the only place where a packet becomes visible to the transport.
// Not here: any judgement about packets.
#include "mqtt/gate.hpp"

#include <algorithm>
#include <cassert>

namespace mqtt {
namespace {

/// Moving the rest to the front only when it is the smaller half keeps the cost of a byte constant.
void drop_front(std::string& bytes, std::size_t& start) {
    if (start * 2 < bytes.size()) return;
    bytes.erase(0, start);
    start = 0;
}

}  // namespace

void gate::packet_queue::push(waiting what, std::string_view bytes) {
    what.size = bytes.size();
    make_room(packets_);
    packets_.push_back(what);
    bytes_.append(bytes);
}

void gate::packet_queue::pop() {
    start_ += packets_.front().size;
    packets_.pop_front();
    drop_front(bytes_, start_);
}

void gate::packet_queue::clear() {
    packets_.clear();
    bytes_.clear();
    start_ = 0;
}

void gate::push_control(std::string_view bytes) { show(log_position{0}, bytes); }

void gate::push_publish(log_position after, sequence at, qos level, std::string_view bytes) {
    if (at == sequence{0} && level == qos::at_most_once) ++unlogged_;
    const waiting what{after, at, level, is_final::no, 0};
    if (shows_publish_at_once(after)) return show_publish(what, bytes);
    publishes_.push(what, bytes);
}

void gate::push_pubrel(log_position after, std::string_view bytes) {
    if (pubrels_.empty() && is_durable(after)) return show(after, bytes);
    pubrels_.push({after, sequence{0}, qos::at_least_once, is_final::no, 0}, bytes);
}

void gate::push_answer(log_position after, is_final final, std::string_view bytes) {
    const waiting what{after, sequence{0}, qos::at_least_once, final, 0};
    if (answers_.empty() && is_durable(after)) return show_answer(what, bytes);
    answers_.push(what, bytes);
}

void gate::on_durable(log_position up_to) {
    durable_ = std::max(durable_, up_to);
    for (; has_durable_front(answers_); answers_.pop()) show_answer(answers_.front(), answers_.front_bytes());
    // In the order of their positions, a PUBLISH before a PUBREL: were a PUBREL to overtake the PUBLISH of its own
    // identifier, the broker would take that PUBLISH for a new message.
    for (;;) {
        const bool publish = has_durable_front(publishes_);
        const bool pubrel = has_durable_front(pubrels_);
        if (!publish && !pubrel) return;
        if (publish && (!pubrel || publishes_.front().after <= pubrels_.front().after)) {
            show_publish(publishes_.front(), publishes_.front_bytes());
            publishes_.pop();
        } else {
            show(pubrels_.front().after, pubrels_.front_bytes());
            pubrels_.pop();
        }
    }
}

void gate::show_publish(const waiting& what, std::string_view bytes) {
    show(what.after, bytes);
    shown_ = std::max(shown_, what.at);
    if (what.level != qos::at_most_once) return;
    make_room(marks_);
    marks_.push_back({written_ + (out_.size() - start_), what.at});
}

void gate::show_answer(const waiting& what, std::string_view bytes) {
    show(what.after, bytes);
    if (what.final == is_final::yes) final_answer_shown_ = true;
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
            make_room(done_);
            done_.push_back(marks_.front().at);
        }
        marks_.pop_front();
    }
    drop_front(out_, start_);
}

std::optional<sequence> gate::pop_written() {
    if (done_.empty()) return std::nullopt;
    const sequence at = done_.front();
    done_.pop_front();
    return at;
}

void gate::drop_waiting() {
    // What no log holds and needs nothing more would be lost for good: it goes.
    for (; !publishes_.empty(); publishes_.pop()) {
        const waiting& each = publishes_.front();
        if (each.at == sequence{0} && is_durable(each.after)) show_publish(each, publishes_.front_bytes());
    }
    pubrels_.clear();
    answers_.clear();
}

void gate::clear() {
    publishes_.clear();
    pubrels_.clear();
    answers_.clear();
    out_.clear();
    out_.shrink_to_fit();
    start_ = 0;
    written_ = 0;
    marks_.clear();
    done_.clear();
    shown_ = sequence{0};
    final_answer_shown_ = false;
    unlogged_ = 0;
}

}  // namespace mqtt
