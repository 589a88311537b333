#include <weft/memory/assert.hpp>
#include <weft/memory/buffer_manager.hpp>

#include <stdexcept>
#include <string>

namespace weft
{

BufferManager::BufferManager(const BufferManagerOptions& options)
{
    if (options.ioPools == 0)
    {
        throw std::invalid_argument("the buffer manager needs at least one I/O pool");
    }
    ioPools.reserve(options.ioPools);
    for (std::size_t index = 0; index < options.ioPools; ++index)
    {
        ioPools.push_back(std::make_unique<IoBufferPool>(
            IoBufferPoolOptions{.name = "io-" + std::to_string(index),
                                .bufferCount = options.buffersPerIoPool,
                                .bufferSizeBytes = options.bufferSizeBytes}));
    }
    if (options.threadBuffers > 0)
    {
        threads = std::make_unique<SharedIoBufferPool>(
            IoBufferPoolOptions{.name = "io-threads",
                                .bufferCount = options.threadBuffers,
                                .bufferSizeBytes = options.bufferSizeBytes,
                                .sizeOption = "runtime.thread_buffers"});
    }
    if (options.computeBuffers > 0)
    {
        compute = std::make_unique<ComputePool>(
            ComputePoolOptions{.name = "compute",
                               .bufferCount = options.computeBuffers,
                               .bufferSizeBytes = options.computeBufferSizeBytes});
    }
}

IoBufferPool& BufferManager::ioPool(std::size_t index) noexcept
{
    WEFT_ASSERT(index < ioPools.size());
    return *ioPools[index];
}

const SharedIoBufferPool& BufferManager::threadPool() const noexcept
{
    WEFT_ASSERT(threads != nullptr);
    return *threads;
}

SharedIoBufferPool& BufferManager::threadPool() noexcept
{
    WEFT_ASSERT(threads != nullptr);
    return *threads;
}

ComputePool& BufferManager::computePool() noexcept
{
    WEFT_ASSERT(compute != nullptr);
    return *compute;
}

} // namespace weft
