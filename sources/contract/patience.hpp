#pragma once

#include <chrono>
#include <functional>
#include <string>

namespace weft::contract
{

/// How long a check waits for what must come before it says that it does not: 30 s, or what the
/// environment variable WEFT_CONTRACT_PATIENCE says ("2s"). Nothing that is right takes as long.
std::chrono::nanoseconds patience();

/// Ends the program, with the name of the check and what is wrong: for a source that cannot be
/// ended otherwise.
[[noreturn]] void giveUp(const std::string& what);

/// Looks now and then until it is so; false when patience is over.
bool awaitCondition(const std::function<bool()>& isSo);

} // namespace weft::contract
