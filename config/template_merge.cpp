// config/template_merge.cpp: two device maps become one, each value with the place that it has.
#include "config/template_merge.hpp"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "config/suggest.hpp"

namespace config {
namespace {

const entry* find(const node& map, std::string_view key) {
    const auto found = std::find_if(map.entries.begin(), map.entries.end(), [&](const entry& one) { return one.key == key; });
    return found == map.entries.end() ? nullptr : &*found;
}

bool is_pattern(std::string_view name) { return name.find('*') != std::string_view::npos; }

void merge_keys(node& base, const node& over) {
    base.incomplete |= over.incomplete;
    base.entries.reserve(base.entries.size() + over.entries.size());  // The keys are pointed to.
    std::unordered_map<std::string_view, std::size_t> index;
    for (std::size_t i = 0; i < base.entries.size(); ++i) index.emplace(base.entries[i].key, i);
    for (const auto& one : over.entries) {
        const auto found = index.find(one.key);
        if (found == index.end())
            base.entries.push_back(one);
        else
            base.entries[found->second].at = one.at, base.entries[found->second].value = one.value;
    }
}

constexpr std::size_t most_patterns = 200;  // each is held against every point

/// The points of a device while they are joined.
class point_merger {
public:
    point_merger(const node& base, const node& over, findings& out) : over_(over), out_(out) {
        if (const auto* points = find(base, "points")) joined_ = *points;
        has_base_ = !joined_.value.entries.empty();
    }

    /// Nothing: neither has points.
    std::optional<entry> merge();

private:
    void choose();
    void set_aside_for_device();
    void apply(const entry& own);
    void apply_pattern(const entry& own);
    void apply_to(entry& point, const entry& own);
    std::unordered_set<std::string> named(std::string_view key);
    const entry* list_of(std::string_view key) const;
    std::vector<std::string> names() const;
    std::vector<entry>& points() { return joined_.value.entries; }

    const node& over_;
    findings& out_;
    entry joined_{"points", {}, {}};
    bool has_base_ = false;
    std::unordered_map<std::string, std::size_t> index_;
};

std::vector<std::string> point_merger::names() const {
    std::vector<std::string> all;
    for (const auto& one : joined_.value.entries) all.push_back(one.key);
    return all;
}

/// Nothing too if it is there and no list; whoever reads the joined map says so.
const entry* point_merger::list_of(std::string_view key) const {
    const auto* list = find(over_, key);
    return list != nullptr && list->value.kind == node_kind::list ? list : nullptr;
}

/// The points that the texts of this list mean; says which means none.
std::unordered_set<std::string> point_merger::named(std::string_view key) {
    std::unordered_set<std::string> found;
    const auto* list = list_of(key);
    if (list == nullptr) return found;
    if (list->value.items.empty()) out_.error(list->at, quoted(key) + " is empty; write the names of points, or remove it");
    if (list->value.items.size() > most_patterns) {
        out_.error(list->at, quoted(key) + " has more than " + std::to_string(most_patterns) + " items");
        return found;
    }
    for (const auto& one : list->value.items) {
        if (one.kind != node_kind::scalar || one.null) {
            if (one.kind != node_kind::unusable) out_.error(one.at, quoted(key) + " is a list of the names of points");
            continue;
        }
        bool any = false;
        for (const auto& point : points()) {
            if (!fits(point.key, one.text)) continue;
            any = true;
            found.insert(point.key);
        }
        if (any) continue;
        out_.error(one.at, quoted(key) + ": the template has no point " + quoted(one.text) + did_you_mean(one.text, names()));
    }
    return found;
}

void point_merger::choose() {
    std::unordered_set<std::string_view> own;
    if (const auto* mine = find(over_, "points"))
        for (const auto& one : mine->value.entries) own.insert(one.key);
    const auto* chooser = list_of("only") != nullptr ? list_of("only") : list_of("except");
    const bool has_only = list_of("only") != nullptr;
    const auto only = named("only");
    const auto except = named("except");
    std::erase_if(points(), [&](const entry& point) {
        if (except.contains(point.key)) return true;
        return has_only && !only.contains(point.key) && !own.contains(point.key);
    });
    if (!points().empty() || chooser == nullptr || !own.empty()) return;
    joined_.value.incomplete = true;  // So that nobody says it again.
    out_.error(chooser->at, quoted(chooser->key) + " leaves no point of the template");
}

void point_merger::set_aside_for_device() {
    std::unordered_set<std::string> keys;
    if (find(over_, "every") != nullptr) keys.insert("every");
    if (const auto* publish = find(over_, "publish"))
        for (const auto& one : publish->value.entries) keys.insert(one.key);
    if (keys.empty()) return;
    for (auto& point : points()) std::erase_if(point.value.entries, [&](const entry& one) { return keys.contains(one.key); });
}

void point_merger::apply_to(entry& point, const entry& own) {
    if (own.value.kind == node_kind::map && point.value.kind == node_kind::map) return merge_keys(point.value, own.value);
    point.value = own.value;
}

void point_merger::apply_pattern(const entry& own) {
    if (own.value.kind != node_kind::map) {
        if (own.value.kind != node_kind::unusable)
            out_.error(own.at, quoted(own.key) + " expects a map of keys; to leave points out, write 'except'");
        return;
    }
    bool any = false;
    for (auto& point : points()) {
        if (!fits(point.key, own.key)) continue;
        apply_to(point, own);
        any = true;
    }
    if (!any) out_.error(own.at, "the template has no point " + quoted(own.key));
}

void point_merger::apply(const entry& own) {
    const auto found = index_.find(own.key);
    if (found == index_.end()) {
        index_.emplace(own.key, points().size());
        points().push_back(own);
        return;
    }
    auto& point = points()[found->second];
    if (own.value.kind != node_kind::map && own.value.kind != node_kind::unusable) {
        out_.error(own.at, quoted(own.key) + " expects a map of keys; to leave this point of the template out, write 'except: [" +
                               own.key + "]'");
        return;
    }
    point.at = own.at;  // It is the user's now: what is wrong with it as a whole is told there.
    apply_to(point, own);
}

std::optional<entry> point_merger::merge() {
    const auto* own = find(over_, "points");
    if (!has_base_) return own == nullptr ? std::nullopt : std::optional(*own);
    choose();
    set_aside_for_device();
    if (own != nullptr && own->value.kind != node_kind::map) return *own;  // Whoever reads it says what is wrong.
    if (own == nullptr) return std::move(joined_);
    joined_.value.incomplete |= own->value.incomplete;
    std::size_t patterns = 0;
    for (const auto& one : own->value.entries)
        if (is_pattern(one.key) && ++patterns <= most_patterns) apply_pattern(one);
    if (patterns > most_patterns)
        out_.error(own->at, "'points' has more than " + std::to_string(most_patterns) + " names with *");
    for (std::size_t i = 0; i < points().size(); ++i) index_.emplace(points()[i].key, i);
    for (const auto& one : own->value.entries)
        if (!is_pattern(one.key)) apply(one);
    return std::move(joined_);
}

}  // namespace

bool fits(std::string_view name, std::string_view pattern) {
    // The last * may always take one letter more: it is enough to come back to that one.
    std::size_t n = 0;
    std::size_t p = 0;
    std::size_t star = std::string_view::npos;
    std::size_t taken = 0;
    while (n < name.size()) {
        if (p < pattern.size() && pattern[p] == '*') {
            star = p++;
            taken = n;
        } else if (p < pattern.size() && pattern[p] == name[n]) {
            ++p;
            ++n;
        } else if (star != std::string_view::npos) {
            p = star + 1;
            n = ++taken;
        } else {
            return false;
        }
    }
    return pattern.find_first_not_of('*', p) == std::string_view::npos;
}

node merge_device(const node& base, const node& over, findings& out) {
    node joined = over;
    joined.entries.clear();
    joined.incomplete |= base.incomplete;
    for (const auto& one : base.entries)
        if (one.key != "points" && one.key != "only" && one.key != "except") joined.entries.push_back(one);
    for (const auto& one : over.entries) {
        if (one.key == "points") continue;
        const auto same = [&](const entry& there) { return there.key == one.key; };
        const auto found = std::find_if(joined.entries.begin(), joined.entries.end(), same);
        if (found == joined.entries.end()) {
            joined.entries.push_back(one);
        } else if (one.key == "publish" && one.value.kind == node_kind::map && found->value.kind == node_kind::map) {
            merge_keys(found->value, one.value);
        } else {
            *found = one;
        }
    }
    if (auto points = point_merger(base, over, out).merge()) joined.entries.push_back(std::move(*points));
    return joined;
}

}  // namespace config
