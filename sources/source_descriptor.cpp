#include <weft/memory/assert.hpp>
#include <weft/sources/quantity.hpp>
#include <weft/sources/source_descriptor.hpp>
#include <weft/sources/source_registry.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace weft
{

namespace
{

const SourceType& requireType(std::string_view type)
{
    const auto* const found = SourceRegistry::instance().find(type);
    if (found == nullptr)
    {
        throw InvalidParameter("type",
                               fmt::format("is '{}'; allowed: {}", type,
                                           fmt::join(SourceRegistry::instance().names(), ", ")));
    }
    return *found;
}

void requireKnown(const SourceType& type, const ParameterTexts& texts)
{
    for (const auto& [name, text] : texts)
    {
        if (type.find(name) == nullptr)
        {
            std::vector<std::string> known;
            for (const auto& definition : type.parameters)
            {
                known.push_back(definition.name);
            }
            throw InvalidParameter(name,
                                   fmt::format("is not known to sources of type {}; known: {}",
                                               type.name, fmt::join(known, ", ")));
        }
    }
}

} // namespace

SourceDescriptor::SourceDescriptor(std::string name, std::string_view type,
                                   const ParameterTexts& texts)
    : sourceName(std::move(name)),
      sourceType(type)
{
    const auto& definitions = requireType(type);
    requireKnown(definitions, texts);
    for (const auto& definition : definitions.parameters)
    {
        const auto text = texts.find(definition.name);
        if (text == texts.end() && !definition.defaultValue)
        {
            throw InvalidParameter(
                definition.name,
                fmt::format("is missing; a {} source needs it: {}", type, definition.help));
        }
        values.emplace(definition.name,
                       parseParameter(definition, text != texts.end() ? text->second
                                                                      : *definition.defaultValue));
    }
    if (has("reconnect_attempts"))
    {
        checkReconnect(texts);
    }
}

void SourceDescriptor::checkReconnect(const ParameterTexts& given) const
{
    const auto least = duration("reconnect_pause_min");
    const auto most = duration("reconnect_pause_max");
    if (least > most)
    {
        // The one that was written is the one to change.
        const bool writtenLeast = given.contains("reconnect_pause_min");
        throw InvalidParameter(
            writtenLeast ? "reconnect_pause_min" : "reconnect_pause_max",
            writtenLeast
                ? fmt::format("is '{}'; allowed: at most reconnect_pause_max, which is {}",
                              formatDuration(least), formatDuration(most))
                : fmt::format("is '{}'; allowed: at least reconnect_pause_min, which is {}",
                              formatDuration(most), formatDuration(least)));
    }
    if (duration("reconnect_time") > duration("reconnect_time").zero() &&
        integer("reconnect_attempts") == 0)
    {
        throw InvalidParameter("reconnect_time",
                               fmt::format("is '{}', but reconnect_attempts is 0, so nothing is "
                                           "tried again; give reconnect_attempts too",
                                           formatDuration(duration("reconnect_time"))));
    }
}

const ParameterValue& SourceDescriptor::value(std::string_view parameter) const
{
    const auto found = values.find(parameter);
    WEFT_ASSERT(found != values.end());
    return found->second;
}

bool SourceDescriptor::has(std::string_view parameter) const
{
    return values.contains(parameter);
}

const std::string& SourceDescriptor::text(std::string_view parameter) const
{
    return std::get<std::string>(value(parameter));
}

std::int64_t SourceDescriptor::integer(std::string_view parameter) const
{
    return std::get<std::int64_t>(value(parameter));
}

std::uint64_t SourceDescriptor::sizeBytes(std::string_view parameter) const
{
    return static_cast<std::uint64_t>(std::get<std::int64_t>(value(parameter)));
}

bool SourceDescriptor::boolean(std::string_view parameter) const
{
    return std::get<bool>(value(parameter));
}

std::chrono::nanoseconds SourceDescriptor::duration(std::string_view parameter) const
{
    return std::get<std::chrono::nanoseconds>(value(parameter));
}

} // namespace weft
