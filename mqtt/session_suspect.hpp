// mqtt/session_suspect.hpp: finds the message at which a broker closes the connection again and again.
// Not here: what becomes of that message.
#pragma once

#include <optional>

#include "mqtt/types.hpp"

namespace mqtt {

/// A connection that the broker closed without one acknowledgement points at its oldest unanswered message. `enough` in a row
/// that point at the same one convict it; with 0 nothing is ever suspected. While there is a suspect, the window is one message:
/// the blame falls on the right one.
class suspect {
public:
    explicit suspect(int enough) : enough_(enough) {}

    /// An acknowledgement came, or a connection ended in a way that something else explains.
    void acquit() { accused_.reset(); }

    /// The broker closed a connection without having acknowledged anything. `oldest`: nothing if no message was on its way;
    /// that proves nothing, and what was counted stays. The answer: the message that is convicted.
    std::optional<sequence> on_closed(std::optional<sequence> oldest) {
        if (!oldest || enough_ == 0) return std::nullopt;
        if (accused_ != oldest) {
            accused_ = oldest;
            count_ = 0;
        }
        if (++count_ < enough_) return std::nullopt;
        accused_.reset();
        return oldest;
    }
    bool exists() const { return accused_.has_value(); }

private:
    int enough_;
    std::optional<sequence> accused_;
    int count_ = 0;
};

}  // namespace mqtt
