#include <weft/memory/buffer_rack.hpp>
#include <weft/memory/io_buffer_pool.hpp>

#include "../support/heap_count.hpp"
#include "pool_actors.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

namespace weft
{

namespace
{

constexpr std::size_t Racks = 3;

class BufferRackTest : public testing::Test
{
protected:
    alignas(BufferRack) std::array<std::byte, Racks * sizeof(BufferRack) + 1> memory;
    BufferRacks racks{memory};
};

} // namespace

TEST_F(BufferRackTest, asManyAsFitAreTakenAndNoneTwice)
{
    EXPECT_EQ(racks.count(), Racks);
    std::set<BufferRack*> taken;
    for (std::size_t count = 1; count <= Racks; ++count)
    {
        taken.insert(racks.tryTake());
        EXPECT_EQ(racks.takenCount(), count);
    }
    EXPECT_EQ(taken.size(), Racks);
    EXPECT_FALSE(taken.contains(nullptr));
    EXPECT_EQ(racks.tryTake(), nullptr);
    for (auto* const rack : taken)
    {
        racks.giveBack(*rack);
    }
    EXPECT_EQ(racks.takenCount(), 0);
}

TEST_F(BufferRackTest, theOneThatCameBackLastIsTakenFirst)
{
    auto* const first = racks.tryTake();
    auto* const second = racks.tryTake();
    racks.giveBack(*first);
    racks.giveBack(*second);
    EXPECT_EQ(racks.tryTake(), second);
    EXPECT_EQ(racks.tryTake(), first);
    racks.giveBack(*first);
    racks.giveBack(*second);
}

TEST_F(BufferRackTest, memoryIsTouchedOnlyByWhatIsTaken)
{
    std::ranges::fill(memory, std::byte(0x5A));
    auto* const rack = racks.tryTake();
    racks.giveBack(*rack);
    racks.giveBack(*racks.tryTake());
    const auto others = std::span(memory).subspan(sizeof(BufferRack));
    EXPECT_TRUE(std::ranges::all_of(others,
                                    [](std::byte byte)
                                    {
                                        return byte == std::byte(0x5A);
                                    }));
}

TEST_F(BufferRackTest, takingAndGivingBackAllocatesNothing)
{
    const auto before = heapAllocationCount();
    for (int round = 0; round < 100; ++round)
    {
        racks.giveBack(*racks.tryTake());
    }
    EXPECT_EQ(heapAllocationCount(), before);
}

TEST(IoBufferPoolRacks, areNoMoreThanBuffersAndNoMoreThanAskedFor)
{
    EXPECT_EQ(IoBufferPool(ioPoolOf(5)).racks().count(), 5);
    EXPECT_EQ(IoBufferPool(ioPoolOf(5000)).racks().count(), 256);
    auto options = ioPoolOf(5);
    options.racksMax = 0;
    EXPECT_EQ(IoBufferPool(options).racks().tryTake(), nullptr);
}

} // namespace weft
