// gateway/command/shell_completion.cpp: one script a shell, all of the same shape: which command is being typed, what its last
// option wants, else its commands, options and arguments.
#include "gateway/command/shell_completion.hpp"

#include <algorithm>

namespace gateway {
namespace {

constexpr const char* secret_words = "@env: @file: @cred:";

std::string joined(const std::vector<std::string>& words, const std::string& between) {
    std::string all;
    for (const auto& each : words) all += (all.empty() ? "" : between) + each;
    return all;
}

/// In single quotes, for any of the three shells.
std::string quoted(const std::string& text) {
    std::string result = "'";
    for (const char each : text) result += each == '\'' ? std::string("'\\''") : std::string(1, each);
    return result + '\'';
}

std::string in_fish_quotes(const std::string& text) {
    std::string result = "'";
    for (const char each : text) result += (each == '\'' || each == '\\' ? "\\" : "") + std::string(1, each);
    return result + '\'';
}

/// "path option" patterns of a case, for each name.
std::string patterns(const command_node& of, const command_option& option) {
    std::vector<std::string> all;
    for (const auto& name : option.names) all.push_back(quoted(of.path + ' ' + name));
    return joined(all, " | ");
}

std::string paths_of_commands(const command_node& root, const std::string& between) {
    std::vector<std::string> paths;
    for (const auto* node : all_of(root))
        if (node != &root) paths.push_back(quoted(node->path));
    return joined(paths, between);
}

const command_option* argument_of(const command_node& of) { return of.arguments.empty() ? nullptr : &of.arguments.front(); }

/// A line that fills COMPREPLY.
std::string bash_reply(const command_option* option) {
    if (!option) return ":";
    switch (kind_of(*option)) {
        case value_kind::file:
            return "_tidegate_files \"$current\"";
        case value_kind::choices:
            return "COMPREPLY=($(compgen -W " + quoted(joined(choices_of(*option), " ")) + " -- \"$current\"))";
        case value_kind::secret:
            return "COMPREPLY=($(compgen -W " + quoted(secret_words) + " -- \"$current\")); compopt -o nospace 2>/dev/null";
        case value_kind::bus:
            return "COMPREPLY=($(compgen -W \"$(_tidegate_names buses)\" -- \"$current\"))";
        case value_kind::device:
            return "COMPREPLY=($(compgen -W \"$(_tidegate_names devices)\" -- \"$current\"))";
        case value_kind::anything:
            break;
    }
    return ":";
}

constexpr const char* bash_head = R"(# bash completion for tidegate; made by `tidegate completion bash`, never edited.

# Names from the config file that the line gives, or from where the package has it.
_tidegate_names() {
    local i config=/etc/tidegate/tidegate.yaml
    for ((i = 1; i < ${#COMP_WORDS[@]} - 1; i++)); do
        case ${COMP_WORDS[i]} in -c | --config) config=${COMP_WORDS[i + 1]} ;; esac
    done
    [[ -r $config ]] && "${COMP_WORDS[0]}" completion "$1" "$config" 2>/dev/null
}

_tidegate_files() {
    compopt -o filenames 2>/dev/null
    local IFS=$'\n'
    COMPREPLY=($(compgen -f -- "$1"))
}

_tidegate() {
    local current=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} where=tidegate i
    COMPREPLY=()
    for ((i = 1; i < COMP_CWORD; i++)); do
        case "$where ${COMP_WORDS[i]}" in
)";

}  // namespace

std::string bash_completion(const command_node& root) {
    std::string text = bash_head;
    text += "            " + paths_of_commands(root, " | ") + ") where+=\" ${COMP_WORDS[i]}\" ;;\n        esac\n    done\n";
    text += "    case \"$where $before\" in\n";
    for (const auto* node : all_of(root))
        for (const auto& option : node->options)
            if (option.takes_value) text += "        " + patterns(*node, option) + ") " + bash_reply(&option) + "; return ;;\n";
    text += "    esac\n    case \"$where\" in\n";
    for (const auto* node : all_of(root)) {
        std::vector<std::string> options, commands;
        for (const auto& option : node->options) options.insert(options.end(), option.names.begin(), option.names.end());
        for (const auto& each : node->commands) commands.push_back(each.name);
        text += "        " + quoted(node->path) +
                ")\n            if [[ $current == -* ]]; then\n                COMPREPLY=($(compgen -W " +
                quoted(joined(options, " ")) + " -- \"$current\"))\n            else\n                ";
        text += commands.empty() ? bash_reply(argument_of(*node))
                                 : "COMPREPLY=($(compgen -W " + quoted(joined(commands, " ")) + " -- \"$current\"))";
        text += "\n            fi\n            ;;\n";
    }
    return text + "    esac\n}\n\ncomplete -F _tidegate tidegate\n";
}

namespace {

/// 'name:help', whose own colons are escaped.
std::string zsh_item(const std::string& name, const std::string& help) {
    std::string item = name + ':';
    for (const char each : help) item += each == ':' ? std::string("\\:") : std::string(1, each);
    return quoted(item);
}

std::string zsh_reply(const command_option& option) {
    switch (kind_of(option)) {
        case value_kind::file:
            return "_files";
        case value_kind::choices: {
            std::vector<std::string> words;
            for (const auto& each : choices_of(option)) words.push_back(quoted(each));
            return "compadd -- " + joined(words, " ");
        }
        case value_kind::secret:
            return std::string("compadd -S '' -- ") + secret_words;
        case value_kind::bus:
            return "_tidegate_names buses";
        case value_kind::device:
            return "_tidegate_names devices";
        case value_kind::anything:
            break;
    }
    return "_message " + quoted(option.help.empty() ? option.type : option.help);
}

}  // namespace

namespace {

constexpr const char* zsh_head = R"zsh(#compdef tidegate
# zsh completion for tidegate; made by `tidegate completion zsh`, never edited.

_tidegate_names() {
    local i config=/etc/tidegate/tidegate.yaml
    for ((i = 2; i < ${#words}; i++)); do
        case ${words[i]} in -c|--config) config=${words[i+1]} ;; esac
    done
    [[ -r $config ]] && compadd -- ${(f)"$(${words[1]} completion $1 $config 2>/dev/null)"}
}

_tidegate() {
    local -a commands options
    local where=tidegate before=${words[CURRENT-1]} i
    for ((i = 2; i < CURRENT; i++)); do
        case "$where ${words[i]}" in
            ()zsh";

constexpr const char* zsh_end = R"zsh(    esac
    if [[ ${words[CURRENT]} == -* ]]; then
        _describe -o option options
    elif (($#commands)); then
        _describe command commands
    fi
}

_tidegate "$@"
)zsh";

}  // namespace

std::string zsh_completion(const command_node& root) {
    std::string text = zsh_head;
    text +=
        paths_of_commands(root, "|") + ") where+=\" ${words[i]}\" ;;\n        esac\n    done\n    case \"$where $before\" in\n";
    for (const auto* node : all_of(root))
        for (const auto& option : node->options)
            if (option.takes_value) text += "        (" + patterns(*node, option) + ") " + zsh_reply(option) + "; return ;;\n";
    text += "    esac\n    case \"$where\" in\n";
    for (const auto* node : all_of(root)) {
        text += "        (" + quoted(node->path) + ")\n            options=(";
        for (const auto& option : node->options)
            for (const auto& name : option.names) text += "\n                " + zsh_item(name, option.help);
        text += ")\n            commands=(";
        for (const auto& each : node->commands) text += "\n                " + zsh_item(each.name, each.help);
        text += ")\n";
        if (const auto* argument = argument_of(*node); argument && node->commands.empty())
            text += "            [[ ${words[CURRENT]} == -* ]] || { " + zsh_reply(*argument) + "; return; }\n";
        text += "            ;;\n";
    }
    return text + zsh_end;
}

std::string fish_completion(const command_node& root) {
    std::string text =
        "# fish completion for tidegate; made by `tidegate completion fish`, never edited.\n\nfunction __tidegate_at\n    set -l "
        "where tidegate\n"
        "    for word in (commandline -opc)[2..-1]\n        if contains -- \"$where $word\" " +
        paths_of_commands(root, " ") +
        "\n            set where \"$where $word\"\n        end\n    end\n"
        "    test \"$where\" = \"$argv[1]\"\nend\n\n"
        "function __tidegate_names\n    set -l words (commandline -opc)\n    set -l config /etc/tidegate/tidegate.yaml\n"
        "    for i in (seq (count $words))\n        if contains -- $words[$i] -c --config; and test $i -lt (count $words)\n"
        "            set config $words[(math $i + 1)]\n        end\n    end\n"
        "    test -r $config; and $words[1] completion $argv[1] $config 2>/dev/null\nend\n\ncomplete -c tidegate -f\n";
    const auto values = [](const command_option& option) -> std::string {
        switch (kind_of(option)) {
            case value_kind::choices:
                return " -a " + in_fish_quotes(joined(choices_of(option), " "));
            case value_kind::secret:
                return " -a " + in_fish_quotes(secret_words);
            case value_kind::bus:
                return " -a '(__tidegate_names buses)'";
            case value_kind::device:
                return " -a '(__tidegate_names devices)'";
            default:
                return "";
        }
    };
    for (const auto* node : all_of(root)) {
        const std::string at = "complete -c tidegate -n " + in_fish_quotes("__tidegate_at " + quoted(node->path));
        for (const auto& each : node->commands) text += at + " -a " + each.name + " -d " + in_fish_quotes(each.help) + '\n';
        for (const auto& option : node->options) {
            text += at;
            for (const auto& name : option.names)
                text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
            if (option.takes_value) text += (kind_of(option) == value_kind::file ? " -r -F" : " -x") + values(option);
            text += " -d " + in_fish_quotes(option.help) + '\n';
        }
        const auto* argument = argument_of(*node);
        if (!argument || !node->commands.empty()) continue;
        if (kind_of(*argument) == value_kind::file) text += at + " -F\n";
        if (const std::string some = values(*argument); !some.empty()) text += at + some + '\n';
    }
    return text;
}

// ---- The tree ----

value_kind kind_of(const command_option& option) {
    const std::string& named = option.type.empty() ? option.names.front() : option.type;
    if (named == "FILE" || named == "PATH" || named == "FOLDER" || named == "OBJECT") return value_kind::file;
    if (named == "WHERE") return value_kind::secret;
    if (named == "BUS") return value_kind::bus;
    if (named == "WHAT") return value_kind::device;
    return named.find('|') != std::string::npos && named.find(' ') == std::string::npos ? value_kind::choices
                                                                                        : value_kind::anything;
}

std::vector<std::string> choices_of(const command_option& option) {
    const std::string& named = option.type.empty() ? option.names.front() : option.type;
    std::vector<std::string> words;
    for (std::size_t start = 0; start <= named.size();) {
        const std::size_t end = std::min(named.find('|', start), named.size());
        words.push_back(named.substr(start, end - start));
        start = end + 1;
    }
    return words;
}

std::vector<const command_node*> all_of(const command_node& root) {
    std::vector<const command_node*> all{&root};
    for (const auto& each : root.commands) {
        const auto beneath = all_of(each);
        all.insert(all.end(), beneath.begin(), beneath.end());
    }
    return all;
}

}  // namespace gateway
