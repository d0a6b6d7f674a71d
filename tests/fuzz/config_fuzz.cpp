// tests/fuzz/config_fuzz.cpp: any text as a config: there is a config or a diagnosis, and every diagnosis has its words. What is
// behind a form feed is the template of any name.
// Not here: a corpus of its own; the example files of tests/config are one.
#include <algorithm>
#include <string>
#include <string_view>

#include "config/read.hpp"
#include "tests/config/modbus_like.hpp"
#include "tests/fuzz/target.hpp"

namespace {

class one_template final : public config::template_library {
public:
    explicit one_template(std::string_view text) : text_(text) {}
    std::optional<found> find(const std::string& name) const override {
        return text_.empty() ? std::nullopt : std::optional(found{name + ".yaml", std::string(text_), {}});
    }
    std::vector<std::string> names() const override { return {"one"}; }
    std::vector<std::string> places() const override { return {"here"}; }

private:
    std::string_view text_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const auto vocabularies = modbus_like();
    const std::string_view all(reinterpret_cast<const char*>(data), size);
    const auto text = all.substr(0, all.find('\f'));
    const one_template templates(all.substr(std::min(text.size() + 1, all.size())));
    const auto outcome = config::read(text, vocabularies, &templates);
    require(outcome.config || !outcome.diagnostics.empty(), "there is a config or a diagnosis");
    for (const auto& one : outcome.diagnostics)
        require(!config::render(one, "fuzz", text, outcome.templates).empty(), "a diagnosis has words");
    return 0;
}
