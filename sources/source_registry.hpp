#pragma once

#include <weft/sources/parameter.hpp>
#include <weft/sources/source.hpp>
#include <weft/sources/source_descriptor.hpp>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace weft
{

/// A kind of source: what it is called, what it can be told, how it is made.
struct SourceType
{
    using Make = std::unique_ptr<Source> (*)(const SourceDescriptor&);

    std::string name;
    std::string help;
    /// The type's own parameters and those that every type has (commonParameters).
    std::vector<ParameterDefinition> parameters;
    Make make = nullptr;

    const ParameterDefinition* find(std::string_view parameter) const noexcept;
};

/// All kinds of source that the program has. Filled before main() by the sources' own files, see
/// WEFT_REGISTER_SOURCE, and only read after that.
class SourceRegistry
{
public:
    static SourceRegistry& instance();

    /// Throws std::logic_error when the name is taken.
    void add(SourceType type);

    /// Null when there is none.
    const SourceType* find(std::string_view name) const noexcept;

    std::vector<std::string> names() const;

private:
    std::map<std::string, SourceType, std::less<>> types;
};

/// What every source can be told: how long a partly filled buffer may wait.
std::vector<ParameterDefinition> commonParameters();

/// For source types that can be opened again after a transient error: whether, how often and after
/// what pause.
std::vector<ParameterDefinition> reconnectParameters();

/// Registers `Class`, which has a constructor from a SourceDescriptor and the static members
/// `TypeHelp` (text) and `parameters()` (its own definitions), under `type`: one line in the
/// source's own file, outside any namespace. `type` is an identifier. The line also defines a
/// symbol by which a program that links the source from a static library pulls it in.
#define WEFT_REGISTER_SOURCE(type, Class)                                                          \
    extern "C"                                                                                     \
    {                                                                                              \
        extern const bool weftSource_##type;                                                       \
        const bool weftSource_##type =                                                             \
            ::weft::detail::registerSource<Class>(#type, Class::TypeHelp, Class::parameters());    \
    }

namespace detail
{

bool addSourceType(std::string name, std::string help, std::vector<ParameterDefinition> parameters,
                   SourceType::Make make);

template <typename Class>
bool registerSource(std::string name, std::string help, std::vector<ParameterDefinition> parameters)
{
    return addSourceType(std::move(name), std::move(help), std::move(parameters),
                         [](const SourceDescriptor& descriptor) -> std::unique_ptr<Source>
                         {
                             return std::make_unique<Class>(descriptor);
                         });
}

} // namespace detail

} // namespace weft
