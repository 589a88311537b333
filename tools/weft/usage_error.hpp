#pragma once

#include <stdexcept>

namespace weft::tools
{

/// Wrong use of the program: its arguments, its configuration, or a machine on which what was asked
/// for cannot be done. No source has been opened yet. The user sees the message; exit code 2.
class UsageError : public std::runtime_error
{
public:
    using std::runtime_error::runtime_error;
};

/// Exit codes of all commands.
inline constexpr int ExitSuccess = 0;
inline constexpr int ExitFailed = 1; // a source failed, something was lost, the machine refused
inline constexpr int ExitUsage = 2;
inline constexpr int ExitGaveUp = 130; // as shells report an end by SIGINT

} // namespace weft::tools
