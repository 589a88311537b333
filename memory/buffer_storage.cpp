#include <weft/memory/assert.hpp>
#include <weft/memory/buffer_storage.hpp>

#include <limits>
#include <stdexcept>
#include <string>

namespace weft
{

namespace
{

/// Keeps the buffers of two threads off one cache line.
constexpr std::size_t CacheLineBytes = 64;

/// Indices above are free for marks in lists of indices.
constexpr std::uint32_t BufferCountMax = std::numeric_limits<std::uint32_t>::max() - 16;

std::string describe(std::string_view poolName, std::uint32_t count, std::size_t sizeBytes)
{
    return std::to_string(count) + " buffers of " + std::to_string(sizeBytes) +
           " bytes for pool '" + std::string(poolName) + "'";
}

std::size_t checkedStride(std::string_view poolName, std::uint32_t count, std::size_t sizeBytes)
{
    constexpr std::size_t AddressableBytes = std::numeric_limits<std::ptrdiff_t>::max();
    if (count == 0 || sizeBytes == 0)
    {
        throw std::invalid_argument("cannot make " + describe(poolName, count, sizeBytes) +
                                    ": a pool has at least one buffer of at least one byte");
    }
    if (count > BufferCountMax || sizeBytes > AddressableBytes / count - CacheLineBytes)
    {
        throw std::invalid_argument("cannot make " + describe(poolName, count, sizeBytes) +
                                    ": that is more than can be addressed");
    }
    return alignUp(sizeBytes, CacheLineBytes);
}

} // namespace

BufferStorage::BufferStorage(std::string_view poolName, std::uint32_t bufferCount,
                             std::size_t bufferSizeBytes)
    : count(bufferCount),
      sizeBytes(bufferSizeBytes),
      strideBytes(checkedStride(poolName, bufferCount, bufferSizeBytes)),
      mapping(MemoryMapping::Use::Buffers, bufferCount * strideBytes,
              describe(poolName, bufferCount, bufferSizeBytes))
{
}

void BufferStorage::addReferences(std::uint64_t added) noexcept
{
    const std::uint64_t before = references.fetch_add(added, std::memory_order_relaxed);
    WEFT_ASSERT(before > 0);
}

void BufferStorage::dropReferences(std::uint64_t dropped) noexcept
{
    // Release: what this thread did with the memory is done. Acquire: the last one sees that of
    // all.
    const std::uint64_t before = references.fetch_sub(dropped, std::memory_order_acq_rel);
    WEFT_ASSERT(before >= dropped);
    if (before == dropped)
    {
        delete this;
    }
}

} // namespace weft
