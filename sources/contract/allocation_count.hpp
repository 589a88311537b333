#pragma once

#include <cstddef>

namespace weft::contract
{

/// How often the calling thread has called operator new so far.
std::size_t allocationsOfThread() noexcept;

/// False when the program has an operator new of its own, and nothing is counted.
bool allocationsAreCounted();

} // namespace weft::contract
