#include <weft/timers/timer_wheel.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <vector>

namespace weft
{

namespace
{

using namespace std::chrono_literals;

constexpr Clock::time_point ModelStart{987'654'321ns};
constexpr std::size_t TimerCount = 300;
constexpr int Steps = 200'000;

/// Runs a wheel beside a sorted map that says, by plain arithmetic, what has to fire when.
class WheelBesideModel
{
public:
    WheelBesideModel(std::uint64_t seed, std::chrono::nanoseconds tickLength)
        : random(seed),
          tick(tickLength),
          wheel(ModelStart, tickLength)
    {
        for (std::size_t index = 0; index < TimerCount; ++index)
        {
            timers.push_back(std::make_unique<ModelledTimer>(*this));
        }
    }

    ~WheelBesideModel()
    {
        for (auto& timer : timers)
        {
            wheel.cancel(*timer);
        }
    }

    void step()
    {
        switch (upTo(9))
        {
        case 0:
        case 1:
            advance(randomStepForward());
            break;
        case 2:
            advance(wheel.nextExpiry() == NoDeadline ? now : wheel.nextExpiry());
            break;
        case 3:
        case 4:
            cancel(anyTimer());
            break;
        default:
            arm(anyTimer());
            break;
        }
        checkNextExpiry();
    }

    std::size_t firedCount = 0;

private:
    struct ModelledTimer;
    using Model = std::multimap<Clock::time_point, ModelledTimer*>;

    struct ModelledTimer : Timer
    {
        explicit ModelledTimer(WheelBesideModel& ownerOfTimer) : Timer(&expire), owner(ownerOfTimer)
        {
        }

        static void expire(Timer& timer) noexcept
        {
            auto& self = static_cast<ModelledTimer&>(timer);
            self.owner.onExpiry(self);
        }

        WheelBesideModel& owner;
        Model::iterator entry;
        bool armedInThisAdvance = false;
    };

    std::uint64_t upTo(std::uint64_t highest)
    {
        return std::uniform_int_distribution<std::uint64_t>(0, highest)(random);
    }

    ModelledTimer& anyTimer()
    {
        return *timers[upTo(TimerCount - 1)];
    }

    /// As likely to be of the order of a microsecond as of a day.
    std::chrono::nanoseconds anyDuration(std::uint64_t bitsMax)
    {
        return std::chrono::nanoseconds{upTo((std::uint64_t{1} << upTo(bitsMax)) - 1)};
    }

    Deadline anyDeadline()
    {
        switch (upTo(5))
        {
        case 0:
            return now - anyDuration(40);
        case 1:
            return now;
        case 2:
            return firstTickFrom(now + anyDuration(50));
        default:
            return now + anyDuration(55);
        }
    }

    Clock::time_point randomStepForward()
    {
        return upTo(3) == 0 ? now - anyDuration(30) : now + anyDuration(45);
    }

    Clock::time_point firstTickFrom(Clock::time_point time) const
    {
        return ModelStart + (time - ModelStart + tick - 1ns) / tick * tick;
    }

    void arm(ModelledTimer& timer)
    {
        cancel(timer);
        const Deadline deadline = anyDeadline();
        wheel.arm(timer, deadline);
        timer.entry = model.emplace(deadline <= now ? now : firstTickFrom(deadline), &timer);
        timer.armedInThisAdvance = advancing;
        ASSERT_EQ(timer.deadline(), deadline);
    }

    void cancel(ModelledTimer& timer)
    {
        if (timer.armed())
        {
            model.erase(timer.entry);
        }
        wheel.cancel(timer);
        ASSERT_FALSE(timer.armed());
        ASSERT_EQ(wheel.armedCount(), model.size());
    }

    void advance(Clock::time_point time)
    {
        const bool forward = time >= now;
        if (forward)
        {
            now = time;
        }
        previousExpiry = Clock::time_point::min();
        firedInThisAdvance = 0;
        advancing = true;
        const std::size_t fired = wheel.advance(time);
        advancing = false;
        EXPECT_EQ(fired, firedInThisAdvance);
        firedCount += fired;
        for (auto entry = model.begin(); forward && entry != model.end() && entry->first <= now;
             ++entry)
        {
            ASSERT_TRUE(entry->second->armedInThisAdvance) << "a timer was left behind";
        }
        for (auto& timer : timers)
        {
            timer->armedInThisAdvance = false;
        }
    }

    void onExpiry(ModelledTimer& timer)
    {
        ++firedInThisAdvance;
        EXPECT_FALSE(timer.armed());
        EXPECT_FALSE(timer.armedInThisAdvance);
        EXPECT_LE(timer.deadline(), now) << "early";
        EXPECT_LE(timer.entry->first, now) << "before its tick";
        EXPECT_LE(previousExpiry, timer.entry->first) << "out of order";
        previousExpiry = timer.entry->first;
        model.erase(timer.entry);
        if (upTo(2) == 0)
        {
            arm(timer);
        }
        if (upTo(2) == 0)
        {
            cancel(anyTimer());
        }
        if (upTo(2) == 0)
        {
            arm(anyTimer());
        }
    }

    void checkNextExpiry() const
    {
        const Deadline next = wheel.nextExpiry();
        if (model.empty())
        {
            ASSERT_EQ(next, NoDeadline);
            return;
        }
        const auto expected = model.begin()->first;
        ASSERT_LE(next, expected) << "the wheel would sleep too long";
        ASSERT_EQ(next <= now, expected <= now) << "the wheel would spin";
    }

    std::mt19937_64 random;
    std::chrono::nanoseconds tick;
    TimerWheel wheel;
    Clock::time_point now = ModelStart;
    Clock::time_point previousExpiry;
    std::vector<std::unique_ptr<ModelledTimer>> timers;
    Model model;
    std::size_t firedInThisAdvance = 0;
    bool advancing = false;
};

} // namespace

class TimerWheelModel : public testing::TestWithParam<std::uint64_t>
{
};

TEST_P(TimerWheelModel, wheelAgreesWithASortedMapOverRandomSteps)
{
    for (const auto tick : {TimerWheel::DefaultTick, 1ns, 999ns})
    {
        WheelBesideModel both(GetParam(), tick);
        for (int step = 0; step < Steps && !HasFailure(); ++step)
        {
            both.step();
        }
        EXPECT_GT(both.firedCount, std::size_t{Steps} / 10);
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, TimerWheelModel, testing::Values(1, 2, 3));

} // namespace weft
