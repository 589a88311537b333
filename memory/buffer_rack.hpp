#pragma once

#include <weft/memory/io_buffer.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include <sys/uio.h>

/// \file
/// Places for the buffers that one operation fills.
///
/// Most sources are idle and have one buffer, for which they need no array. Who has several for the
/// moment takes a rack, and gives it back with the last of them. So racks are as many as there are
/// busy sources, not as there are sources.

namespace weft
{

struct BufferRack
{
    static constexpr std::size_t BuffersMax = 64;

    std::array<IoBuffer, BuffersMax> buffers;
    std::array<iovec, BuffersMax> vectors; // for whom the kernel is to fill them
    BufferRack* nextFree = nullptr;
};

/// A fixed number of racks in memory that is given to it, of which it touches what is in use: the
/// one that came back last is taken first. One thread at a time.
class BufferRacks
{
public:
    /// As many as fit. The memory is aligned for a BufferRack, and outlives this.
    explicit BufferRacks(std::span<std::byte> memory) noexcept;

    /// All racks are back.
    ~BufferRacks();

    BufferRacks(const BufferRacks&) = delete;
    BufferRacks& operator=(const BufferRacks&) = delete;

    /// An empty one; null when all are taken.
    BufferRack* tryTake() noexcept;

    /// It holds no buffer.
    void giveBack(BufferRack& rack) noexcept;

    std::uint32_t count() const noexcept
    {
        return total;
    }

    std::uint32_t takenCount() const noexcept
    {
        return taken;
    }

private:
    std::byte* const memoryStart;
    const std::uint32_t total;
    std::uint32_t made = 0; // the others have not been touched
    std::uint32_t taken = 0;
    BufferRack* firstFree = nullptr; // of those made
};

} // namespace weft
