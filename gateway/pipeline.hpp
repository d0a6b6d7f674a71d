// gateway/pipeline.hpp: turns readings into messages: change filter, grouping by topic, topic and payload.
// Pure: the time of a reading comes with it; a message is a value that someone else keeps and sends.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "config/model.hpp"
#include "gateway/reading.hpp"
#include "store/queue.hpp"

namespace gateway {

class pipeline {
public:
    /// Requires: `file` has been checked; it must outlive the pipeline.
    explicit pipeline(const config::file& file);

    /// The messages that this cycle makes, in the order of the config; none if nothing changed enough.
    std::vector<store::message> process(const cycle& done);

private:
    // (left to the implementation)
};

/// `{"ts":"2026-11-22T20:15:10.123Z","value":21.4}` and its parts; numbers are the shortest that read back the same.
std::string format_timestamp(std::int64_t unix_ms);
void append_json(std::string& to, const value& what);
void append_raw(std::string& to, const value& what);

}  // namespace gateway
