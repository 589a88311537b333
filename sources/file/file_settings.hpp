#pragma once

#include <weft/sources/file/compression.hpp>
#include <weft/sources/parameter.hpp>
#include <weft/sources/source_descriptor.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace weft
{

/// What a file source has been told.
struct FileSettings
{
    enum class Start : std::uint8_t
    {
        Beginning,
        End,
        Offset,
    };

    static std::vector<ParameterDefinition> parameters();

    /// Throws InvalidParameter where values contradict each other.
    static FileSettings from(const SourceDescriptor& descriptor);

    std::string path; // or a pattern
    Start start = Start::Beginning;
    std::uint64_t startBytes = 0; // with Start::Offset
    bool follow = false;
    Compression compression = Compression::None;
    std::uint64_t readAheadBytes = 0;
};

} // namespace weft
