#pragma once

#include <weft/memory/buffer_storage.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

/// \file
/// Buffers for the threads that process what sources delivered.
///
/// They are apart from the I/O buffers and never change sides: a worker that needs a buffer to
/// finish a window finds one even when sources hold every buffer that they can get. Any thread may
/// do anything here at any time; a buffer may be released after the pool is gone.

namespace weft
{

class ComputeBufferStorage;

/// A handle that owns one compute buffer and gives it back when destroyed or reset.
class ComputeBuffer
{
public:
    /// Holds nothing.
    ComputeBuffer() noexcept = default;

    ~ComputeBuffer()
    {
        reset();
    }

    ComputeBuffer(ComputeBuffer&& other) noexcept
        : storage(std::exchange(other.storage, nullptr)),
          index(other.index)
    {
    }

    ComputeBuffer& operator=(ComputeBuffer&& other) noexcept
    {
        if (this != &other)
        {
            reset();
            storage = std::exchange(other.storage, nullptr);
            index = other.index;
        }
        return *this;
    }

    explicit operator bool() const noexcept
    {
        return storage != nullptr;
    }

    /// Gives the buffer back and holds nothing from then on.
    void reset() noexcept;

    /// All of the buffer; its contents are unspecified at first. Needs a buffer.
    std::span<std::byte> writable() noexcept;

    /// Needs a buffer.
    std::size_t capacityBytes() const noexcept;

private:
    friend class ComputePool;

    ComputeBuffer(ComputeBufferStorage& ownerStorage, std::uint32_t ownedIndex) noexcept
        : storage(&ownerStorage),
          index(ownedIndex)
    {
    }

    ComputeBufferStorage* storage = nullptr;
    std::uint32_t index = 0;
};

struct ComputePoolOptions
{
    /// For messages.
    std::string name = "compute";
    std::uint32_t bufferCount = 0;
    std::size_t bufferSizeBytes = 0;
};

struct ComputePoolStatistics
{
    std::uint32_t total = 0;
    std::uint32_t free = 0;
    std::uint32_t inUse = 0;
    /// Threads blocked in acquireUntil.
    std::uint32_t waiting = 0;
    /// The most that were in use at once.
    std::uint32_t highWater = 0;
    /// Buffers handed out since the pool was made.
    std::uint64_t acquisitions = 0;
};

class ComputePool
{
public:
    /// Throws std::invalid_argument when the number or the size is zero or beyond what can be
    /// addressed, std::system_error when the memory is refused, both saying what was asked for.
    explicit ComputePool(ComputePoolOptions options);

    /// No thread is blocked in acquireUntil. Buffers still held stay valid.
    ~ComputePool();

    ComputePool(const ComputePool&) = delete;
    ComputePool& operator=(const ComputePool&) = delete;

    /// A free buffer, or nothing. Does not wait.
    std::optional<ComputeBuffer> tryAcquire() noexcept;

    /// Waits for a free buffer, at most until the deadline; nothing when it passed. Threads that
    /// wait are served in no particular order. Blocks the thread: not for fibers.
    std::optional<ComputeBuffer>
    acquireUntil(std::chrono::steady_clock::time_point deadline) noexcept;

    ComputePoolStatistics statistics() const noexcept;

    const std::string& name() const noexcept
    {
        return settings.name;
    }

    std::size_t bufferSizeBytes() const noexcept
    {
        return settings.bufferSizeBytes;
    }

private:
    ComputePoolOptions settings;
    /// Shared with the buffers: it lives until the last of them is released.
    StorageReference<ComputeBufferStorage> storage;
};

} // namespace weft
