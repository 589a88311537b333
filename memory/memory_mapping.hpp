#pragma once

#include <cstddef>
#include <string_view>

/// \file
/// A private anonymous mapping whose pages cost nothing until they are touched.

namespace weft
{

/// Bytes of a page of this machine. Any thread.
std::size_t pageSizeBytes() noexcept;

/// The next multiple of `alignment`, which is a power of two.
constexpr std::size_t alignUp(std::size_t value, std::size_t alignment) noexcept
{
    return (value + alignment - 1) & ~(alignment - 1);
}

/// Owns one mapping, readable and writable, not backed by reserved memory and kept from
/// transparent huge pages: touching one byte makes one page resident, not two megabytes.
class MemoryMapping
{
public:
    enum class Use
    {
        Stacks,
        Buffers,
    };

    MemoryMapping() noexcept = default;

    /// Maps `sizeBytes`; nothing when that is zero. `description` says for people what the memory
    /// is for ("64 buffers of 4096 bytes for pool 'io-0'").
    /// Throws std::system_error with the description and what to do.
    MemoryMapping(Use use, std::size_t sizeBytes, std::string_view description);
    ~MemoryMapping();

    MemoryMapping(MemoryMapping&& other) noexcept;
    MemoryMapping& operator=(MemoryMapping&& other) noexcept;

    std::byte* data() const noexcept
    {
        return start;
    }

    std::size_t sizeBytes() const noexcept
    {
        return lengthBytes;
    }

private:
    std::byte* start = nullptr;
    std::size_t lengthBytes = 0;
};

} // namespace weft
