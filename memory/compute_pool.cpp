#include <weft/memory/assert.hpp>
#include <weft/memory/compute_buffer_storage.hpp>
#include <weft/memory/compute_pool.hpp>

namespace weft
{

void ComputeBuffer::reset() noexcept
{
    if (storage != nullptr)
    {
        std::exchange(storage, nullptr)->release(index);
    }
}

std::span<std::byte> ComputeBuffer::writable() noexcept
{
    WEFT_ASSERT(storage != nullptr);
    return {storage->data(index), storage->bufferSizeBytes()};
}

std::size_t ComputeBuffer::capacityBytes() const noexcept
{
    WEFT_ASSERT(storage != nullptr);
    return storage->bufferSizeBytes();
}

ComputePool::ComputePool(ComputePoolOptions options)
    : settings(std::move(options)),
      storage(
          ComputeBufferStorage::make(settings.name, settings.bufferCount, settings.bufferSizeBytes))
{
}

ComputePool::~ComputePool()
{
    WEFT_ASSERT(statistics().waiting == 0);
}

std::optional<ComputeBuffer> ComputePool::tryAcquire() noexcept
{
    const std::optional<std::uint32_t> index = storage->take(std::nullopt);
    return index.has_value() ? std::optional(ComputeBuffer(*storage, *index)) : std::nullopt;
}

std::optional<ComputeBuffer>
ComputePool::acquireUntil(std::chrono::steady_clock::time_point deadline) noexcept
{
    const std::optional<std::uint32_t> index = storage->take(deadline);
    return index.has_value() ? std::optional(ComputeBuffer(*storage, *index)) : std::nullopt;
}

ComputePoolStatistics ComputePool::statistics() const noexcept
{
    return storage->statistics();
}

} // namespace weft
