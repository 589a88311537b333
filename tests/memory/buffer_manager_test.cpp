#include <weft/memory/buffer_manager.hpp>

#include "pool_actors.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace weft
{

namespace
{

constexpr BufferManagerOptions TwoReactors{.ioPools = 2,
                                           .buffersPerIoPool = 8,
                                           .bufferSizeBytes = 4096,
                                           .computeBuffers = 5,
                                           .computeBufferSizeBytes = 512};

} // namespace

TEST(BufferManager, hasOnePoolForEachReactorAndOneForComputing)
{
    BufferManager manager(TwoReactors);
    EXPECT_EQ(manager.ioPoolCount(), 2U);
    EXPECT_EQ(manager.ioPool(0).name(), "io-0");
    EXPECT_EQ(manager.ioPool(1).name(), "io-1");
    EXPECT_EQ(manager.ioPool(1).statistics().total, 8U);
    EXPECT_EQ(manager.computePool().statistics().total, 5U);
    EXPECT_EQ(manager.computePool().bufferSizeBytes(), 512U);
}

TEST(BufferManager, theComputePoolIsUntouchedWhenSourcesHoldEveryIoBuffer)
{
    BufferManager manager(TwoReactors);
    BufferReservation flood = reserveUnlimitedIn(manager.ioPool(0));
    const std::vector<IoBuffer> stuck = takeAll(manager.ioPool(0), flood);
    EXPECT_EQ(stuck.size(), 8U);
    EXPECT_EQ(manager.ioPool(1).statistics().free, 8U);
    EXPECT_EQ(manager.computePool().statistics().free, 5U);

    std::vector<ComputeBuffer> workers;
    while (auto buffer = manager.computePool().tryAcquire())
    {
        workers.push_back(std::move(*buffer));
    }
    EXPECT_EQ(workers.size(), 5U);
    EXPECT_FALSE(manager.ioPool(0).tryAcquire(flood).has_value());
    BufferReservation neighbour = reserveUnlimitedIn(manager.ioPool(1));
    EXPECT_EQ(takeAll(manager.ioPool(1), neighbour).size(), 8U);
}

TEST(BufferManager, aHostWithItsOwnComputePoolNeedsNone)
{
    const BufferManager manager({.ioPools = 1, .buffersPerIoPool = 1, .bufferSizeBytes = 64});
    EXPECT_FALSE(manager.hasComputePool());
    EXPECT_THROW(BufferManager({.ioPools = 0}), std::invalid_argument);
}

} // namespace weft
