#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <system_error>
#include <vector>

#include <load/run_plan.hpp>
#include <sys/mman.h>

namespace weft::bench
{

/// The receivers' buffers, BufferBytes each: one mapping, whose pages are there once they are used,
/// given out last-in first-out. One thread, or under the caller's lock.
class BufferPool
{
public:
    explicit BufferPool(std::size_t buffers) : mappedBytes((buffers + 1) * BufferBytes)
    {
        void* const mapped = ::mmap(nullptr, mappedBytes, PROT_READ | PROT_WRITE,
                                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (mapped == MAP_FAILED)
        {
            throw std::system_error(errno, std::generic_category(), "map the buffers");
        }
        memory = static_cast<std::byte*>(mapped);
        free.reserve(buffers);
        for (std::size_t index = buffers; index > 0; --index)
        {
            free.push_back(memory + (index - 1) * BufferBytes);
        }
    }

    ~BufferPool()
    {
        ::munmap(memory, mappedBytes);
    }

    BufferPool(const BufferPool&) = delete;
    BufferPool& operator=(const BufferPool&) = delete;

    /// There is one for each source, so it never runs out.
    std::byte* acquire()
    {
        if (free.empty())
        {
            throw std::system_error(ENOBUFS, std::generic_category(), "acquire a buffer");
        }
        auto* const buffer = free.back();
        free.pop_back();
        return buffer;
    }

    void release(std::byte* buffer)
    {
        free.push_back(buffer);
    }

private:
    std::size_t mappedBytes;
    std::byte* memory = nullptr;
    std::vector<std::byte*> free;
};

} // namespace weft::bench
