// tests/sim/record.cpp: see record.hpp.
// Not here: the words for packets (trace_words.hpp).
#include "tests/sim/record.hpp"

#include <cstdio>

namespace sim {

std::string record::time_in_words() const {
    char text[40];
    std::snprintf(text, sizeof text, "%9.3f s  ", static_cast<double>(ms_) / 1000);
    return text;
}

}  // namespace sim
