#include <weft/reactor/runtime.hpp>
#include <weft/sources/emit_when_ready.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/scripted_source.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <semaphore>
#include <thread>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

/// A consumer with room for a number of events: it refuses what is beyond.
class Shop
{
public:
    OfferFunction offer(EventLog& log)
    {
        return [this, inner = log.emit()](OriginId origin, SourceEvent& event) mutable
        {
            ++offers;
            auto left = room.load();
            while (left > 0 && !room.compare_exchange_weak(left, left - 1))
            {
            }
            if (left == 0)
            {
                ++refusals;
                return false;
            }
            inner(origin, std::move(event));
            return true;
        };
    }

    void makeRoom(int events)
    {
        room += events;
        readiness->signal();
    }

    const std::shared_ptr<EmitReadiness> readiness = std::make_shared<EmitReadiness>();
    std::atomic<int> room = 0;
    std::atomic<int> offers = 0;
    std::atomic<int> refusals = 0;
};

FillStatus fillOneLetter(Fill& fill)
{
    put(fill, "x");
    return FillStatus::More;
}

class EmitWhenReadyTest : public testing::TestWithParam<RunnerKind>
{
protected:
    std::unique_ptr<SourceRunner> start(Shop& consumer, SourceScript& played, EventLog& taken)
    {
        auto runner = makeRunner(GetParam(), runtime, played);
        EXPECT_TRUE(runner->start(emitWhenReady(consumer.offer(taken), consumer.readiness)));
        return runner;
    }

    void awaitRefusals(const Shop& consumer, int count)
    {
        while (consumer.refusals < count)
        {
            std::this_thread::yield();
        }
    }

    Runtime runtime{onTestEngine({.reactors = 1, .buffersPerReactor = 8, .bufferSizeBytes = 64})};
    Shop shop;
    EventLog log;
    SourceScript script;
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(EmitWhenReadyTest);

TEST_P(EmitWhenReadyTest, refusedEventIsOfferedAgainAfterTheSignalAndNotBefore)
{
    script.fillBuffer = fillOneLetter;
    auto runner = start(shop, script, log);
    awaitRefusals(shop, 1);
    EXPECT_EQ(log.received(), "");
    EXPECT_EQ(runner->statistics().buffers, 1U) << "nothing is filled meanwhile";
    EXPECT_EQ(shop.offers, 1) << "nobody polls";
    shop.makeRoom(3);
    awaitRefusals(shop, 2);
    EXPECT_EQ(log.received(), "xxx");
    EXPECT_EQ(shop.offers, 5);
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.emitFunctionCount(), 0);
}

TEST_P(EmitWhenReadyTest, signalsThatRaceWithRefusalsAreNotLost)
{
    constexpr int Events = 20000;
    int fills = 0;
    script.fillBuffer = [&](Fill& fill)
    {
        put(fill, "x");
        return ++fills == Events ? FillStatus::EndOfStream : FillStatus::More;
    };
    auto runner = start(shop, script, log);
    // One at a time, each announced once: a lost signal would be a standstill.
    for (int given = 0; given < Events + 1; ++given)
    {
        while (shop.room.load() > 0)
        {
            std::this_thread::yield();
        }
        shop.makeRoom(1);
    }
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(log.received().size(), static_cast<std::size_t>(Events));
}

TEST_P(EmitWhenReadyTest, stopWhileRefusedDropsTheEventAndCountsIt)
{
    script.fillBuffer = fillOneLetter;
    auto runner = start(shop, script, log);
    awaitRefusals(shop, 1);
    EXPECT_EQ(runner->tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.lastEventCount(), 0) << "a stop is no failure";
    EXPECT_EQ(runner->statistics().state, SourceState::Stopped);
    EXPECT_EQ(runner->statistics().buffersDropped, 1U);
    EXPECT_EQ(script.closes, 1);
}

TEST_P(EmitWhenReadyTest, refusedSourceDoesNotHoldUpAnother)
{
    script.fillBuffer = fillOneLetter;
    auto refused = start(shop, script, log);
    awaitRefusals(shop, 1);
    SourceScript otherScript;
    otherScript.fillBuffer = [](Fill& fill)
    {
        put(fill, "other");
        return FillStatus::EndOfStream;
    };
    EventLog otherLog;
    auto other = makeRunner(GetParam(), runtime, otherScript);
    ASSERT_TRUE(other->start(otherLog.emit()));
    otherLog.waitForLast();
    EXPECT_EQ(otherLog.received(), "other");
}

TEST_P(EmitWhenReadyTest, oneSignalServesAllWhoWait)
{
    Shop shared;
    SourceScript scripts[4];
    EventLog logs[4];
    std::vector<std::unique_ptr<SourceRunner>> runners;
    for (int index = 0; index < 4; ++index)
    {
        scripts[index].fillBuffer = [](Fill& fill)
        {
            put(fill, "x");
            return FillStatus::EndOfStream;
        };
        runners.push_back(start(shared, scripts[index], logs[index]));
    }
    awaitRefusals(shared, 4);
    shared.makeRoom(8); // a letter and an end of stream of each
    for (auto& each : logs)
    {
        each.waitForLast();
        EXPECT_TRUE(each.ended());
    }
}

TEST_P(EmitWhenReadyTest, offerThatThrowsFailsTheSource)
{
    script.fillBuffer = fillOneLetter;
    auto runner = makeRunner(GetParam(), runtime, script);
    ASSERT_TRUE(runner->start(emitWhenReady(
        [inner = log.emit()](OriginId origin, SourceEvent& event) mutable -> bool
        {
            if (std::holds_alternative<SourceData>(event))
            {
                throw std::runtime_error("the shop is on fire");
            }
            inner(origin, std::move(event));
            return true;
        },
        shop.readiness)));
    log.waitForLast();
    EXPECT_EQ(log.failure()->message, "the shop is on fire");
}
