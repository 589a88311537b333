#pragma once

#include <yaml-cpp/yaml.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace weft::tools
{

/// One value of a YAML configuration and where it stands. Everything that reads it throws a
/// UsageError when it is not what is asked for:
///
///     FILE:LINE: key 'sources[0].port' is 70000; allowed: 1 to 65535
class ConfigNode
{
public:
    /// The whole of a text, which has one document. `fileName` is for the messages.
    static ConfigNode parse(const std::string& content, std::string fileName);

    ConfigNode(const ConfigNode&) = default;
    /// Assigning a YAML::Node would change the document.
    ConfigNode& operator=(const ConfigNode&) = delete;

    /// Where it stands in the document: "sources[0].port"; empty for all of it.
    const std::string& key() const noexcept
    {
        return path;
    }

    /// Of the key that the value belongs to, counted from one.
    std::size_t line() const noexcept
    {
        return lineNumber;
    }

    bool isMap() const
    {
        return node.IsMap();
    }

    bool isSingle() const
    {
        return node.IsScalar();
    }

    // A single value. `allowed` is for the message.

    const std::string& text(std::string_view allowed) const;
    std::int64_t integer(std::int64_t least, std::int64_t most) const;
    bool boolean() const;
    std::uint64_t sizeBytes() const;
    std::chrono::nanoseconds duration() const;

    /// The items of a list.
    std::vector<ConfigNode> items(std::string_view allowed) const;

    /// The entries of a map, in the order of the file. No key is there twice, and all are `known`.
    std::vector<ConfigNode> entries(const std::vector<std::string>& known) const;

    /// An entry of a map; empty when it is not there.
    std::optional<ConfigNode> find(std::string_view name) const;

    /// The last part of the key: "port".
    const std::string& name() const noexcept
    {
        return lastName;
    }

    /// "key '...' is VALUE; allowed: ..."
    [[noreturn]] void refuse(std::string_view allowed) const;

    /// "key '....NAME' is missing; `what`"
    [[noreturn]] void refuseMissing(std::string_view missingName, std::string_view what) const;

    /// "key '...' PROBLEM"
    [[noreturn]] void fail(std::string_view problem) const;

private:
    ConfigNode(std::shared_ptr<const std::string> fileName, YAML::Node value, std::string keyPath,
               std::string keyName, std::size_t keyLine);

    ConfigNode child(const YAML::Node& keyNode, const YAML::Node& value) const;
    std::string childPath(std::string_view childName) const;
    [[noreturn]] void failAt(std::size_t atLine, std::string_view message) const;
    std::string describeValue() const;

    std::shared_ptr<const std::string> file;
    YAML::Node node;
    std::string path;
    std::string lastName;
    std::size_t lineNumber;
};

} // namespace weft::tools
