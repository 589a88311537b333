#include <weft/sources/parameter.hpp>
#include <weft/sources/printable_text.hpp>
#include <weft/sources/quantity.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace weft
{

namespace
{

[[noreturn]] void refuse(const ParameterDefinition& definition, std::string_view text)
{
    throw InvalidParameter(definition.name,
                           fmt::format("is '{}'; allowed: {}", text, definition.allowed()));
}

bool inBounds(const ParameterDefinition& definition, std::int64_t value) noexcept
{
    return value >= definition.least && value <= definition.most;
}

bool unbounded(const ParameterDefinition& definition) noexcept
{
    return definition.most == std::numeric_limits<std::int64_t>::max();
}

std::string allowedTexts(const ParameterDefinition& definition)
{
    if (!definition.choices.empty())
    {
        return fmt::format("one of {}", fmt::join(definition.choices, ", "));
    }
    return unbounded(definition) ? "a text that is not empty"
                                 : fmt::format("a text of 1 to {} bytes", definition.most);
}

std::string allowedDurations(const ParameterDefinition& definition)
{
    const auto least = formatDuration(std::chrono::nanoseconds(definition.least));
    return unbounded(definition)
               ? fmt::format("a duration of at least {}, such as 250ms", least)
               : fmt::format("a duration from {} to {}, such as 250ms", least,
                             formatDuration(std::chrono::nanoseconds(definition.most)));
}

std::string allowedSizes(const ParameterDefinition& definition)
{
    const auto least = formatSize(static_cast<std::uint64_t>(definition.least));
    return unbounded(definition)
               ? fmt::format("a size of at least {}, such as 4KiB", least)
               : fmt::format("a size from {} to {}, such as 4KiB", least,
                             formatSize(static_cast<std::uint64_t>(definition.most)));
}

} // namespace

std::string_view toString(ParameterType type) noexcept
{
    switch (type)
    {
    case ParameterType::Text:
        return "text";
    case ParameterType::Integer:
        return "integer";
    case ParameterType::Boolean:
        return "boolean";
    case ParameterType::Duration:
        return "duration";
    case ParameterType::Size:
        return "size";
    }
    return "unknown";
}

InvalidParameter::InvalidParameter(std::string parameterName, std::string whatIsWrong)
    : std::invalid_argument(
          printable(fmt::format("parameter '{}' {}", parameterName, whatIsWrong))),
      name(std::move(parameterName)),
      wrong(std::move(whatIsWrong))
{
}

std::string ParameterDefinition::allowed() const
{
    switch (type)
    {
    case ParameterType::Text:
        return allowedTexts(*this);
    case ParameterType::Integer:
        return unbounded(*this) ? fmt::format("a whole number of at least {}", least)
                                : fmt::format("{} to {}", least, most);
    case ParameterType::Boolean:
        return "true or false";
    case ParameterType::Duration:
        return allowedDurations(*this);
    case ParameterType::Size:
        return allowedSizes(*this);
    }
    return {};
}

ParameterValue parseParameter(const ParameterDefinition& definition, std::string_view text)
{
    // The system's calls end a text there, and would take another one than what is written.
    if (text.find('\0') != std::string_view::npos)
    {
        throw InvalidParameter(
            definition.name,
            fmt::format("has a NUL byte in its value; allowed: {}", definition.allowed()));
    }
    switch (definition.type)
    {
    case ParameterType::Text:
    {
        const auto& choices = definition.choices;
        const bool known = choices.empty() || std::ranges::find(choices, text) != choices.end();
        const bool fits = static_cast<std::int64_t>(text.size()) <= definition.most;
        // An empty default stands for "not given".
        if (known && fits && (!text.empty() || definition.defaultValue == ""))
        {
            return std::string(text);
        }
        break;
    }
    case ParameterType::Integer:
        if (const auto value = parseInteger(text); value && inBounds(definition, *value))
        {
            return *value;
        }
        break;
    case ParameterType::Boolean:
        if (const auto value = parseBoolean(text))
        {
            return *value;
        }
        break;
    case ParameterType::Duration:
        if (const auto value = parseDuration(text); value && inBounds(definition, value->count()))
        {
            return *value;
        }
        break;
    case ParameterType::Size:
        if (const auto value = parseSize(text);
            value && inBounds(definition, static_cast<std::int64_t>(*value)))
        {
            return static_cast<std::int64_t>(*value);
        }
        break;
    }
    refuse(definition, text);
}

} // namespace weft
