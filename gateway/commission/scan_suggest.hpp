// gateway/commission/scan_suggest.hpp: which device templates fit a device that answers: by what it says of itself, and by what
// some of their registers hold. Pure. Not here: the asking (scan_identify.hpp).
//
// Points for and against, so that the reasons can be told: the model that the device names 60, its maker 30 (another maker -40);
// a frequency of mains 25, a voltage of mains 10, other believable values less, a value beyond belief -15; a register that it
// refuses -30. From 30 on a template is suggested; those within 15 of the best are as likely, and all of them are named.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace gateway {

struct device_identity {
    std::string maker;      // function 43/14, object 0, or SunSpec's
    std::string product;    // objects 1, 4 and 5, SunSpec's model
    std::string revision;   // object 2
    std::string server_id;  // function 17, what of it is text
    bool sunspec = false;
    bool empty() const { return maker.empty() && product.empty() && revision.empty() && server_id.empty() && !sunspec; }
    /// For people: "Eastron SDM120 1.8".
    std::string text() const;
};

struct signature_point {
    std::string name;
    std::string unit;
    std::string keys;  // as between the braces of a config
};

struct template_facts {
    std::string name;
    std::string maker;
    std::string model;
    std::string device_keys;
    bool sunspec = false;
    std::vector<signature_point> signature;  // the telling ones first
};

enum class signature_kind : unsigned char { unasked, silent, refused, nothing, number, text };
struct signature_answer {
    signature_kind kind = signature_kind::unasked;
    double number = 0;
};

struct suggestion {
    std::string name;
    int score = 0;
    std::vector<std::string> reasons;
};

/// Whether what the device says of itself names this template's model.
bool names_model(const device_identity& who, const template_facts& of);
bool names_maker(const device_identity& who, const template_facts& of);

/// Whether it pays to ask for its further registers.
bool worth_asking(const template_facts& of, const std::vector<signature_answer>& so_far);

/// `answers`: of each template, in the order of its signature. The best first; those that fit as well as the best, no others.
std::vector<suggestion> suggest(const device_identity& who, const std::vector<template_facts>& all,
                                const std::vector<std::vector<signature_answer>>& answers);

/// The points by which a template is known: of mains frequency and voltages first.
struct point_facts {
    std::string name;
    std::string unit;
    std::string keys;
};
std::vector<signature_point> signature_of(const std::vector<point_facts>& points);
constexpr std::size_t most_signature_points = 5;

}  // namespace gateway
