// tests/store/halving.hpp: what full_policy::thin must have done to a log of which every message is known.
// Not here: which stretches it chooses, which is its own business and is in its report.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>

#include "store/queue.hpp"

namespace test {

class halving {
public:
    /// As after the process ended: every topic begins with one that stays.
    void forget() { skips_next_.clear(); }

    /// Of `log`, numbers and contents. False: more or fewer went than the report says.
    template <typename Content, typename Topic>
    bool apply(const store::thinning& done, std::map<std::int64_t, Content>& log, Topic topic_of) {
        if (done.starts_over) forget();
        std::map<std::int64_t, Content> kept;
        std::uint64_t gone = 0;
        std::int64_t next = number(done.from);
        for (auto it = log.lower_bound(next); it != log.end() && it->first <= number(done.to); it = log.erase(it)) {
            const std::string topic = topic_of(it->second);
            if (done.messages == 0) {
                skips_next_.insert(topic);
                kept.insert(*it);
            } else if (skips_next_.erase(topic) > 0) {
                ++gone;
            } else {
                skips_next_.insert(topic);
                kept.emplace(next++, it->second);
            }
        }
        log.merge(kept);
        return gone == done.messages;
    }

private:
    std::set<std::string> skips_next_;
};

}  // namespace test
