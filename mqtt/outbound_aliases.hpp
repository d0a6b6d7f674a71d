// mqtt/outbound_aliases.hpp: topic aliases of MQTT 5.0 (3.3.2.3.4) for what we publish: the first topics of a connection get
// one each and keep it.
// No replacing: who polls in turn sends more topics than there are aliases round and round, and the least recently used one
// would always be the next to come. Not here: packets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace mqtt {

class outbound_aliases {
public:
    struct use {
        std::uint16_t alias = 0;   // 0: none
        bool topic_known = false;  // the broker has been told the topic
    };

    /// A new connection, on which so many aliases are allowed.
    void begin_connection(std::uint16_t most) {
        most_ = most;
        aliases_.clear();
    }
    /// `at_once`: what is sent now goes out before anything later, so that later packets may rely on it.
    use find(std::string_view topic, bool at_once) const {
        if (most_ == 0 || !at_once) return {};
        const auto known = aliases_.find(topic);
        if (known != aliases_.end()) return {known->second, true};
        if (aliases_.size() >= most_) return {};
        return {static_cast<std::uint16_t>(aliases_.size() + 1), false};
    }
    /// The packet that sets this alias is on its way.
    void set(std::string_view topic, std::uint16_t alias) { aliases_.emplace(topic, alias); }

private:
    struct text_hash {
        using is_transparent = void;
        std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
    };
    std::uint16_t most_ = 0;
    std::unordered_map<std::string, std::uint16_t, text_hash, std::equal_to<>> aliases_;
};

}  // namespace mqtt
