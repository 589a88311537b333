#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

// The state of a streaming checksum is a plain struct only for those who link it statically.
#define XXH_STATIC_LINKING_ONLY
#include <xxhash.h>

namespace weft::tools
{

/// XXH3 with 64 bits and seed 0 over bytes that come in pieces; how they are cut does not matter.
class StreamChecksum
{
public:
    StreamChecksum() noexcept
    {
        ::XXH3_64bits_reset(&state);
    }

    void update(std::span<const std::byte> bytes) noexcept
    {
        ::XXH3_64bits_update(&state, bytes.data(), bytes.size());
    }

    /// Of all bytes so far.
    std::uint64_t value() const noexcept
    {
        return ::XXH3_64bits_digest(&state);
    }

private:
    XXH3_state_t state{};
};

} // namespace weft::tools
