#pragma once

#include <weft/memory/buffer_storage.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string_view>

/// \file
/// The compute buffers and who holds them: what a ComputePool and its buffers share. Any thread.

namespace weft
{

struct ComputePoolStatistics;

class ComputeBufferStorage final : public BufferStorage
{
public:
    /// Throws what BufferStorage throws.
    static StorageReference<ComputeBufferStorage>
    make(std::string_view poolName, std::uint32_t bufferCount, std::size_t bufferSizeBytes);

    /// A free buffer's index, with one reference that its release drops; nothing when none is free
    /// by the deadline. Does not wait when there is no deadline.
    std::optional<std::uint32_t>
    take(std::optional<std::chrono::steady_clock::time_point> deadline) noexcept;

    void release(std::uint32_t index) noexcept;

    ComputePoolStatistics statistics() const noexcept;

private:
    ComputeBufferStorage(std::string_view poolName, std::uint32_t bufferCount,
                         std::size_t bufferSizeBytes);

    mutable std::mutex mutex;
    std::condition_variable released;
    /// Free buffers, the last one released on top.
    std::unique_ptr<std::uint32_t[]> freeIndices;
    std::uint32_t freeCount;
    std::uint32_t waiting = 0;
    std::uint32_t highWater = 0;
    std::uint64_t acquisitions = 0;
};

} // namespace weft
