#pragma once

#include <weft/sources/parameter.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace weft
{

/// Parameters as they are written, by name.
using ParameterTexts = std::map<std::string, std::string, std::less<>>;

/// A source to be made: its name, its type and a checked value for each parameter of the type.
class SourceDescriptor
{
public:
    /// Checks everything against the type's definitions and fills in the defaults. Throws
    /// InvalidParameter for an unknown type ("type"), an unknown or missing parameter, or values
    /// that are not allowed or contradict each other.
    SourceDescriptor(std::string sourceName, std::string_view sourceType,
                     const ParameterTexts& texts);

    const std::string& name() const noexcept
    {
        return sourceName;
    }

    const std::string& type() const noexcept
    {
        return sourceType;
    }

    // The value of a parameter of the type. That it exists and has this type is asserted: the
    // source's own file defines it.

    const std::string& text(std::string_view parameter) const;
    std::int64_t integer(std::string_view parameter) const;
    std::uint64_t sizeBytes(std::string_view parameter) const;
    bool boolean(std::string_view parameter) const;
    std::chrono::nanoseconds duration(std::string_view parameter) const;

    /// For parameters that only some types have.
    bool has(std::string_view parameter) const;

private:
    void checkReconnect(const ParameterTexts& given) const;
    const ParameterValue& value(std::string_view parameter) const;

    std::string sourceName;
    std::string sourceType;
    std::map<std::string, ParameterValue, std::less<>> values;
};

} // namespace weft
