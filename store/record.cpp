// store/record.cpp: encoding and decoding of counters, cursor and session.
#include "store/record.hpp"

#include "store/bytes.hpp"

namespace store {
namespace {

constexpr std::uint8_t format = 1;

std::string begin() { return std::string(1, static_cast<char>(format)); }

bool begins(byte_reader& from) {
    if (from.byte() != format) from.fail();
    return !from.failed();
}

bool ended(const byte_reader& from) { return !from.failed() && from.at_end(); }

void put_sequence(std::string& to, sequence what) { put_varint(to, static_cast<std::uint64_t>(number(what))); }

sequence take_sequence(byte_reader& from) {
    const std::uint64_t value = from.varint();
    if (value > INT64_MAX) from.fail();
    return sequence{from.failed() ? 0 : static_cast<std::int64_t>(value)};
}

// Neighbours in a list are near each other: differences are short.
void put_list(std::string& to, const std::vector<sequence>& list) {
    put_varint(to, list.size());
    std::int64_t previous = 0;
    for (const sequence next : list) {
        put_signed(to, number(next) - previous);
        previous = number(next);
    }
}

std::vector<sequence> take_list(byte_reader& from) {
    const std::uint64_t size = from.varint();
    if (size > from.left()) from.fail();  // each takes a byte or more
    std::vector<sequence> list;
    if (from.failed()) return list;
    list.reserve(static_cast<std::size_t>(size));
    std::uint64_t value = 0;
    for (std::uint64_t i = 0; i < size; ++i) {
        value += static_cast<std::uint64_t>(from.signed_varint());
        if (value > INT64_MAX) from.fail();
        if (from.failed()) return {};
        list.push_back(sequence{static_cast<std::int64_t>(value)});
    }
    return list;
}

}  // namespace

std::string encode(const counters& what) {
    std::string to = begin();
    put_varint(to, static_cast<std::uint64_t>(what.last));
    for (const std::uint64_t value : {what.stored, what.acknowledged, what.dropped_oldest, what.dropped_newest,
                                      what.dropped_refused, what.dropped_session, what.max_bytes})
        put_varint(to, value);
    return to;
}

std::string encode(const cursor& what) {
    std::string to = begin();
    put_sequence(to, what.acked);
    put_sequence(to, what.released);
    put_sequence(to, what.maybe_sent);
    put_list(to, what.acked_beyond);
    put_list(to, what.released_beyond);
    return to;
}

std::string encode(const session_record& what) {
    std::string to = begin();
    put_text(to, what.client_id);
    put_text(to, what.broker);
    put_varint(to, what.epoch);
    return to;
}

std::optional<counters> decode_counters(std::string_view bytes) {
    byte_reader from(bytes);
    if (!begins(from)) return std::nullopt;
    counters found;
    found.last = number(take_sequence(from));
    for (std::uint64_t* value : {&found.stored, &found.acknowledged, &found.dropped_oldest, &found.dropped_newest,
                                 &found.dropped_refused, &found.dropped_session, &found.max_bytes})
        *value = from.varint();
    if (!ended(from)) return std::nullopt;
    return found;
}

std::optional<cursor> decode_cursor(std::string_view bytes) {
    byte_reader from(bytes);
    if (!begins(from)) return std::nullopt;
    cursor found;
    found.acked = take_sequence(from);
    found.released = take_sequence(from);
    found.maybe_sent = take_sequence(from);
    found.acked_beyond = take_list(from);
    found.released_beyond = take_list(from);
    if (!ended(from)) return std::nullopt;
    return found;
}

std::optional<session_record> decode_session(std::string_view bytes) {
    byte_reader from(bytes);
    if (!begins(from)) return std::nullopt;
    session_record found;
    found.client_id = from.text();
    found.broker = from.text();
    found.epoch = from.varint();
    if (!ended(from)) return std::nullopt;
    return found;
}

}  // namespace store
