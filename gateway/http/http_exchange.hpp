// gateway/http/http_exchange.hpp: one client's conversation in HTTP: bytes in, answers out, in order, and how long each may take.
// Pure: the time is an argument. Not here: sockets and TLS (http_server.cpp), what may be asked (http_rules.hpp).
#pragma once

#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/http/http_request.hpp"
#include "gateway/http/http_rules.hpp"

namespace gateway {

using shared_text = std::shared_ptr<const std::string>;

class http_exchange {
public:
    using time_point = std::chrono::steady_clock::time_point;

    /// Both outlive it. `address`: of the client.
    http_exchange(const http_access& access, token_guard& guard, std::string address, time_point now);

    void feed(std::string_view bytes, time_point now);
    /// The next request that somebody else must answer; what needs nobody is answered by this. Nothing: more bytes are needed, or
    /// the output must be taken first. After events: begin_stream() or refuse(), after all else: answer() or refuse().
    std::optional<http_decision> next(time_point now);
    std::string take_body() { return std::move(request_.body); }

    /// False: it isn't waited for any more.
    bool answer(unsigned status, std::string_view type, shared_text body, time_point now);
    bool refuse(unsigned status, const std::string& reason, time_point now,
                std::vector<std::pair<std::string, std::string>> fields = {});
    /// False: only its head was asked for.
    bool begin_stream(time_point now);
    /// False: it reads too slowly.
    bool push(shared_text events, time_point now);

    /// What is to be written next; empty: nothing.
    std::string_view output() const;
    void consume(std::size_t size, time_point now);

    /// Nothing more comes: all is written, and the connection ends.
    bool is_over() const { return last_ && !waiting_ && !streaming_ && out_.empty(); }
    /// Else somebody's answer comes first. A stream wants to see its client's end.
    bool wants_input() const { return !waiting_; }
    bool is_idle() const { return !waiting_ && !streaming_ && out_.empty() && !reader_.has_begun(); }
    time_point deadline() const { return deadline_; }

    enum class overdue : std::uint8_t { no, idle, slow };
    /// What is to be done about time. If an answer is due from somebody else, the client is told so instead.
    overdue look(time_point now);

    /// The statuses that were answered since the last call.
    std::vector<unsigned> take_statuses() { return std::exchange(statuses_, {}); }

private:
    struct piece {
        shared_text shared;     // owns the bytes, or …
        std::string own;        // … these are they, or …
        std::string_view view;  // … they are part of the program
        std::size_t sent = 0;
        std::string_view bytes() const { return shared ? std::string_view(*shared) : own.empty() ? view : std::string_view(own); }
    };
    using fields = std::vector<std::pair<std::string, std::string>>;

    void begin_answer(time_point now);
    void send_head(const http_head& head);
    void send(unsigned status, std::string_view type, shared_text body, fields with, time_point now);
    void send_refusal(unsigned status, const std::string& reason, fields with, time_point now);
    void serve(const asset& file, time_point now);

    const http_access& access_;
    token_guard& guard_;
    const std::string address_;
    http_reader reader_;
    http_request request_;
    std::deque<piece> out_;
    std::vector<unsigned> statuses_;
    time_point deadline_;
    std::optional<time_point> answer_by_;  // all of the answer that is being written
    bool begun_ = false;                   // part of a request is here
    bool waiting_ = false;                 // for somebody else's answer
    bool streaming_ = false;               // events
    bool last_ = false;                    // ends when all is written
};

}  // namespace gateway
