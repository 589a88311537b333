#pragma once

#include <source_location>

namespace weft
{

/// Prints the condition and where it stands to standard error, then aborts.
[[noreturn]] void assertionFailed(const char* condition,
                                  const std::source_location& where) noexcept;

} // namespace weft

/// Checks an invariant of our own code, in release builds too. Errors of the world outside are
/// never asserted: they are returned or thrown.
#define WEFT_ASSERT(condition)                                                                     \
    (static_cast<bool>(condition)                                                                  \
         ? static_cast<void>(0)                                                                    \
         : ::weft::assertionFailed(#condition, ::std::source_location::current()))
