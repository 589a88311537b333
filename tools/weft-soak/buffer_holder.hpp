#pragma once

#include <weft/memory/compute_pool.hpp>
#include <weft/memory/io_buffer.hpp>
#include <weft/timers/clock.hpp>

#include <condition_variable>
#include <cstddef>
#include <cstdint>
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

    /// Releases the buffer at `until`, on another thread. Any thread.
    void hold(IoBuffer buffer, Clock::time_point until);

    /// Releases everything now, on the calling thread.
    void releaseAll();

    std::uint64_t heldSoFar() const;

private:
    struct Held
    {
        Clock::time_point until;
        IoBuffer buffer;
        ComputeBuffer computeBuffer;
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
