#include "tests/sources/fill_window_test.hpp"

#include <chrono>
#include <thread>

namespace weft
{

namespace
{

using namespace std::chrono_literals;

/// One that waits for its first bytes for longer than the interval, several times in a row.
class SparseWindow : public test::FillWindowTest
{
protected:
    static constexpr auto Interval = 2ms;

    void waitAndTake(FillWindow& window)
    {
        offer(window, 1);
        window.beginFill();
        EXPECT_TRUE(window.wantsMore()) << "an empty buffer is never delivered";
        EXPECT_EQ(window.deadline(), NoDeadline);
        std::this_thread::sleep_for(Interval);
        window.advance(7);
    }
};

TEST_F(SparseWindow, needNotWaitForMore)
{
    FillWindow window(FlushTimes{Interval}, demand, racks);
    for (unsigned wait = 1; wait <= Gathering::WaitsOfASparseSource; ++wait)
    {
        waitAndTake(window);
        EXPECT_EQ(window.wantsMore(), wait < Gathering::WaitsOfASparseSource);
        window.endFill(false);
        EXPECT_EQ(deliver(window), Sizes{7});
    }
    // Kept from taking for as long, with bytes there.
    std::this_thread::sleep_for(Interval);
    offer(window, 1);
    window.beginFill();
    EXPECT_EQ(window.deadline(), NoDeadline);
    window.advance(BufferBytes);
    window.endFill(false);
    EXPECT_EQ(deliver(window), Sizes{BufferBytes});
    fill(window, 1, 7);
    EXPECT_TRUE(window.wantsMore());
}

TEST_F(SparseWindow, withoutAnIntervalItWaitsForAFullBuffer)
{
    for (const std::chrono::nanoseconds none : {-1ns, std::chrono::nanoseconds::max()})
    {
        FillWindow window(FlushTimes{none}, demand, racks);
        for (unsigned wait = 1; wait <= Gathering::WaitsOfASparseSource; ++wait)
        {
            waitAndTake(window);
            EXPECT_TRUE(window.wantsMore());
            window.endFill(false);
            EXPECT_EQ(deliver(window), Sizes{7});
        }
    }
}

} // namespace

} // namespace weft
