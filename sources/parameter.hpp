#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace weft
{

enum class ParameterType : std::uint8_t
{
    Text,
    Integer,
    Boolean,
    Duration, // "250ms"
    Size,     // "4KiB"
};

std::string_view toString(ParameterType type) noexcept;

/// Text, an integer or a size in bytes, a boolean, a duration.
using ParameterValue = std::variant<std::string, std::int64_t, bool, std::chrono::nanoseconds>;

/// One parameter of a source type: what `weft sources` shows and what a descriptor checks.
struct ParameterDefinition
{
    std::string name;
    ParameterType type = ParameterType::Text;
    /// What an integer counts; empty where the type says it.
    std::string unit;
    /// As it would be written; empty: the parameter must be given.
    std::optional<std::string> defaultValue;
    std::string help;
    /// Bounds of integers, of sizes in bytes, of durations in nanoseconds. Of texts only `most`:
    /// the length in bytes.
    std::int64_t least = 0;
    std::int64_t most = std::numeric_limits<std::int64_t>::max();
    /// The only texts allowed; empty: any that is not empty.
    std::vector<std::string> choices;

    /// "1 to 65535", "one of never, transient", "a duration such as 250ms".
    std::string allowed() const;
};

/// A parameter that cannot be used: which, its value, what is allowed. The message says all:
/// "parameter 'port' is 70000; allowed: 1 to 65535", in one line whatever the value.
class InvalidParameter : public std::invalid_argument
{
public:
    /// `whatIsWrong` goes on after the name: "is 70000; allowed: 1 to 65535".
    InvalidParameter(std::string parameterName, std::string whatIsWrong);

    const std::string& parameter() const noexcept
    {
        return name;
    }

    const std::string& problem() const noexcept
    {
        return wrong;
    }

private:
    std::string name;
    std::string wrong;
};

/// The value that `text` stands for. Throws InvalidParameter.
ParameterValue parseParameter(const ParameterDefinition& definition, std::string_view text);

} // namespace weft
