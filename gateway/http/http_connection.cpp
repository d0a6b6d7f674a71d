// gateway/http/http_connection.cpp: see http_connection.hpp.
#include "gateway/http/http_connection.hpp"

#include <sys/socket.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <tuple>
#include <utility>

#include "gateway/limits.hpp"

namespace gateway {

namespace posix = boost::asio::posix;
using clock = std::chrono::steady_clock;
using boost::system::error_code;

namespace {

constexpr std::size_t largest_record = 16u << 10;  // of TLS

}  // namespace

struct http_connection::wire {
    posix::stream_descriptor socket;
};

http_connection::http_connection(boost::asio::io_context& io, int descriptor, std::unique_ptr<http_tls::session> tls,
                                 const http_access& access, token_guard& guard, std::string address, owner& to)
    : wire_(new wire{posix::stream_descriptor(io, descriptor)}),
      owner_(&to),
      address_(std::move(address)),
      exchange_(access, guard, address_, clock::now()),
      tls_(std::move(tls)) {
    if (tls_) handshake_by_ = clock::now() + limits::http_request_time;
    error_code ignored;
    std::ignore = wire_->socket.non_blocking(true, ignored);  // it is so already; now Asio knows, too
}

http_connection::~http_connection() = default;

void http_connection::close() {
    if (!owner_) return;
    const auto self = shared_from_this();
    error_code ignored;
    std::ignore = wire_->socket.close(ignored);  // it ends either way
    std::exchange(owner_, nullptr)->on_closed(self);
}

void http_connection::advance() {
    const auto self = shared_from_this();
    while (owner_ && flush()) {
        if (linger_until_) return arm_read();
        if (exchange_.is_over()) return finish();
        const auto what = exchange_.next(clock::now());
        advancing_ = true;  // an answer that is there at once goes on here
        if (what) owner_->on_request(self, *what);
        advancing_ = false;
        for (const unsigned status : exchange_.take_statuses())
            if (owner_) owner_->on_answered(status);
        if (exchange_.output().empty() && !exchange_.is_over()) return exchange_.wants_input() ? arm_read() : void();
    }
}

void http_connection::answer(unsigned status, std::string_view type, shared_text body) {
    if (!owner_ || !exchange_.answer(status, type, std::move(body), clock::now())) return;
    if (!advancing_) advance();
}

bool http_connection::push(shared_text events) {
    if (!owner_) return false;
    if (exchange_.push(std::move(events), clock::now())) {
        advance();
    } else {
        owner_->on_too_slow();
        close();
    }
    return owner_ != nullptr;
}

/// True: all is written. Else it goes on when there is room, or the connection is closed.
bool http_connection::flush() {
    for (;;) {
        std::size_t taken = 0;
        if (tls_ && sealed_.empty()) sealed_ = tls_->take_output();
        if (!sealed_.empty()) {
            if (!write_some(sealed_, taken)) return false;
            sealed_.erase(0, taken);
            continue;
        }
        const auto next = exchange_.output();
        if (next.empty()) return true;
        if (tls_) {
            taken = std::min(next.size(), largest_record);
            if (!tls_->write(next.substr(0, taken))) {
                close();
                return false;
            }
        } else if (!write_some(next, taken)) {
            return false;
        }
        exchange_.consume(taken, clock::now());
    }
}

bool http_connection::write_some(std::string_view bytes, std::size_t& taken) {
    error_code error;
    taken = wire_->socket.write_some(boost::asio::buffer(bytes.data(), bytes.size()), error);
    if (!error) return true;
    if (error != boost::asio::error::would_block) {
        close();
    } else if (!std::exchange(writing_, true)) {
        wire_->socket.async_wait(posix::descriptor_base::wait_write, [self = shared_from_this()](const error_code& failed) {
            self->writing_ = false;
            if (failed) return self->close();
            self->advance();
        });
    }
    return false;
}

void http_connection::arm_read() {
    if (std::exchange(reading_, true)) return;
    wire_->socket.async_wait(posix::descriptor_base::wait_read, [self = shared_from_this()](const error_code& error) {
        self->reading_ = false;
        if (error || !self->owner_) return self->close();
        self->on_readable();
    });
}

void http_connection::on_readable() {
    const auto buffer = owner_->buffer();
    error_code error;
    const std::size_t size = wire_->socket.read_some(boost::asio::buffer(buffer.data(), buffer.size()), error);
    if (error == boost::asio::error::would_block) return arm_read();
    if (error) return close();
    std::string_view bytes(buffer.data(), size);
    std::string plain;
    if (tls_) {
        if (!tls_->feed(bytes, plain)) {
            // A last word, if there is room for it; then it is over.
            flush();
            return close();
        }
        bytes = plain;
        if (tls_->is_open()) handshake_by_.reset();
    }
    exchange_.feed(bytes, clock::now());
    advance();
}

/// All is written. What the client has sent beyond would make the system tell it of an error instead of showing it the answer.
void http_connection::finish() {
    linger_until_ = clock::now() + limits::http_linger;
    if (tls_) tls_->say_goodbye();
    if (tls_ && !flush()) return;
    std::ignore = ::shutdown(wire_->socket.native_handle(), SHUT_WR);  // its end is what is wanted
    arm_read();
}

void http_connection::sweep(clock::time_point now) {
    if (handshake_by_ && now >= *handshake_by_) {
        owner_->on_too_slow();
        return close();
    }
    if (linger_until_) {
        if (now >= *linger_until_) close();
        return;
    }
    switch (exchange_.look(now)) {
        case http_exchange::overdue::no:
            if (!exchange_.output().empty()) advance();
            return;
        case http_exchange::overdue::slow:
            owner_->on_too_slow();
            return close();
        case http_exchange::overdue::idle:
            return close();
    }
}

}  // namespace gateway
