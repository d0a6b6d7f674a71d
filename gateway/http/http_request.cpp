// gateway/http/http_request.cpp: Boost.Beast's parser with our bounds. Not here: Beast's I/O, which isn't used.
#include "gateway/http/http_request.hpp"

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <charconv>

#include "gateway/limits.hpp"

namespace gateway {

namespace http = boost::beast::http;

struct http_reader::parser {
    http::request_parser<http::string_body> of;
};

namespace {

std::string text(boost::beast::string_view from) { return {from.data(), from.size()}; }

unsigned status_of(const boost::system::error_code& error) {
    if (error == http::error::header_limit) return 431;
    if (error == http::error::body_limit) return 413;
    if (error == http::error::bad_version) return 505;
    return 400;
}

http_method method_of(http::verb verb) {
    switch (verb) {
        case http::verb::get:
            return http_method::get;
        case http::verb::head:
            return http_method::head;
        case http::verb::post:
            return http_method::post;
        default:
            return http_method::other;
    }
}

/// The path of "/path?query", and of "http://host/path?query" as proxies are asked.
bool take_target(std::string_view target, http_request& to) {
    if (target.starts_with("http://") || target.starts_with("https://")) {
        const auto slash = target.find('/', target.find("://") + 3);
        target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
    }
    if (!target.starts_with('/')) return false;
    const auto end = std::min(target.find('?'), target.size());
    to.path = target.substr(0, end);
    to.query = end < target.size() ? target.substr(end + 1) : std::string_view();
    return true;
}

int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace

std::string percent_decoded(std::string_view text, bool plus_is_blank) {
    std::string plain;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus_is_blank) {
            plain += ' ';
        } else if (text[i] != '%') {
            plain += text[i];
        } else {
            const int high = i + 2 < text.size() ? digit_of(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? digit_of(text[i + 2]) : -1;
            if (high < 0 || low < 0) return {};
            plain += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return plain;
}

std::string query_value(std::string_view query, std::string_view name) {
    while (!query.empty()) {
        const auto pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(pair.size() + 1, query.size()));
        if (pair.size() > name.size() && pair.starts_with(name) && pair[name.size()] == '=')
            return percent_decoded(pair.substr(name.size() + 1), true);
    }
    return {};
}

http_reader::http_reader() { begin(); }
http_reader::~http_reader() = default;

void http_reader::begin() {
    parser_ = std::make_unique<parser>();
    parser_->of.header_limit(limits::http_header);
    parser_->of.body_limit(limits::http_body);
    parser_->of.eager(true);
    header_read_ = false;
}

void http_reader::feed(std::string_view bytes) { input_ += bytes; }

http_reader::outcome http_reader::next(http_request& to) {
    if (status_ != 0) return outcome::bad;
    auto& from = parser_->of;
    while (!from.is_done()) {
        if (input_.empty()) return outcome::more;
        boost::system::error_code error;
        const std::size_t used = from.put(boost::asio::buffer(input_), error);
        input_.erase(0, used);
        if (error == http::error::need_more) {
            // Beast counts a header only when it has its end, or when a line of it is too long.
            if (input_.size() > limits::http_header) status_ = 431;
            if (status_ != 0) return outcome::bad;
            header_read_ = from.is_header_done();
            return outcome::more;
        }
        if (error) {
            status_ = status_of(error);
            return outcome::bad;
        }
        header_read_ = from.is_header_done();
    }
    to = {};
    const auto& message = from.get();
    if (!take_target({message.target().data(), message.target().size()}, to)) {
        status_ = 400;
        return outcome::bad;
    }
    to.method = method_of(message.method());
    to.host = text(message[http::field::host]);
    to.has_one_host = message.count(http::field::host) == 1;
    to.origin = text(message[http::field::origin]);
    to.content_type = text(message[http::field::content_type]);
    to.authorization = text(message[http::field::authorization]);
    to.if_none_match = text(message[http::field::if_none_match]);
    to.accept_encoding = text(message[http::field::accept_encoding]);
    to.fetch_site = text(message["Sec-Fetch-Site"]);
    to.keep_alive = message.keep_alive();
    if (message.version() >= 11 && !to.has_one_host) {
        status_ = 400;
        return outcome::bad;
    }
    to.body = message.body();
    begin();
    return outcome::request;
}

}  // namespace gateway
