// config/expectation.cpp: an article with each noun, as these words go into the midst of sentences.
#include "config/expectation.hpp"

#include "config/suggest.hpp"

namespace config {

std::string expectation(const definition& key) {
    switch (key.form) {
        case form::text:
        case form::topic:
            return "text";
        case form::choice:
            return key.choices.size() == 1 ? quoted(key.choices.front()) : "one of " + one_of(key.choices);
        case form::integer:
            return "a whole number";
        case form::number:
            return "a number";
        case form::boolean:
            return "'true' or 'false'";
        case form::duration:
            return "a duration such as '5s'";
        case form::size:
            return "a size such as '2GiB'";
        case form::number_list:
            return "a number or a list of numbers";
        case form::text_list:
            return "a list of texts";
        case form::text_by_number:
            return "a map from numbers to text";
        case form::text_by_name:
            return "a map from names to text";
        case form::deadband:
            return "an amount such as '0.5' or '2%'";
        case form::secret:
            return "a reference such as \"@env:NAME\", \"@file:/path\" or \"@cred:NAME\"";
        case form::url:
            return "a URL such as 'mqtt://host:1883'";
        case form::url_list:
            return "a list of URLs";
        case form::named:
            return "a map of names";
        case form::map:
        case form::unbuilt:
            break;
    }
    return "a map of keys";
}

std::string kind_name(const node& what) {
    if (what.kind == node_kind::list) return "a list";
    return what.kind == node_kind::map ? "a map" : "text";
}

std::string mismatch(const node& value, const definition& key) {
    if (value.null && key.form == form::named) return " has nothing below it; names belong there, indented deeper";
    if (value.null && key.form == form::map) return " has nothing below it; its keys belong there, indented deeper";
    if (value.null) return " has no value; expected " + expectation(key);
    const bool dashes = key.form == form::named && value.kind == node_kind::list;
    return " expects " + expectation(key) + ", found " + kind_name(value) + (dashes ? "; write 'name:' instead of '-'" : "");
}

}  // namespace config
