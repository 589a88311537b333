#include <weft/sources/contract/patience.hpp>
#include <weft/sources/contract/stage.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <thread>

/// \file
/// What takes a peer that does as it is told.

namespace weft::contract
{

using namespace std::chrono_literals;

namespace
{

/// Nothing but a full buffer, the end or a demand delivers.
const ParameterTexts NoFlush{{"flush_interval", "1h"}};
const ParameterTexts Soon{{"flush_interval", "1ms"}};

constexpr auto BetweenDemands = 20ms;

void silenceIsNotTheEndAndTakesNoWork(Stage& stage)
{
    const auto peer = stage.makeLivePeer();
    stage.open();
    const auto trial = stage.makeTrial(peer->configuration(), Soon);
    trial->start();
    trial->meet(*peer);
    trial->send(*peer, recordOf(0));
    EXPECT_TRUE(trial->awaitExpected());
    // Several flush intervals long. A source that looks again and again does so far more often.
    const auto fillsBefore = trial->seen().fills.load();
    const auto buffersBefore = trial->events().buffers();
    const auto silentSince = std::chrono::steady_clock::now();
    std::this_thread::sleep_for(30ms);
    const auto silence = std::chrono::ceil<std::chrono::milliseconds>(
        std::chrono::steady_clock::now() - silentSince);
    const auto fills = trial->seen().fills.load() - fillsBefore;
    EXPECT_LE(fills, 10 + 2 * static_cast<std::uint64_t>(silence.count()))
        << "fillBuffer is called again and again in " << silence.count()
        << " ms of silence: it returns without bytes, and without having waited";
    EXPECT_FALSE(trial->isOver()) << "silence is not the end of the stream";
    EXPECT_EQ(trial->events().buffers(), buffersBefore)
        << "nothing is delivered while nothing comes";
    trial->send(*peer, recordOf(1));
    EXPECT_TRUE(trial->awaitExpected()) << "the source is over";
    trial->conclude();
}

void stopWhileSilentEndsAtOnce(Stage& stage)
{
    const auto peer = stage.makeLivePeer();
    stage.open();
    const auto trial = stage.makeTrial(peer->configuration(), NoFlush);
    trial->start();
    trial->meet(*peer);
    ASSERT_TRUE(awaitCondition(
        [&]
        {
            return trial->seen().latest == Moment::Filling || trial->isOver();
        }));
    trial->conclude();
    EXPECT_EQ(trial->events().lastEvents(), 0);
    EXPECT_EQ(trial->events().buffers(), 0U);
}

void stopWithBytesInTheBufferEndsInOrder(Stage& stage)
{
    const auto peer = stage.makeLivePeer();
    stage.open();
    const auto trial = stage.makeTrial(peer->configuration(), NoFlush);
    trial->start();
    trial->meet(*peer);
    trial->send(*peer, recordOf(0));
    std::this_thread::sleep_for(2ms); // it may have taken them by then, and need not
    trial->conclude();
    EXPECT_EQ(trial->events().lastEvents(), 0);
}

void partOfABufferIsDeliveredAfterTheFlushInterval(Stage& stage)
{
    const auto peer = stage.makeLivePeer();
    stage.open();
    const auto trial = stage.makeTrial(peer->configuration(), Soon);
    trial->start();
    trial->meet(*peer);
    for (std::size_t number = 0; number < 20; ++number)
    {
        trial->send(*peer, recordOf(number));
        EXPECT_TRUE(trial->awaitExpected()) << "the source is over";
    }
    trial->conclude();
    EXPECT_GE(trial->events().buffers(), 20U);
}

/// Records come before, while and after flushes are due.
void deadlinesLoseNoByte(Stage& stage)
{
    const auto peer = stage.makeLivePeer();
    stage.open();
    const auto trial = stage.makeTrial(peer->configuration(), Soon);
    trial->start();
    trial->meet(*peer);
    for (std::size_t number = 0; number < 100; ++number)
    {
        trial->send(*peer, recordOf(number));
        std::this_thread::sleep_for(number * 37 % 16 * 100us);
    }
    EXPECT_TRUE(trial->awaitExpected()) << "the source is over";
    trial->conclude();
}

void demandDeliversWhatIsThere(Stage& stage)
{
    const auto peer = stage.makeLivePeer();
    stage.open();
    const auto trial = stage.makeTrial(peer->configuration(), NoFlush);
    trial->start();
    trial->meet(*peer);
    for (std::size_t number = 0; number < 20; ++number)
    {
        trial->send(*peer, recordOf(number));
        // It has most likely taken them then, and waits for more.
        std::this_thread::sleep_for(1ms);
        trial->runner().requestFlush();
        auto again = std::chrono::steady_clock::now() + BetweenDemands;
        const bool came = awaitCondition(
            [&]
            {
                const auto now = std::chrono::steady_clock::now();
                if (now > again)
                {
                    // The one before came before the last of the bytes. Seldom: one too many is
                    // there when the next record comes.
                    trial->runner().requestFlush();
                    again = now + BetweenDemands;
                }
                return trial->hasExpected() || trial->isOver();
            });
        ASSERT_TRUE(came) << "a wait with fill.deadline() ends on demand; the source's does not";
    }
    trial->conclude();
    EXPECT_EQ(trial->events().lastEvents(), 0);
}

void endInMidBufferDeliversTheBytesFirst(Stage& stage)
{
    const auto peer = stage.makeLivePeer();
    stage.open();
    const auto trial = stage.makeTrial(peer->configuration(), NoFlush);
    trial->start();
    trial->meet(*peer);
    trial->send(*peer, recordOf(3));
    if (!peer->end())
    {
        skip(*peer, Ability::End);
    }
    trial->expectEnd();
    trial->awaitOver();
    trial->conclude();
    EXPECT_TRUE(trial->events().ended());
    EXPECT_EQ(trial->runner().statistics().state, SourceState::Ended);
}

void endOfAnEmptyStreamIsTheEndAlone(Stage& stage)
{
    const auto peer = stage.makeLivePeer();
    stage.open();
    const auto trial = stage.makeTrial(peer->configuration());
    trial->start();
    trial->meet(*peer);
    if (!peer->end())
    {
        skip(*peer, Ability::End);
    }
    trial->expectEnd();
    trial->awaitOver();
    trial->conclude();
    EXPECT_TRUE(trial->events().ended());
    EXPECT_EQ(trial->events().buffers(), 0U);
}

void resetIsAFailureAndNotTheEnd(Stage& stage)
{
    const auto peer = stage.makeLivePeer();
    stage.open();
    const auto trial = stage.makeTrial(peer->configuration(), Soon);
    trial->start();
    trial->meet(*peer);
    trial->send(*peer, recordOf(0));
    // A reset may overtake what nobody has taken.
    EXPECT_TRUE(trial->awaitExpected()) << "the source is over";
    if (!peer->reset())
    {
        skip(*peer, Ability::Reset);
    }
    trial->expectFailure();
    trial->awaitOver();
    trial->conclude();
    EXPECT_TRUE(trial->events().failure()) << "a broken connection is a failure";
    EXPECT_FALSE(trial->events().ended()) << "a broken connection is not the end of the stream";
}

void resetIsGotOverWhereAskedFor(Stage& stage)
{
    if (!stage.hasParameter("reconnect_attempts"))
    {
        throw NotApplicable("the type does not have reconnectParameters()");
    }
    const auto peer = stage.makeLivePeer();
    stage.open();
    const auto trial = stage.makeTrial(peer->configuration(), {{"flush_interval", "1ms"},
                                                               {"reconnect_attempts", "1000"},
                                                               {"reconnect_pause_min", "1ms"},
                                                               {"reconnect_pause_max", "2ms"}});
    trial->start();
    for (std::uint64_t connection = 1; connection <= 3; ++connection)
    {
        trial->meet(*peer, connection);
        for (std::size_t number = 0; number < 5; ++number)
        {
            trial->send(*peer, recordOf(10 * connection + number));
        }
        EXPECT_TRUE(trial->awaitExpected()) << "the source is over";
        if (connection < 3 && !peer->reset())
        {
            skip(*peer, Ability::Reset);
        }
    }
    EXPECT_GE(trial->runner().statistics().opens, 3U);
    trial->conclude();
}

} // namespace

std::span<const Check> liveChecks() noexcept
{
    static constexpr std::array checks{
        Check{"silenceIsNotTheEndAndTakesNoWork", silenceIsNotTheEndAndTakesNoWork},
        Check{"stopWhileSilentEndsAtOnce", stopWhileSilentEndsAtOnce},
        Check{"stopWithBytesInTheBufferEndsInOrder", stopWithBytesInTheBufferEndsInOrder},
        Check{"partOfABufferIsDeliveredAfterTheFlushInterval",
              partOfABufferIsDeliveredAfterTheFlushInterval},
        Check{"deadlinesLoseNoByte", deadlinesLoseNoByte},
        Check{"demandDeliversWhatIsThere", demandDeliversWhatIsThere},
        Check{"endInMidBufferDeliversTheBytesFirst", endInMidBufferDeliversTheBytesFirst},
        Check{"endOfAnEmptyStreamIsTheEndAlone", endOfAnEmptyStreamIsTheEndAlone},
        Check{"resetIsAFailureAndNotTheEnd", resetIsAFailureAndNotTheEnd},
        Check{"resetIsGotOverWhereAskedFor", resetIsGotOverWhereAskedFor},
    };
    return checks;
}

} // namespace weft::contract
