#pragma once

#include <weft/memory/compute_pool.hpp>
#include <weft/memory/io_buffer.hpp>
#include <weft/timers/clock.hpp>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace weft::soak
{

/// A consumer on threads of its own that keeps buffers for a while. For each it takes a compute
/// buffer too when one is there, as a worker would that builds a result from its input.
class BufferHolder
{
public:
    BufferHolder();
    ~BufferHolder();

    BufferHolder(const BufferHolder&) = delete;
    BufferHolder& operator=(const BufferHolder&) = delete;

    static constexpr std::size_t ThreadCount = 2;

    /// Where compute buffers come from; null: from nowhere. Nothing is held.
    void use(ComputePool* pool);

    /// How many buffers of one source are held.
    using Count = std::shared_ptr<std::atomic<std::uint32_t>>;

    /// Releases the buffer at `until`, on another thread. It is counted from now on until the
    /// moment before its release. Any thread.
    void hold(IoBuffer buffer, Clock::time_point until, Count count);

    /// Releases everything now, on the calling thread.
    void releaseAll();

    std::uint64_t heldSoFar() const;

private:
    struct Held
    {
        Clock::time_point until;
        IoBuffer buffer;
        ComputeBuffer computeBuffer;
        Count count;
    };

    static bool later(const Held& left, const Held& right) noexcept;
    void run();

    mutable std::mutex mutex;
    std::condition_variable changed;
    std::vector<Held> held; // a heap, the first to be released in front
    ComputePool* compute = nullptr;
    std::uint64_t total = 0;
    bool stopping = false;
    std::vector<std::thread> threads;
};

} // namespace weft::soak
