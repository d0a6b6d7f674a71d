// gateway/command/man_pages.hpp: manual pages in roff: one of the program, one of each command, and one of the config file's
// keys. Pure. Not here: what they say beside options and keys (docs/man/*.md).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "config/vocabulary.hpp"
#include "gateway/command/command_tree.hpp"

namespace gateway {

/// `more`: further sections, in Markdown (man_text.hpp); those named EXAMPLES and the like come behind the options.
std::string man_page(const command_node& of, const command_node& root, std::string_view version, std::string_view more);

/// tidegate.yaml(5): all keys, with those of the adapters.
std::string man_page_of_config(std::span<const config::vocabulary> adapters, std::string_view version, std::string_view more);

/// Its name, "tidegate-queue"; subcommands of it are in the same page.
std::string page_name(const command_node& of);

/// Text for roff: nothing in it is taken for a command or a dash of typography.
std::string in_roff(std::string_view text);

/// Of Markdown as docs/man has it: "## NAME", paragraphs, `code`, lists with "- ", and what is indented by four spaces as it is.
std::string roff_of_markdown(std::string_view text);

}  // namespace gateway
