#pragma once

#include <weft/reactor/io.hpp>
#include <weft/sources/source.hpp>
#include <weft/sources/source_descriptor.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace weft
{

/// Reads the standard input of the process to its end: a pipe, a file, a terminal, a socket. It is
/// shared with other processes, so its mode is left as it is, and nothing is read that is not
/// delivered. One source of the process may be open at a time.
class StdinSource final : public Source
{
public:
    static constexpr const char* TypeHelp = "standard input of the process; one source only";

    static std::vector<ParameterDefinition> parameters()
    {
        return {};
    }

    /// None but the process's own.
    static std::uint32_t fileDescriptors(const SourceDescriptor&) noexcept
    {
        return 0;
    }

    explicit StdinSource(const SourceDescriptor&)
    {
    }

    void open() override;
    FillStatus fillBuffer(Fill& fill) override;
    void close() override;

    /// "standard input: pipe"
    std::string describe() const override;

private:
    static io::Result<std::size_t> read(Fill& fill);
};

} // namespace weft
