#include <weft/sources/contract/allocation_count.hpp>
#include <weft/sources/contract/patience.hpp>
#include <weft/sources/contract/stage.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <map>
#include <vector>

/// \file
/// What holds for every source, whatever its peer.

namespace weft::contract
{

namespace
{

void secondStartIsRefused(Stage& stage)
{
    const auto peer = stage.makePeer();
    stage.open();
    const auto trial = stage.makeTrial(peer->configuration());
    trial->stopAt(Moment::Opened);
    trial->start();
    EXPECT_FALSE(trial->runner().start([](OriginId, const SourceEvent&) {}));
    if (auto* const live = dynamic_cast<LivePeer*>(peer.get()))
    {
        trial->meet(*live);
    }
    trial->awaitOver();
    EXPECT_FALSE(trial->runner().start([](OriginId, const SourceEvent&) {}));
    trial->conclude();
}

void everyByteArrivesOnceAndInOrder(Stage& stage)
{
    const auto peer = stage.makePeer();
    stage.open();
    const auto trial = stage.makeTrial(peer->configuration());
    runStream(*trial, *peer, 4000);
    trial->conclude();
    EXPECT_FALSE(trial->events().failure());
}

void oneBufferIsEnough(Stage& stage)
{
    const auto peer = stage.makePeer();
    stage.open(1);
    const auto trial = stage.makeTrial(peer->configuration());
    runStream(*trial, *peer, 300);
    trial->conclude();
}

void slowConsumerLosesNothing(Stage& stage)
{
    const auto peer = stage.makePeer();
    stage.open(2);
    const auto trial = stage.makeTrial(peer->configuration());
    trial->slowDown();
    runStream(*trial, *peer, 600);
    trial->conclude();
}

void manyRunOnOneReactor(Stage& stage)
{
    struct Pair
    {
        std::unique_ptr<SourcePeer> peer;
        std::unique_ptr<Trial> trial;
    };

    stage.open();
    std::vector<Pair> pairs;
    std::size_t count = 16;
    for (std::size_t index = 0; index < count; ++index)
    {
        auto peer = stage.makePeer();
        count = std::min(count, peer->instancesMost());
        auto trial = stage.makeTrial(peer->configuration());
        auto* const producing = dynamic_cast<ProducingPeer*>(peer.get());
        if (producing != nullptr)
        {
            trial->expect(producing->content());
            trial->expectEnd();
        }
        trial->start();
        if (producing == nullptr)
        {
            trial->meet(dynamic_cast<LivePeer&>(*peer));
        }
        pairs.push_back({.peer = std::move(peer), .trial = std::move(trial)});
    }
    // In turn, so that all of them have something to do at any time. No two send the same: those
    // that share their state would take each other's bytes for their own.
    std::size_t number = 0;
    for (int round = 0; round < 50; ++round)
    {
        for (auto& [peer, trial] : pairs)
        {
            if (auto* const live = dynamic_cast<LivePeer*>(peer.get()))
            {
                trial->send(*live, recordOf(number));
                ++number;
            }
        }
    }
    for (auto& [peer, trial] : pairs)
    {
        EXPECT_TRUE(trial->awaitExpected());
        auto* const live = dynamic_cast<LivePeer*>(peer.get());
        if (live != nullptr && live->end())
        {
            trial->expectEnd();
            trial->awaitOver();
        }
        trial->conclude();
    }
}

/// What each descriptor of the process is.
std::map<int, std::string> openDescriptors()
{
    std::map<int, std::string> descriptors;
    std::error_code ignored;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    {
        const auto target = std::filesystem::read_symlink(entry.path(), ignored);
        descriptors.emplace(std::stoi(entry.path().filename()), target.string());
    }
    return descriptors;
}

/// Those that are not among `before`, once they have had the time to go: a thread gives up its own
/// when its source is over already.
std::string descriptorsAdded(const std::map<int, std::string>& before)
{
    std::string added;
    awaitCondition(
        [&]
        {
            added.clear();
            for (const auto& [descriptor, target] : openDescriptors())
            {
                if (!before.contains(descriptor))
                {
                    added += fmt::format(" {} ({})", descriptor, target);
                }
            }
            return added.empty();
        });
    return added;
}

/// A whole stream, one that is stopped, an open that fails.
void liveThreeLives(Stage& stage)
{
    {
        const auto peer = stage.makePeer();
        const auto trial = stage.makeTrial(peer->configuration());
        runStream(*trial, *peer, 20);
        trial->conclude();
    }
    stopAtMoment(stage, Moment::Emitting, 2);
    const auto peer = stage.makePeer();
    if (auto parameters = peer->unreachable())
    {
        const auto trial = stage.makeTrial(std::move(*parameters));
        trial->expectFailure();
        trial->start();
        trial->awaitOver();
        trial->conclude();
    }
}

void descriptorsAndFibersComeBack(Stage& stage)
{
    stage.open();
    liveThreeLives(stage); // what the process opens once and keeps
    const auto before = openDescriptors();
    for (int repetition = 0; repetition < 3; ++repetition)
    {
        liveThreeLives(stage);
    }
    const auto added = descriptorsAdded(before);
    EXPECT_EQ(added, "") << "still open:" << added;
    EXPECT_EQ(stage.fibersLeft(), "")
        << "the source is over, and fibers that it has spawned are not";
}

void nothingIsAllocatedOnceWarm(Stage& stage)
{
    const auto peer = stage.makePeer();
    if (peer->mayAllocate())
    {
        skip(*peer, Ability::NothingAllocated);
    }
    if (!allocationsAreCounted())
    {
        throw NotApplicable("the program has an operator new of its own");
    }
    stage.open();
    const auto trial = stage.makeTrial(peer->configuration(), AtOnce);
    runStream(*trial, *peer, 200, true);
    trial->conclude();
    EXPECT_EQ(trial->seen().warmAllocations, 0U)
        << "in " << trial->seen().fills << " calls of fillBuffer, the first "
        << Observation::WarmFills << " apart";
}

} // namespace

std::span<const Check> commonChecks() noexcept
{
    static constexpr std::array checks{
        Check{"secondStartIsRefused", secondStartIsRefused},
        Check{"everyByteArrivesOnceAndInOrder", everyByteArrivesOnceAndInOrder},
        Check{"oneBufferIsEnough", oneBufferIsEnough},
        Check{"slowConsumerLosesNothing", slowConsumerLosesNothing},
        Check{"manyRunOnOneReactor", manyRunOnOneReactor},
        Check{"descriptorsAndFibersComeBack", descriptorsAndFibersComeBack},
        Check{"nothingIsAllocatedOnceWarm", nothingIsAllocatedOnceWarm},
    };
    return checks;
}

} // namespace weft::contract
