// gateway/http/http_exchange.cpp: see http_exchange.hpp.
#include "gateway/http/http_exchange.hpp"

#include "gateway/delivery/payload.hpp"
#include "gateway/limits.hpp"

namespace gateway {
namespace {

constexpr std::string_view json_type = "application/json";
constexpr std::string_view events_type = "text/event-stream";

std::chrono::milliseconds patience_with(http_want what) {
    return what == http_want::command ? limits::http_command_time : limits::http_loop_time;
}

}  // namespace

http_exchange::http_exchange(const http_access& access, token_guard& guard, std::string address, time_point now)
    : access_(access), guard_(guard), address_(std::move(address)), deadline_(now + limits::http_idle) {}

void http_exchange::feed(std::string_view bytes, time_point now) {
    if (streaming_ || last_ || bytes.empty()) return;  // nothing that comes matters any more
    if (!std::exchange(begun_, true)) deadline_ = now + limits::http_request_time;
    reader_.feed(bytes);
}

std::optional<http_decision> http_exchange::next(time_point now) {
    while (!waiting_ && !streaming_ && !last_ && out_.empty()) {
        switch (reader_.next(request_)) {
            case http_reader::outcome::more:
                begun_ = reader_.has_begun();
                return std::nullopt;
            case http_reader::outcome::bad:
                request_ = {};  // also: not to be kept alive
                send_refusal(reader_.status(), "this isn't a request that is understood here", {}, now);
                break;
            case http_reader::outcome::request: {
                auto what = decide(request_, access_, address_, guard_, now);
                if (what.want == http_want::refusal) {
                    send_refusal(what.status, what.reason, std::move(what.fields), now);
                } else if (what.want == http_want::asset) {
                    serve(*what.asset, now);
                } else {
                    waiting_ = true;
                    deadline_ = now + patience_with(what.want);
                    return what;
                }
            }
        }
    }
    return std::nullopt;
}

void http_exchange::begin_answer(time_point now) {
    waiting_ = false;
    deadline_ = now + limits::http_stalled;
    answer_by_ = now + limits::http_answer_time;
    if (!request_.keep_alive) last_ = true;
}

void http_exchange::send_head(const http_head& head) {
    statuses_.push_back(head.status);
    piece made;
    made.own = head_text(head);
    out_.push_back(std::move(made));
}

void http_exchange::send(unsigned status, std::string_view type, shared_text body, fields with, time_point now) {
    begin_answer(now);
    with.emplace_back("Cache-Control", "no-store");
    send_head({status, type, body->size(), false, !last_, std::move(with)});
    if (request_.method == http_method::head || body->empty()) return;
    piece made;
    made.shared = std::move(body);
    out_.push_back(std::move(made));
}

void http_exchange::send_refusal(unsigned status, const std::string& reason, fields with, time_point now) {
    std::string body = R"({"error":)";
    append_json_string(body, reason);
    send(status, json_type, std::make_shared<const std::string>(body + "}\n"), std::move(with), now);
}

bool http_exchange::answer(unsigned status, std::string_view type, shared_text body, time_point now) {
    if (!waiting_) return false;
    send(status, type, std::move(body), {}, now);
    return true;
}

bool http_exchange::refuse(unsigned status, const std::string& reason, time_point now, fields with) {
    if (!waiting_) return false;
    send_refusal(status, reason, std::move(with), now);
    return true;
}

void http_exchange::serve(const asset& file, time_point now) {
    begin_answer(now);
    // The tag is of the content, so that of the packed form is another.
    const bool packed = request_.accept_encoding.find("gzip") != std::string::npos && file.gzip.size() < file.plain.size();
    std::string tag(file.tag);
    if (packed) tag.insert(tag.size() - 1, "-gz");
    http_head head{200, file.type, packed ? file.gzip.size() : file.plain.size(), false, !last_, {}};
    head.fields = {{"Cache-Control", "no-cache"}, {"ETag", tag}, {"Vary", "Accept-Encoding"}};
    if (packed) head.fields.emplace_back("Content-Encoding", "gzip");
    const bool has_it = request_.if_none_match.find(tag) != std::string::npos;
    if (has_it) head.status = 304;
    send_head(head);
    if (has_it || request_.method == http_method::head) return;
    piece made;
    made.view = packed ? file.gzip : file.plain;
    out_.push_back(std::move(made));
}

bool http_exchange::begin_stream(time_point now) {
    begin_answer(now);
    last_ = true;
    answer_by_.reset();
    send_head({200, events_type, 0, true, false, {{"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"}}});
    streaming_ = request_.method != http_method::head;
    return streaming_;
}

bool http_exchange::push(shared_text events, time_point now) {
    if (out_.size() >= limits::http_events_waiting) return false;
    if (out_.empty()) deadline_ = now + limits::http_stalled;
    piece made;
    made.shared = std::move(events);
    if (!made.shared->empty()) out_.push_back(std::move(made));
    return true;
}

std::string_view http_exchange::output() const {
    return out_.empty() ? std::string_view() : out_.front().bytes().substr(out_.front().sent);
}

void http_exchange::consume(std::size_t size, time_point now) {
    if (size == 0 || out_.empty()) return;
    deadline_ = now + limits::http_stalled;
    out_.front().sent += size;
    if (out_.front().sent < out_.front().bytes().size()) return;
    out_.pop_front();
    if (!out_.empty()) return;
    answer_by_.reset();
    if (!streaming_) deadline_ = now + (reader_.has_begun() ? limits::http_request_time : limits::http_idle);
    begun_ = reader_.has_begun();
}

http_exchange::overdue http_exchange::look(time_point now) {
    if (streaming_ && out_.empty()) return overdue::no;
    if (now < deadline_ && (!answer_by_ || now < *answer_by_)) return overdue::no;
    if (!waiting_) return is_idle() ? overdue::idle : overdue::slow;
    request_.keep_alive = false;
    send_refusal(request_.method == http_method::post ? 504 : 503, "the gateway took too long to answer", {}, now);
    return overdue::no;
}

}  // namespace gateway
