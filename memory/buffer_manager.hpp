#pragma once

#include <weft/memory/compute_pool.hpp>
#include <weft/memory/io_buffer_pool.hpp>
#include <weft/memory/shared_io_buffer_pool.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

/// \file
/// All buffers of a runtime: an I/O pool for each reactor, one for the sources that run on threads
/// of their own, and one compute pool.
///
/// They are separate for good. None lends to another, so no population of sources can take the
/// buffer that a worker needs to make progress, and no worker's state can take a source's.

namespace weft
{

struct BufferManagerOptions
{
    /// One for each reactor, named "io-0" and so on.
    std::size_t ioPools = 1;
    std::uint32_t buffersPerIoPool = 0;
    /// Named "io-threads". Zero: there is no such pool.
    std::uint32_t threadBuffers = 0;
    /// Of all I/O buffers.
    std::size_t bufferSizeBytes = 0;
    /// Zero: there is no compute pool; the host has one of its own.
    std::uint32_t computeBuffers = 0;
    std::size_t computeBufferSizeBytes = 0;
};

class BufferManager
{
public:
    /// Throws what the pools throw.
    explicit BufferManager(const BufferManagerOptions& options);

    BufferManager(const BufferManager&) = delete;
    BufferManager& operator=(const BufferManager&) = delete;

    std::size_t ioPoolCount() const noexcept
    {
        return ioPools.size();
    }

    /// The pool of reactor `index`, which is below ioPoolCount(). Any thread; what may be called on
    /// the pool is its own matter.
    IoBufferPool& ioPool(std::size_t index) noexcept;

    bool hasThreadPool() const noexcept
    {
        return threads != nullptr;
    }

    /// For sources that run on threads of their own. Needs hasThreadPool(). Any thread.
    /// Reservations are gone before the manager is.
    SharedIoBufferPool& threadPool() noexcept;
    const SharedIoBufferPool& threadPool() const noexcept;

    bool hasComputePool() const noexcept
    {
        return compute != nullptr;
    }

    /// Needs hasComputePool(). Any thread.
    ComputePool& computePool() noexcept;

private:
    std::vector<std::unique_ptr<IoBufferPool>> ioPools;
    std::unique_ptr<SharedIoBufferPool> threads;
    std::unique_ptr<ComputePool> compute;
};

} // namespace weft
