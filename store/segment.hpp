// store/segment.hpp: the messages of one group commit as one BLOB, and back.
// Pure: knows neither the table that holds it (log.hpp) nor when it is written.
//
// Format 1, in this order:
//     1 byte            format, 1
//     text              identifier of the boot in which the messages were taken
//     each message:
//       text            topic
//       1 byte          bits 0–1 QoS, 2 retain, 3 clock was synchronised, 4 has an expiry, 5 has properties; the others are 0
//       signed varint   wall_ms, less that of the message before (of 0 for the first)
//       signed varint   monotonic_ms, likewise
//       varint          expiry, if it has one
//       varint, bytes   payload
//       varint, bytes   properties, if it has any
// A text is a varint: the number of an entry of the text table, or 0 and then length and bytes. Numbers are LEB128, signed
// ones zigzag. Nothing follows the last message. The row's CRC covers its key, its count and the BLOB. A file of version 1
// (schema.hpp) has neither expiry nor properties.
//
// Why not a row for each message: draining then writes 488 bytes a message instead of 52 to 70. Why topics by number: they
// are half the bytes of a message of one value. Why differences of times: two bytes instead of sixteen.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "store/bytes.hpp"
#include "store/dictionary.hpp"
#include "store/queue.hpp"

namespace store {

constexpr std::size_t segment_bytes = 256 * 1024;    // of one row; a single larger message gets a row of its own
constexpr std::size_t largest_message = 256u << 20;  // of MQTT, topic included

/// A row of the log as far as one can see without reading its BLOB.
struct segment_row {
    std::int64_t first = 0;
    std::int64_t count = 0;
    std::uint64_t bytes = 0;
    std::int64_t last() const { return first + count - 1; }
    bool operator==(const segment_row&) const = default;
};

/// Of a row: a damaged key or count is found out like a damaged BLOB.
std::uint32_t row_checksum(std::int64_t first, std::int64_t count, std::string_view data);
/// Of an audit entry or a memory. Their rows have the shape of the log's: a page of theirs that damage has put among the log's
/// must not pass for one.
std::uint32_t note_checksum(std::int64_t key, std::int64_t kind, std::string_view data);

class segment_writer {
public:
    /// `memory`: to write in; what it holds goes, its room stays.
    explicit segment_writer(text_reference boot, std::string memory = {});
    /// False, and nothing is added, if the segment would exceed `most_bytes`.
    bool add(const message& what, text_reference topic, std::size_t most_bytes);
    std::int64_t count() const { return count_; }
    const std::string& data() const { return data_; }
    std::string take_memory() && { return std::move(data_); }

private:
    std::string data_;
    std::int64_t count_ = 0;
    stamp previous_;
};

/// Goes through a segment from front to back, and can stop anywhere to go on later. Owns the bytes.
class segment_reader {
public:
    /// Nothing to read.
    segment_reader() = default;
    /// Requires: the checksum was right.
    segment_reader(std::int64_t first, std::int64_t count, std::string data);

    std::int64_t first() const { return first_; }
    std::int64_t last() const { return first_ + count_ - 1; }
    /// Identifier of the boot in which the messages were taken. Requires: next() has returned true.
    const std::string& boot() const { return boot_; }
    /// Of the message that next() would give; beyond last() at the end.
    std::int64_t position() const { return at_.next; }
    std::size_t size() const { return data_.size(); }
    void rewind();

    /// False: it can't be decoded. Requires: position() <= last().
    bool next(const dictionary& texts, stored_message& to);
    /// Takes back the last next(). Requires: there was one since the last unread() or rewind(), and it returned true.
    void unread();

private:
    struct place {
        std::int64_t next = 1;
        std::size_t offset = 0;  // in data_; 0: before the header
        stamp previous;          // of the message before, which times are relative to
    };
    std::int64_t first_ = 1;
    std::int64_t count_ = 0;
    std::string data_;
    std::string boot_;
    place at_;
    place before_;
};

}  // namespace store
