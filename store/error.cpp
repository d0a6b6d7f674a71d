// store/error.cpp: what happens when somebody takes the value of a result that has none.
#include "store/error.hpp"

#include <stdexcept>

namespace store {

void throw_exception_from_error(const error& what, const boost::source_location&) { throw std::runtime_error(what.detail()); }

}  // namespace store
