#pragma once

#include <cstddef>
#include <span>
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

/// The whole pages among these bytes. Any thread.
std::span<std::byte> wholePages(std::span<std::byte> bytes) noexcept;

/// Bytes of these whole pages that are resident. Zero when the kernel does not say. Any thread.
std::size_t residentBytes(std::span<const std::byte> pages) noexcept;

/// Gives whole pages of a private anonymous mapping back to the system: they are zeros when they
/// are touched again. Nobody uses them meanwhile, the kernel included. Any thread.
void releasePages(std::span<std::byte> pages) noexcept;

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
