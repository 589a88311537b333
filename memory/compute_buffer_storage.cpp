#include <weft/memory/assert.hpp>
#include <weft/memory/compute_buffer_storage.hpp>
#include <weft/memory/compute_pool.hpp>
#include <weft/memory/sanitizer.hpp>

#include <algorithm>

namespace weft
{

StorageReference<ComputeBufferStorage> ComputeBufferStorage::make(std::string_view poolName,
                                                                  std::uint32_t bufferCount,
                                                                  std::size_t bufferSizeBytes)
{
    return StorageReference<ComputeBufferStorage>(
        new ComputeBufferStorage(poolName, bufferCount, bufferSizeBytes));
}

ComputeBufferStorage::ComputeBufferStorage(std::string_view poolName, std::uint32_t bufferCount,
                                           std::size_t bufferSizeBytes)
    : BufferStorage(poolName, bufferCount, bufferSizeBytes),
      freeIndices(std::make_unique<std::uint32_t[]>(bufferCount)),
      freeCount(bufferCount)
{
    for (std::uint32_t index = 0; index < bufferCount; ++index)
    {
        // The lowest on top, so that a pool used little touches little memory.
        freeIndices[index] = bufferCount - 1 - index;
        poisonMemory(data(index), bufferSizeBytes);
    }
}

std::optional<std::uint32_t>
ComputeBufferStorage::take(std::optional<std::chrono::steady_clock::time_point> deadline) noexcept
{
    std::unique_lock lock(mutex);
    if (freeCount == 0 && deadline.has_value())
    {
        ++waiting;
        released.wait_until(lock, *deadline,
                            [this]
                            {
                                return freeCount > 0;
                            });
        --waiting;
    }
    if (freeCount == 0)
    {
        return std::nullopt;
    }
    const std::uint32_t index = freeIndices[--freeCount];
    ++acquisitions;
    highWater = std::max(highWater, bufferCount() - freeCount);
    addReferences(1);
    unpoisonMemory(data(index), bufferSizeBytes());
    return index;
}

void ComputeBufferStorage::release(std::uint32_t index) noexcept
{
    WEFT_ASSERT(index < bufferCount());
    poisonMemory(data(index), bufferSizeBytes());
    {
        const std::lock_guard lock(mutex);
        WEFT_ASSERT(freeCount < bufferCount());
        freeIndices[freeCount++] = index;
    }
    released.notify_one();
    // Last: with it this storage may be gone.
    dropReferences(1);
}

ComputePoolStatistics ComputeBufferStorage::statistics() const noexcept
{
    const std::lock_guard lock(mutex);
    return ComputePoolStatistics{.total = bufferCount(),
                                 .free = freeCount,
                                 .inUse = bufferCount() - freeCount,
                                 .waiting = waiting,
                                 .highWater = highWater,
                                 .acquisitions = acquisitions};
}

} // namespace weft
