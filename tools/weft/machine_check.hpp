#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace weft::tools
{

enum class CheckLevel : std::uint8_t
{
    Ok,
    Warn,    // weft runs, but slower or with fewer sources
    Missing, // weft cannot run
};

std::string_view toString(CheckLevel level) noexcept;

/// One thing about this machine that matters to weft.
struct MachineCheck
{
    std::string name;
    CheckLevel level = CheckLevel::Ok;
    std::string finding;
    /// What to do; empty when there is nothing to do.
    std::string advice;
};

/// Looks at the machine, the limits of this process and how the program was built.
std::vector<MachineCheck> checkMachine();

} // namespace weft::tools
