// config/findings.cpp: keeps diagnostics in order of position and without repeats.
#include "config/findings.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace config {
namespace {

constexpr std::size_t longest_quotation = 60;  // characters

bool is_printable(const character& c) {
    if (!c.valid || c.code < 0x20 || (c.code >= 0x7F && c.code < 0xA0)) return false;
    // Marks that turn the direction of the text, or take no room, would make a terminal show something else than is there.
    const bool invisible = (c.code >= 0x200B && c.code <= 0x200F) || (c.code >= 0x2028 && c.code <= 0x202E) ||
                           (c.code >= 0x2060 && c.code <= 0x206F) || c.code == 0xFEFF;
    return !invisible;
}

}  // namespace

std::string_view printable(const character& c, std::string_view bytes) { return is_printable(c) ? bytes : "\xEF\xBF\xBD"; }

std::string quoted(std::string_view text) {
    std::string out = "'";
    for (std::size_t count = 0; !text.empty(); ++count) {
        if (count == longest_quotation) {
            out += "...";
            break;
        }
        const auto c = first_character(text);
        out += printable(c, text.substr(0, c.bytes));
        text.remove_prefix(c.bytes);
    }
    return out + "'";
}

std::string one_of(const std::vector<std::string>& words) {
    std::string out;
    for (std::size_t i = 0; i < words.size(); ++i) {
        if (i > 0) out += i + 1 == words.size() ? " or " : ", ";
        out += quoted(words[i]);
    }
    return out;
}

std::size_t findings::add_file(const source& text) {
    files_.push_back(&text);
    return files_.size() - 1;
}

/// What is wrong in a template is so for each of its devices, and said once.
bool findings::is_repeated(const diagnostic& what) const {
    return what.where.file > 0 && std::any_of(found_.begin(), found_.end(), [&](const diagnostic& there) {
               return there.where == what.where && there.message == what.message;
           });
}

void findings::add(config::severity severity, place where, std::string message) {
    if (severity == severity::error) ++errors_;
    const auto file = where.where.file;
    auto shown = files_[file]->nearest(where);
    shown.where.file = file;
    diagnostic what{severity, shown.where, shown.width, std::move(message), file > 0 ? use_ : position{}};
    if (is_repeated(what)) return;
    if (full()) {
        ++left_out_;
        return;
    }
    const auto before = [](const position& wanted, const diagnostic& there) {
        return std::tuple(wanted.file, wanted.line, wanted.column) <
               std::tuple(there.where.file, there.where.line, there.where.column);
    };
    const auto behind_equals = std::upper_bound(found_.begin(), found_.end(), shown.where, before);
    found_.insert(behind_equals, std::move(what));
}

std::vector<diagnostic> findings::take() {
    if (left_out_ > 0) {
        const auto last = found_.back();
        const auto severity = errors_ > 0 ? severity::error : severity::warning;
        found_.push_back({severity, last.where, 1, "and " + std::to_string(left_out_) + " more, not shown"});
    }
    return std::move(found_);
}

}  // namespace config
