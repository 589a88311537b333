#include <weft/sources/contract/patience.hpp>
#include <weft/sources/contract/stage.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

/// \file
/// What holds for sources that listen, beside what holds for each of their connections as for any
/// source.

namespace weft::contract
{

namespace
{

const ParameterTexts TwoInAll{{"flush_interval", "0"}, {"connections_total", "2"}};

/// Sends a few records and waits until they have come.
void exchange(Trial& trial, LivePeer& client, std::size_t firstRecord)
{
    for (std::size_t number = firstRecord; number < firstRecord + 5; ++number)
    {
        EXPECT_TRUE(trial.send(client, recordOf(number)));
        EXPECT_TRUE(trial.awaitExpected()) << "the source is over";
    }
}

void awaitEnds(const Trial& trial, std::ptrdiff_t count)
{
    const bool ended = awaitCondition(
        [&]
        {
            return trial.isOver() || std::ranges::count_if(trial.events().connections(),
                                                           [](const auto& connection)
                                                           {
                                                               return connection.second.ended;
                                                           }) >= count;
        });
    EXPECT_TRUE(ended) << "the connection does not end";
}

void requireEnd(LivePeer& client)
{
    if (!client.end())
    {
        throw NotApplicable("the peer's streams do not end");
    }
}

void endOfAConnectionIsNotTheEnd(Stage& stage)
{
    const auto first = stage.makeClientPeer();
    stage.open();
    const auto trial = stage.makeTrial(first->configuration(), TwoInAll);
    trial->start();
    trial->meet(*first);
    exchange(*trial, *first, 0);
    requireEnd(*first);
    awaitEnds(*trial, 1);
    EXPECT_FALSE(trial->isOver()) << "another connection may come";
    const auto second = first->another();
    trial->meet(*second, 2);
    exchange(*trial, *second, 10);
    second->end();
    trial->expectEnd();
    trial->awaitOver();
    trial->conclude();
    EXPECT_TRUE(trial->events().ended());
}

void resetFailsItsConnectionOnly(Stage& stage)
{
    const auto first = stage.makeClientPeer();
    stage.open();
    const auto trial = stage.makeTrial(first->configuration(), TwoInAll);
    trial->start();
    trial->meet(*first);
    const auto second = first->another();
    trial->meet(*second, 2);
    exchange(*trial, *first, 0);
    if (!first->reset())
    {
        throw NotApplicable("the peer's connection does not break");
    }
    trial->expectFailureOf(1);
    awaitEnds(*trial, 1);
    EXPECT_FALSE(trial->isOver()) << "the other connection is open";
    EXPECT_TRUE(trial->events().connections().at(1).failure)
        << "a broken connection is not the end of its stream";
    exchange(*trial, *second, 10);
    EXPECT_EQ(trial->runner().statistics().connectionsFailed, 1U);
    trial->conclude();
    EXPECT_FALSE(trial->events().failure()) << "it is no failure of the source";
}

/// The second one is connected, and has sent, while the first is open: nothing of it is taken.
void laterOneWaitsForTheFirst(Stage& stage, ParameterTexts overrides)
{
    const auto first = stage.makeClientPeer();
    const auto trial = stage.makeTrial(first->configuration(), std::move(overrides));
    trial->start();
    trial->meet(*first);
    const auto second = first->another();
    ASSERT_TRUE(second->awaitSource());
    EXPECT_TRUE(second->send(recordOf(20)));
    exchange(*trial, *first, 0);
    EXPECT_EQ(trial->events().connections().size(), 1U);
    requireEnd(*first);
    trial->expect(second->delivered(recordOf(20)));
    EXPECT_TRUE(trial->awaitExpected()) << "the source is over";
    const auto connections = trial->events().connections();
    EXPECT_TRUE(connections.at(1).ended);
    EXPECT_EQ(connections.at(2).bytes, second->delivered(recordOf(20)));
    trial->conclude();
}

void connectionsBeyondTheLimitWait(Stage& stage)
{
    stage.open();
    auto overrides = TwoInAll;
    overrides.emplace("connections_max", "1");
    laterOneWaitsForTheFirst(stage, std::move(overrides));
}

void connectionsBeyondTheBuffersWait(Stage& stage)
{
    stage.open(1);
    laterOneWaitsForTheFirst(stage, TwoInAll);
}

void stopAtEachPointOfTheListenerEndsInOrder(Stage& stage)
{
    stage.open();
    for (const auto moment : {Moment::Opening, Moment::Opened})
    {
        SCOPED_TRACE(fmt::format("stopped when {}", toString(moment)));
        const auto client = stage.makeClientPeer();
        const auto trial = stage.makeTrial(client->configuration());
        trial->stopListenerAt(moment);
        trial->start();
        trial->awaitOver();
        EXPECT_EQ(trial->runner().statistics().state, SourceState::Stopped);
        trial->conclude();
        EXPECT_EQ(trial->events().lastEvents(), 0);
    }
}

void stopWhileNobodyConnectsEndsAtOnce(Stage& stage)
{
    const auto client = stage.makeClientPeer();
    stage.open();
    const auto trial = stage.makeTrial(client->configuration());
    trial->start();
    const bool accepts = awaitCondition(
        [&]
        {
            return trial->seen().opensBegun >= 1;
        });
    EXPECT_TRUE(accepts);
    trial->conclude(); // which stops it
    EXPECT_EQ(trial->seen().opens, 0U);
    EXPECT_EQ(trial->events().lastEvents(), 0);
}

void stopClosesAllConnections(Stage& stage)
{
    const auto first = stage.makeClientPeer();
    stage.open();
    const auto trial = stage.makeTrial(first->configuration(), {{"connections_total", "0"}});
    trial->start();
    trial->meet(*first);
    std::vector<std::unique_ptr<ClientPeer>> others;
    for (std::uint64_t nth = 2; nth <= 5; ++nth)
    {
        others.push_back(first->another());
        trial->meet(*others.back(), nth);
    }
    exchange(*trial, *first, 0);
    exchange(*trial, *others.back(), 10);
    trial->conclude();
    EXPECT_EQ(trial->seen().closes, 5U);
    EXPECT_EQ(trial->events().lastEvents(), 0);
}

struct Exception
{
    std::string_view check;
    const char* reason;
};

constexpr const char* NoClients = "the simulated machine has nobody who connects";

constexpr std::array Exceptions{
    Exception{"stopEndsAnOpenThatIsNotAnswered",
              "what waits is the accept: see stopWhileNobodyConnectsEndsAtOnce"},
    Exception{"resetIsAFailureAndNotTheEnd",
              "it is one of the connection alone: see resetFailsItsConnectionOnly"},
    Exception{"resetIsGotOverWhereAskedFor", "it is for the client to connect again"},
    Exception{"noSeedLosesAByte", NoClients},
    Exception{"stopAtEachStepEndsInOrder", NoClients},
};

} // namespace

std::span<const Check> listenChecks() noexcept
{
    static constexpr std::array checks{
        Check{"endOfAConnectionIsNotTheEnd", endOfAConnectionIsNotTheEnd},
        Check{"resetFailsItsConnectionOnly", resetFailsItsConnectionOnly},
        Check{"connectionsBeyondTheLimitWait", connectionsBeyondTheLimitWait},
        Check{"connectionsBeyondTheBuffersWait", connectionsBeyondTheBuffersWait},
        Check{"stopAtEachPointOfTheListenerEndsInOrder", stopAtEachPointOfTheListenerEndsInOrder},
        Check{"stopWhileNobodyConnectsEndsAtOnce", stopWhileNobodyConnectsEndsAtOnce},
        Check{"stopClosesAllConnections", stopClosesAllConnections},
    };
    return checks;
}

const char* reasonNotToListen(std::string_view check) noexcept
{
    const auto* const found = std::ranges::find(Exceptions, check, &Exception::check);
    return found != Exceptions.end() ? found->reason : nullptr;
}

} // namespace weft::contract
