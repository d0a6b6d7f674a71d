// gateway/log_limits.cpp: see log_limits.hpp.
#include "gateway/log_limits.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace gateway {

void log_limits::refresh(state& of, time_point now) {
    const double passed = std::chrono::duration<double>(now - of.at) / std::chrono::duration<double>(refill);
    of.tokens = std::min(static_cast<double>(burst), of.tokens + passed);
    of.at = now;
}

std::optional<std::uint64_t> log_limits::take(const std::string& subject, const std::string& line, time_point now) {
    auto found = subjects_.find(subject);
    if (found == subjects_.end()) {
        if (subjects_.size() >= most_subjects)
            subjects_.erase(std::min_element(subjects_.begin(), subjects_.end(),
                                             [](const auto& a, const auto& b) { return a.second.at < b.second.at; }));
        found = subjects_.emplace(subject, state{}).first;
        found->second.at = now;
    }
    state& of = found->second;
    refresh(of, now);
    if (of.tokens < 1) {
        of.last = line;
        ++of.held_back;
        return std::nullopt;
    }
    of.tokens -= 1;
    of.last.clear();
    return std::exchange(of.held_back, 0);
}

std::vector<log_limits::held> log_limits::due(time_point now) {
    std::vector<held> found;
    for (auto it = subjects_.begin(); it != subjects_.end();) {
        state& of = it->second;
        refresh(of, now);
        if (!of.last.empty() && of.tokens >= 1) {
            of.tokens -= 1;
            found.push_back({std::exchange(of.last, {}), std::exchange(of.held_back, 0) - 1});
        }
        const bool is_quiet = of.tokens >= static_cast<double>(burst);
        it = is_quiet ? subjects_.erase(it) : std::next(it);
    }
    return found;
}

std::string log_limits::subject_of(std::string_view event, const std::vector<std::string_view>& fields) {
    constexpr std::array<std::string_view, 7> names = {"bus=", "device=", "point=", "topic=", "key=", "filter=", "alarm="};
    std::string subject(event.substr(0, event.find('_')));
    for (const auto field : fields)
        if (std::any_of(names.begin(), names.end(), [&](auto name) { return field.starts_with(name); }))
            subject.append(" ").append(field.substr(0, 200));
    return subject;
}

}  // namespace gateway
