#include "config_node.hpp"

#include <weft/sources/printable_text.hpp>
#include <weft/sources/quantity.hpp>

#include "duration_text.hpp"
#include "second_document.hpp"
#include "suggestion.hpp"
#include "usage_error.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

namespace weft::tools
{

namespace
{

/// Of a mark; yaml-cpp counts from zero, and uses -1 for none.
std::size_t lineOf(const YAML::Mark& mark)
{
    return mark.line < 0 ? 1 : static_cast<std::size_t>(mark.line) + 1;
}

} // namespace

ConfigNode::ConfigNode(std::shared_ptr<const std::string> fileName, YAML::Node value,
                       std::string keyPath, std::string keyName, std::size_t keyLine)
    : file(std::move(fileName)),
      node(std::move(value)),
      path(std::move(keyPath)),
      lastName(std::move(keyName)),
      lineNumber(keyLine)
{
}

ConfigNode ConfigNode::parse(const std::string& content, std::string fileName)
{
    const auto name = std::make_shared<const std::string>(std::move(fileName));
    // To yaml-cpp it would begin an escape sequence.
    if (const auto nul = content.find('\0'); nul != std::string::npos)
    {
        const auto lines =
            std::count(content.begin(), content.begin() + static_cast<std::ptrdiff_t>(nul), '\n');
        throw UsageError(
            fmt::format("{}:{}: there is a NUL byte; allowed: text", *name, lines + 1));
    }
    try
    {
        ConfigNode root(name, YAML::Load(content), {}, {}, 1);
        if (const auto line = findSecondDocument(content))
        {
            root.failAt(*line, "a second document; allowed: one");
        }
        if (!root.isMap())
        {
            root.failAt(1, fmt::format("the configuration is {}; allowed: a map with the key "
                                       "'sources' (see 'weft run --help')",
                                       root.describeValue()));
        }
        return root;
    }
    catch (const YAML::Exception& error)
    {
        throw UsageError(fmt::format("{}:{}: this is not YAML: {}", *name, lineOf(error.mark),
                                     printable(error.msg)));
    }
}

const std::string& ConfigNode::text(std::string_view allowed) const
{
    if (!node.IsScalar())
    {
        refuse(allowed);
    }
    // The system's calls end a text there, and would take another one than what is written.
    if (node.Scalar().find('\0') != std::string::npos)
    {
        fail(fmt::format("has a NUL byte in its value; allowed: {}", allowed));
    }
    return node.Scalar();
}

std::int64_t ConfigNode::integer(std::int64_t least, std::int64_t most) const
{
    const auto allowed = fmt::format("{} to {}", least, most);
    const auto value = parseInteger(text(allowed));
    if (!value || *value < least || *value > most)
    {
        refuse(allowed);
    }
    return *value;
}

bool ConfigNode::boolean() const
{
    constexpr std::string_view Allowed = "true or false";
    const auto value = parseBoolean(text(Allowed));
    if (!value)
    {
        refuse(Allowed);
    }
    return *value;
}

std::uint64_t ConfigNode::sizeBytes() const
{
    const auto value = parseSize(text("a size such as 4KiB"));
    if (!value)
    {
        refuse(value.error());
    }
    return *value;
}

std::chrono::nanoseconds ConfigNode::duration() const
{
    const auto value = parseDuration(text("a duration such as 250ms"));
    if (!value)
    {
        refuse(AllowedDuration);
    }
    return *value;
}

std::vector<ConfigNode> ConfigNode::items(std::string_view allowed) const
{
    if (!node.IsSequence())
    {
        refuse(allowed);
    }
    std::vector<ConfigNode> items;
    for (const auto& item : node)
    {
        auto itemPath = fmt::format("{}[{}]", path, items.size());
        items.push_back({file, item, std::move(itemPath), lastName, lineOf(item.Mark())});
    }
    return items;
}

std::vector<ConfigNode> ConfigNode::entries(const std::vector<std::string>& known) const
{
    if (!node.IsMap())
    {
        refuse(fmt::format("a map with the keys {}", fmt::join(known, ", ")));
    }
    std::vector<ConfigNode> entries;
    for (const auto& entry : node)
    {
        auto next = child(entry.first, entry.second);
        const auto earlier = std::ranges::find(entries, next.lastName, &ConfigNode::lastName);
        if (earlier != entries.end())
        {
            next.fail(fmt::format("is there twice, first in line {}; allowed: once",
                                  earlier->lineNumber));
        }
        if (std::ranges::find(known, next.lastName) == known.end())
        {
            next.fail(fmt::format("is not known; allowed: {}{}", fmt::join(known, ", "),
                                  suggest(next.lastName, known)));
        }
        entries.push_back(std::move(next));
    }
    return entries;
}

std::optional<ConfigNode> ConfigNode::find(std::string_view name) const
{
    for (const auto& entry : node)
    {
        if (entry.first.IsScalar() && entry.first.Scalar() == name)
        {
            return child(entry.first, entry.second);
        }
    }
    return std::nullopt;
}

void ConfigNode::refuse(std::string_view allowed) const
{
    fail(fmt::format("{} {}; allowed: {}", node.IsNull() ? "has" : "is", describeValue(), allowed));
}

void ConfigNode::refuseMissing(std::string_view missingName, std::string_view what) const
{
    failAt(lineNumber, fmt::format("key '{}' is missing; {}", childPath(missingName), what));
}

void ConfigNode::fail(std::string_view problem) const
{
    failAt(lineNumber, fmt::format("key '{}' {}", path, problem));
}

ConfigNode ConfigNode::child(const YAML::Node& keyNode, const YAML::Node& value) const
{
    const auto keyLine = lineOf(keyNode.Mark());
    if (!keyNode.IsScalar())
    {
        failAt(keyLine, fmt::format("a key of '{}' is not a single word", path));
    }
    const auto& childName = keyNode.Scalar();
    if (childName.find('\0') != std::string::npos)
    {
        failAt(keyLine, fmt::format("key '{}' has a NUL byte; allowed: text without one",
                                    childPath(childName.substr(0, childName.find('\0')))));
    }
    return {file, value, childPath(childName), childName, keyLine};
}

std::string ConfigNode::childPath(std::string_view childName) const
{
    return path.empty() ? std::string(childName) : fmt::format("{}.{}", path, childName);
}

void ConfigNode::failAt(std::size_t atLine, std::string_view message) const
{
    throw UsageError(fmt::format("{}:{}: {}", *file, atLine, printable(message)));
}

std::string ConfigNode::describeValue() const
{
    switch (node.Type())
    {
    case YAML::NodeType::Scalar:
        return node.Scalar().empty() ? "empty" : node.Scalar();
    case YAML::NodeType::Sequence:
        return "a list";
    case YAML::NodeType::Map:
        return "a map";
    case YAML::NodeType::Null:
    case YAML::NodeType::Undefined:
        break;
    }
    return path.empty() ? "empty" : "no value";
}

} // namespace weft::tools
