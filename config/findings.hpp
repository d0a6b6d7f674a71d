// config/findings.hpp: collects what is wrong with a config file, all of it, up to a bound.
// Not here: the wording; whoever finds something says it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "config/read.hpp"
#include "config/source.hpp"

namespace config {

/// The character itself, or U+FFFD for one that a terminal wouldn't show as it is.
std::string_view printable(const character& c, std::string_view bytes);

/// Text from the file inside a message: in quotes, one line, printable, shortened.
std::string quoted(std::string_view text);

/// "a, b or c", each in quotes.
std::string one_of(const std::vector<std::string>& words);

class findings {
public:
    explicit findings(const source& text) : files_{&text} {}

    /// Returns the number that positions in it have. `text` must live as long as findings are added.
    std::size_t add_file(const source& text);
    /// Where the config names the template that is read now; what is found in a template is told with it.
    void set_use(position of_template) { use_ = of_template; }

    void error(place where, std::string message) { add(severity::error, where, std::move(message)); }
    void warning(place where, std::string message) { add(severity::warning, where, std::move(message)); }

    bool any_error() const { return errors_ > 0; }
    /// More is only counted, so whoever would compute a costly message need not.
    bool full() const { return found_.size() >= most_shown; }
    /// In order of position; to be called once. The last says how many more there were, if any.
    std::vector<diagnostic> take();

    static constexpr std::size_t most_shown = 200;

private:
    void add(config::severity severity, place where, std::string message);

    bool is_repeated(const diagnostic& what) const;

    std::vector<const source*> files_;
    position use_;
    std::vector<diagnostic> found_;  // in order of position; of one position in order of finding
    std::size_t errors_ = 0;
    std::size_t left_out_ = 0;
};

}  // namespace config
