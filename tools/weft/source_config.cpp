#include "source_config.hpp"

#include <weft/sources/quantity.hpp>
#include <weft/sources/source_registry.hpp>

#include "config_node.hpp"
#include "duration_text.hpp"
#include "suggestion.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

namespace weft::tools
{

namespace
{

/// Keys that every source has beside the parameters of its type.
const std::vector<std::string> GeneralKeys{"name", "type", "count"};

/// What is written for a parameter: one text for all copies, or numbers for each in turn.
struct ParameterSpread
{
    std::string name;
    std::string text;
    std::optional<std::pair<std::int64_t, std::int64_t>> range;

    std::string textOf(std::int64_t copy) const
    {
        if (!range)
        {
            return text;
        }
        const auto [first, last] = *range;
        const auto width = static_cast<std::uint64_t>(last) - static_cast<std::uint64_t>(first);
        const bool wraps = width < static_cast<std::uint64_t>(copy);
        return fmt::format("{}",
                           first + (wraps ? copy % static_cast<std::int64_t>(width + 1) : copy));
    }
};

/// "A-B"; a leading sign belongs to its number.
std::optional<std::pair<std::int64_t, std::int64_t>> parseRange(std::string_view text)
{
    const auto dash = text.find('-', 1);
    if (text.empty() || dash == std::string_view::npos)
    {
        return std::nullopt;
    }
    const auto first = parseInteger(text.substr(0, dash));
    const auto last = parseInteger(text.substr(dash + 1));
    if (!first || !last)
    {
        return std::nullopt;
    }
    return std::pair(*first, *last);
}

ParameterSpread readParameter(const ConfigNode& node, const ParameterDefinition& definition,
                              std::int64_t copies)
{
    ParameterSpread spread{
        .name = node.name(), .text = node.text(definition.allowed()), .range = {}};
    if (definition.type == ParameterType::Integer)
    {
        spread.range = parseRange(spread.text);
    }
    if (!spread.range)
    {
        try
        {
            parseParameter(definition, spread.text);
        }
        catch (const InvalidParameter&)
        {
            node.refuse(definition.type == ParameterType::Duration
                            ? allowedDuration(spread.text, definition.allowed())
                            : definition.allowed());
        }
        return spread;
    }
    if (copies == 1)
    {
        node.refuse(fmt::format("{}; a range needs a count above 1", definition.allowed()));
    }
    const auto [first, last] = *spread.range;
    if (first > last || first < definition.least || last > definition.most)
    {
        node.refuse(fmt::format("a range A-B within {}", definition.allowed()));
    }
    return spread;
}

/// A name is also a file's name for the files sink.
std::string readName(const ConfigNode& source)
{
    constexpr std::string_view Allowed =
        "1 to 200 characters, no '/', no control characters, not '.' or '..'";
    constexpr std::size_t LongestName = 200;
    const auto node = source.find("name");
    if (!node)
    {
        source.refuseMissing("name", "each source needs one");
    }
    const auto& name = node->text(Allowed);
    const auto isBad = [](unsigned char character)
    {
        return character < 0x20 || character == 0x7f || character == '/';
    };
    if (name.empty() || name.size() > LongestName || name == "." || name == ".." ||
        std::ranges::any_of(name, isBad))
    {
        node->refuse(Allowed);
    }
    return name;
}

const SourceType& readType(const ConfigNode& source)
{
    const auto& registry = SourceRegistry::instance();
    const auto names = registry.names();
    const auto allowed = fmt::format("{}", fmt::join(names, ", "));
    const auto node = source.find("type");
    if (!node)
    {
        source.refuseMissing("type", fmt::format("allowed: {}", allowed));
    }
    const auto& name = node->text(allowed);
    const auto* const type = registry.find(name);
    if (type == nullptr)
    {
        node->refuse(allowed + suggest(name, names));
    }
    return *type;
}

std::vector<ParameterSpread> readParameters(const ConfigNode& source, const SourceType& type,
                                            std::int64_t copies)
{
    auto known = GeneralKeys;
    for (const auto& definition : type.parameters)
    {
        known.push_back(definition.name);
    }
    std::vector<ParameterSpread> spreads;
    for (const auto& entry : source.entries(known))
    {
        if (const auto* const definition = type.find(entry.name()))
        {
            spreads.push_back(readParameter(entry, *definition, copies));
        }
    }
    for (const auto& definition : type.parameters)
    {
        if (!definition.defaultValue && !source.find(definition.name))
        {
            source.refuseMissing(definition.name,
                                 fmt::format("a {} source needs it ({}); allowed: {}", type.name,
                                             definition.help, definition.allowed()));
        }
    }
    return spreads;
}

/// Who has which name: its line in the file, to tell of two that have the same.
using NamesTaken = std::map<std::string, const ConfigNode*>;

void takeName(const std::string& name, const ConfigNode& source, NamesTaken& taken)
{
    const auto [owner, isNew] = taken.try_emplace(name, &source);
    if (!isNew)
    {
        source.find("name")->fail(
            fmt::format("makes a second source '{}', as {} in line {} does; allowed: a name of its "
                        "own for each source",
                        name, owner->second->key(), owner->second->line()));
    }
}

void readSource(const ConfigNode& source, std::int64_t sourcesMost, NamesTaken& taken,
                std::vector<SourceDescriptor>& descriptors)
{
    if (!source.isMap())
    {
        source.refuse("a map with the keys name, type and the parameters of the type");
    }
    const auto& type = readType(source);
    const auto name = readName(source);
    const auto count = source.find("count");
    const auto copies = count ? count->integer(1, sourcesMost) : 1;
    const auto spreads = readParameters(source, type, copies);
    if (static_cast<std::int64_t>(descriptors.size()) + copies > sourcesMost)
    {
        count.value_or(source).fail(
            fmt::format("makes more sources than there may be; allowed: {} in all", sourcesMost));
    }
    for (std::int64_t copy = 0; copy < copies; ++copy)
    {
        ParameterTexts texts;
        for (const auto& spread : spreads)
        {
            texts.emplace(spread.name, spread.textOf(copy));
        }
        auto copyName = copies > 1 ? fmt::format("{}-{}", name, copy) : name;
        takeName(copyName, source, taken);
        try
        {
            descriptors.emplace_back(std::move(copyName), type.name, texts);
            static_cast<void>(type.make(descriptors.back()));
        }
        catch (const InvalidParameter& error)
        {
            // Each is allowed by its definition, but not beside the others or by the source itself.
            source.find(error.parameter()).value_or(source).fail(error.problem());
        }
    }
}

} // namespace

std::vector<SourceDescriptor> readSources(const ConfigNode& list, std::int64_t sourcesMost)
{
    constexpr std::string_view Allowed = "a list of one source or more";
    const auto items = list.items(Allowed);
    if (items.empty())
    {
        list.fail(fmt::format("is an empty list; allowed: {}", Allowed));
    }
    NamesTaken taken;
    std::vector<SourceDescriptor> descriptors;
    for (const auto& item : items)
    {
        readSource(item, sourcesMost, taken, descriptors);
    }
    return descriptors;
}

} // namespace weft::tools
