// gateway/command/option_error.hpp: what is wrong with what was typed on the command line, and what would be right.
// Not here: which options there are (main.cpp).
#pragma once

#include <boost/system/result.hpp>
#include <string>
#include <utility>

namespace gateway {

class option_error {
public:
    option_error() = default;
    static option_error because(std::string message) {
        option_error error;
        error.message_ = std::move(message);
        return error;
    }
    const std::string& message() const { return message_; }

private:
    std::string message_;
};
[[noreturn]] void throw_exception_from_error(const option_error& what, const boost::source_location& where);

template <typename T>
using option_result = boost::system::result<T, option_error>;

}  // namespace gateway
