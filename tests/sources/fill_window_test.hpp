#pragma once

#include <weft/memory/io_buffer_pool.hpp>
#include <weft/sources/fill.hpp>

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace weft::test
{

/// A window and the pool that its buffers are from, without a source.
class FillWindowTest : public testing::Test
{
protected:
    static constexpr std::size_t BufferBytes = 100;
    using Sizes = std::vector<std::size_t>;

    IoBuffer buffer()
    {
        return std::move(*pool.tryAcquire(reservation));
    }

    std::uint32_t buffersOut() const
    {
        return pool.statistics().inUse;
    }

    void offer(FillWindow& window, std::size_t count)
    {
        while (window.count() < count)
        {
            ASSERT_TRUE(window.makeRoom());
            window.offer(buffer());
        }
    }

    /// One call of fillBuffer with `offered` buffers in the window, which receives so many bytes;
    /// none: it finds nothing.
    void fill(FillWindow& window, std::size_t offered, std::size_t bytes)
    {
        offer(window, offered);
        window.beginFill();
        Fill filled(window);
        static_cast<void>(filled.space());
        filled.advance(bytes);
        if (bytes == 0)
        {
            filled.foundNothing();
        }
        window.endFill(false);
    }

    /// The same with as many as the window wants, all filled. Answers how many these were.
    std::size_t fillAll(FillWindow& window)
    {
        const auto wanted = window.countWanted();
        fill(window, wanted, wanted * BufferBytes);
        EXPECT_EQ(deliver(window), Sizes(wanted, BufferBytes));
        return wanted;
    }

    /// The sizes of all that is to be delivered.
    static std::vector<std::size_t> deliver(FillWindow& window)
    {
        std::vector<std::size_t> sizes;
        while (const auto delivered = window.takeDeliverable())
        {
            sizes.push_back(delivered.sizeBytes());
        }
        return sizes;
    }

    IoBufferPool pool{
        {.name = "test", .bufferCount = 80, .bufferSizeBytes = BufferBytes, .racksMax = 1}};
    BufferReservation reservation{*pool.reserve("test", {.buffersInFlightMax = 80})};
    FlushDemand demand;
    BufferRacks& racks = pool.racks();
};

} // namespace weft::test
