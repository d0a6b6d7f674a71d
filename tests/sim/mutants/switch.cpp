// tests/sim/mutants/switch.cpp: switches on the mutant that the environment's MUTANT names, before main() begins.
// Not here: the mutants (table.toml).
#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include <mutants.hpp>  // made by generate.py

namespace {

mutants::mutant chosen() {
    const char* const name = std::getenv("MUTANT");
    if (name == nullptr) return mutants::mutant::none;
    const auto found = std::find(mutants::names.begin(), mutants::names.end(), name);
    if (found == mutants::names.end()) {
        std::fprintf(stderr, "there is no mutant \"%s\"\n", name);
        std::exit(2);
    }
    return static_cast<mutants::mutant>(found - mutants::names.begin());
}

const bool switched = (mutants::on = chosen(), true);

}  // namespace
