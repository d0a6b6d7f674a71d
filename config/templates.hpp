// config/templates.hpp: device templates: a file each that says a device's keys and points once, for all devices of its kind.
// Not here: what its keys mean, which is read when a device uses them (buses.hpp); how two maps become one (template_merge.hpp).
//
// A template is YAML: `template:` tells what it is of, `extends:` names another that it begins with, `device:` is a map as a
// device of the config has it. Whatever is nearer to the user wins: the config over the template, that over what it extends.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "config/findings.hpp"
#include "config/model.hpp"
#include "config/template_library.hpp"
#include "config/tree.hpp"
#include "config/values.hpp"

namespace config {

class template_reader {
public:
    /// `library` may be null: there are no templates then.
    template_reader(const template_library* library, findings& out) : library_(library), rules_(nullptr), out_(out) {}
    template_reader(const template_reader&) = delete;
    template_reader& operator=(const template_reader&) = delete;

    /// A template read and joined with what it extends.
    struct result {
        node device;
        std::string adapter;  // empty: any
        bool good = false;    // else it has been complained about
    };
    /// Reads each template once. `at` is where it is named. The reference stays valid.
    const result& read(const std::string& name, place at);

    /// The files, in the order in which positions count them. To be called once, when nothing is added to the findings any more.
    std::vector<template_file> take();

    static constexpr std::size_t longest_chain = 8;  // of templates that extend each other
    static constexpr std::size_t most_templates = 200;

private:
    struct loaded_file {
        template_file about;
        std::optional<source> lines;
    };

    void load(const std::string& name, place at, result& to);
    bool may_load(const std::string& name, place at);
    void read_file(loaded_file& file, result& to);
    void read_header(const value& from, template_file& to);
    std::vector<std::string> texts(const values& from, std::string_view path);
    std::string unknown(const std::string& name) const;

    const template_library* library_;
    const grammar rules_;
    findings& out_;
    std::deque<loaded_file> files_;          // Stay where they are: their lines are pointed to.
    std::map<std::string, result> results_;  // by name
    std::vector<std::string> chain_;         // what is being read
};

}  // namespace config
