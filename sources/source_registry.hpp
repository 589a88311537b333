#pragma once

#include <weft/sources/parameter.hpp>
#include <weft/sources/source.hpp>
#include <weft/sources/source_descriptor.hpp>

#include <cstdint>
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
    using CountDescriptors = std::uint32_t (*)(const SourceDescriptor&);

    std::string name;
    std::string help;
    /// The type's own parameters and those that every type has (commonParameters).
    std::vector<ParameterDefinition> parameters;
    Make make = nullptr;
    /// How many file descriptors such a source may have open at once, as far as its parameters
    /// tell.
    CountDescriptors fileDescriptors = [](const SourceDescriptor&) -> std::uint32_t
    {
        return 1;
    };

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
/// source's own file, outside any namespace. `type` is an identifier. A class whose sources do not
/// have one file descriptor each also has a static `std::uint32_t fileDescriptors(const
/// SourceDescriptor&)`. The line also defines a symbol by which a program that links the source
/// from a static library pulls it in.
#define WEFT_REGISTER_SOURCE(type, Class)                                                          \
    extern "C"                                                                                     \
    {                                                                                              \
        extern const bool weftSource_##type;                                                       \
        const bool weftSource_##type =                                                             \
            ::weft::detail::registerSource<Class>(#type, Class::TypeHelp, Class::parameters());    \
    }

namespace detail
{

/// With the type's own parameters only.
bool addSourceType(SourceType type);

template <typename Class>
bool registerSource(std::string name, std::string help, std::vector<ParameterDefinition> parameters)
{
    SourceType type{.name = std::move(name),
                    .help = std::move(help),
                    .parameters = std::move(parameters),
                    .make = [](const SourceDescriptor& descriptor) -> std::unique_ptr<Source>
                    {
                        return std::make_unique<Class>(descriptor);
                    }};
    if constexpr (requires { &Class::fileDescriptors; })
    {
        type.fileDescriptors = &Class::fileDescriptors;
    }
    return addSourceType(std::move(type));
}

} // namespace detail

} // namespace weft
