#pragma once

#include <weft/memory/memory_mapping.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

/// \file
/// The memory of a buffer pool, which must outlive the pool while buffers are still held.
///
/// It counts who still needs it and deletes itself when the last one lets go. What a derived class
/// adds is what its own buffers touch when they are released.

namespace weft
{

class BufferStorage
{
public:
    BufferStorage(const BufferStorage&) = delete;
    BufferStorage& operator=(const BufferStorage&) = delete;

    /// Any thread that holds a reference or knows that another is held.
    void addReferences(std::uint64_t added) noexcept;

    /// Deletes the storage with the last reference. Any thread.
    void dropReferences(std::uint64_t dropped) noexcept;

    /// First byte of a buffer, aligned to a cache line.
    std::byte* data(std::uint32_t index) const noexcept
    {
        return mapping.data() + index * strideBytes;
    }

    /// All buffers.
    std::span<std::byte> memory() const noexcept
    {
        return {mapping.data(), mapping.sizeBytes()};
    }

    std::uint32_t bufferCount() const noexcept
    {
        return count;
    }

    std::size_t bufferSizeBytes() const noexcept
    {
        return sizeBytes;
    }

protected:
    /// Starts with one reference. Throws std::invalid_argument when the number or the size is zero
    /// or beyond what can be addressed, std::system_error when the memory is refused.
    BufferStorage(std::string_view poolName, std::uint32_t bufferCount,
                  std::size_t bufferSizeBytes);
    virtual ~BufferStorage() = default;

private:
    std::uint32_t count;
    std::size_t sizeBytes;
    std::size_t strideBytes;
    MemoryMapping mapping;
    std::atomic<std::uint64_t> references = 1;
};

/// Deleter of a reference.
struct DropStorageReference
{
    void operator()(BufferStorage* storage) const noexcept
    {
        storage->dropReferences(1);
    }
};

/// One reference, dropped when destroyed.
template <typename Storage>
using StorageReference = std::unique_ptr<Storage, DropStorageReference>;

} // namespace weft
