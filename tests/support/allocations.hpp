// tests/support/allocations.hpp: how often this thread has asked for memory, for tests of what must not. Every operator new of
// the program counts, if allocations.cpp is among its sources. Not here: malloc() called by C code.
#pragma once

#include <cstddef>

namespace test {

std::size_t allocations();

}  // namespace test
