#include "tests/fuzz/source_text.hpp"

#include <weft/sources/source_registry.hpp>

#include "tests/fuzz/fuzz_target.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace weft::fuzz
{

namespace
{

const SourceType& typeOf(const SourceDescriptor& descriptor)
{
    const auto* const type = SourceRegistry::instance().find(descriptor.type());
    require(type != nullptr, "the type is registered", descriptor.type());
    return *type;
}

std::string textOf(const SourceDescriptor& descriptor, const ParameterDefinition& definition)
{
    switch (definition.type)
    {
    case ParameterType::Text:
        return descriptor.text(definition.name);
    case ParameterType::Integer:
    case ParameterType::Size:
        return fmt::format("{}", descriptor.integer(definition.name));
    case ParameterType::Boolean:
        return descriptor.boolean(definition.name) ? "true" : "false";
    case ParameterType::Duration:
        return fmt::format("{}ns", descriptor.duration(definition.name).count());
    }
    return {};
}

void requireText(const ParameterDefinition& definition, const std::string& text)
{
    const auto& choices = definition.choices;
    require(choices.empty() || std::ranges::find(choices, text) != choices.end(),
            "the text is one of the choices", text);
    require(!text.empty() || definition.defaultValue == "", "the text is not empty",
            definition.name);
    require(static_cast<std::int64_t>(text.size()) <= definition.most, "the text is not too long",
            definition.name);
    require(text.find('\0') == std::string::npos,
            "a text has no NUL, at which the system's calls would end it", text);
}

} // namespace

ParameterTexts textsOf(const SourceDescriptor& descriptor)
{
    ParameterTexts texts;
    for (const auto& definition : typeOf(descriptor).parameters)
    {
        texts.emplace(definition.name, textOf(descriptor, definition));
    }
    return texts;
}

bool isSame(const SourceDescriptor& descriptor, const SourceDescriptor& other)
{
    return descriptor.name() == other.name() && descriptor.type() == other.type() &&
           textsOf(descriptor) == textsOf(other);
}

void requireWithinDefinitions(const SourceDescriptor& descriptor)
{
    for (const auto& definition : typeOf(descriptor).parameters)
    {
        const auto inBounds = [&definition](std::int64_t number)
        {
            return number >= definition.least && number <= definition.most;
        };
        switch (definition.type)
        {
        case ParameterType::Text:
            requireText(definition, descriptor.text(definition.name));
            break;
        case ParameterType::Integer:
        case ParameterType::Size:
            require(inBounds(descriptor.integer(definition.name)), "the number is in its bounds",
                    definition.name);
            break;
        case ParameterType::Duration:
            require(inBounds(descriptor.duration(definition.name).count()),
                    "the duration is in its bounds", definition.name);
            break;
        case ParameterType::Boolean:
            break;
        }
    }
}

} // namespace weft::fuzz
