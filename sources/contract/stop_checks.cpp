#include <weft/sources/contract/patience.hpp>
#include <weft/sources/contract/stage.hpp>
#include <weft/sources/source_error.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <thread>

/// \file
/// How a source opens, and how it is stopped wherever it is.

namespace weft::contract
{

using namespace std::chrono_literals;

namespace
{

/// The parameters of a source that cannot be opened.
ParameterTexts unreachable(SourcePeer& peer)
{
    auto parameters = peer.unreachable();
    if (!parameters)
    {
        skip(peer, Ability::Unreachable);
    }
    return std::move(*parameters);
}

void openThatFailsIsOneFailureWithItsCause(Stage& stage)
{
    const auto peer = stage.makePeer();
    auto parameters = unreachable(*peer);
    stage.open();
    const auto trial = stage.makeTrial(std::move(parameters));
    trial->expectFailure();
    trial->start();
    trial->awaitOver();
    trial->conclude();
    EXPECT_EQ(trial->seen().opens, 0U);
    EXPECT_EQ(trial->events().lastEvents(), 1);
    EXPECT_TRUE(trial->events().failure());
    EXPECT_EQ(trial->runner().statistics().state, SourceState::Failed);
}

/// So many attempts, and soon.
ParameterTexts retrying(Stage& stage)
{
    if (!stage.hasParameter("reconnect_attempts"))
    {
        throw NotApplicable("the type does not have reconnectParameters()");
    }
    return {{"flush_interval", "0"},
            {"reconnect_attempts", "3"},
            {"reconnect_pause_min", "1ms"},
            {"reconnect_pause_max", "2ms"}};
}

void openThatFailsIsTriedAgainWhereAskedFor(Stage& stage)
{
    const auto peer = stage.makePeer();
    auto parameters = unreachable(*peer);
    auto overrides = retrying(stage);
    stage.open();
    const auto trial = stage.makeTrial(std::move(parameters), std::move(overrides));
    trial->expectFailure();
    trial->start();
    trial->awaitOver();
    trial->conclude();
    const auto failure = trial->events().failure();
    ASSERT_TRUE(failure);
    EXPECT_EQ(trial->runner().statistics().retries, isTransient(failure->code) ? 3U : 0U)
        << failure->message;
}

void stopBeforeStartOpensNothing(Stage& stage)
{
    const auto peer = stage.makePeer();
    stage.open();
    const auto trial = stage.makeTrial(peer->configuration());
    trial->runner().stop();
    EXPECT_EQ(trial->runner().tryStop(0ns), TryStopResult::Success);
    trial->conclude();
    EXPECT_EQ(trial->seen().opens, 0U);
    EXPECT_EQ(trial->events().lastEvents(), 0);
}

void stopEndsAnOpenThatIsNotAnswered(Stage& stage)
{
    const auto peer = stage.makePeer();
    auto parameters = peer->unanswering();
    if (!parameters)
    {
        skip(*peer, Ability::Unanswering);
    }
    stage.open();
    const auto trial = stage.makeTrial(std::move(*parameters));
    trial->start();
    ASSERT_TRUE(awaitCondition(
        [&]
        {
            return trial->seen().opensBegun >= 1;
        }));
    // Into the call that waits, most likely; it must be right before it, too.
    std::this_thread::sleep_for(2ms);
    EXPECT_EQ(trial->seen().opens, 0U);
    trial->conclude();
    EXPECT_EQ(trial->events().lastEvents(), 0);
}

void stopAtEachPointEndsInOrder(Stage& stage)
{
    stage.open();
    EXPECT_TRUE(stopAtMoment(stage, Moment::Opening, 1));
    EXPECT_TRUE(stopAtMoment(stage, Moment::Opened, 1));
    for (const auto moment : {Moment::Filling, Moment::Filled, Moment::Emitting})
    {
        for (std::uint64_t nth = 1; nth <= 6; ++nth)
        {
            if (!stopAtMoment(stage, moment, nth))
            {
                break;
            }
        }
    }
    stopAtMoment(stage, Moment::Closing, 1);
}

void stopByAnotherThreadLeavesNoByteTwice(Stage& stage)
{
    stage.open();
    for (std::size_t count = 0; count < 30; ++count)
    {
        SCOPED_TRACE(fmt::format("stopped after {}", count));
        const auto peer = stage.makePeer();
        const auto trial = stage.makeTrial(peer->configuration(), AtOnce);
        if (auto* const producing = dynamic_cast<ProducingPeer*>(peer.get()))
        {
            trial->expect(producing->content());
            trial->expectEnd();
            trial->start();
            awaitCondition(
                [&]
                {
                    return trial->events().buffers() >= count || trial->isOver();
                });
        }
        else
        {
            auto& live = dynamic_cast<LivePeer&>(*peer);
            trial->start();
            trial->meet(live);
            for (std::size_t number = 0; number < count; ++number)
            {
                trial->send(live, recordOf(number));
            }
        }
        trial->conclude(); // which stops it
    }
}

void stopWhileEmittingWaitsForTheEmitFunction(Stage& stage)
{
    const auto peer = stage.makePeer();
    stage.open();
    const auto trial = stage.makeTrial(peer->configuration(), AtOnce);
    trial->holdFirst();
    if (auto* const producing = dynamic_cast<ProducingPeer*>(peer.get()))
    {
        trial->expect(producing->content());
    }
    trial->start();
    if (auto* const live = dynamic_cast<LivePeer*>(peer.get()))
    {
        trial->meet(*live);
        trial->send(*live, recordOf(0));
    }
    trial->awaitHeld();
    EXPECT_EQ(trial->runner().tryStop(1ms), TryStopResult::Timeout);
    EXPECT_EQ(trial->emitFunctions(), 1);
    EXPECT_EQ(trial->seen().closes, 0U);
    trial->release();
    trial->conclude();
    EXPECT_EQ(trial->events().lastEvents(), 0);
    EXPECT_GE(trial->events().buffers(), 1U) << "what was in hand is delivered";
}

} // namespace

std::span<const Check> stopChecks() noexcept
{
    static constexpr std::array checks{
        Check{"openThatFailsIsOneFailureWithItsCause", openThatFailsIsOneFailureWithItsCause},
        Check{"openThatFailsIsTriedAgainWhereAskedFor", openThatFailsIsTriedAgainWhereAskedFor},
        Check{"stopBeforeStartOpensNothing", stopBeforeStartOpensNothing},
        Check{"stopEndsAnOpenThatIsNotAnswered", stopEndsAnOpenThatIsNotAnswered},
        Check{"stopAtEachPointEndsInOrder", stopAtEachPointEndsInOrder},
        Check{"stopByAnotherThreadLeavesNoByteTwice", stopByAnotherThreadLeavesNoByteTwice},
        Check{"stopWhileEmittingWaitsForTheEmitFunction", stopWhileEmittingWaitsForTheEmitFunction},
    };
    return checks;
}

} // namespace weft::contract
