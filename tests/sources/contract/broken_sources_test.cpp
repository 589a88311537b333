#include "tests/simulation/program_run.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

using namespace weft::test;

namespace
{

/// A source that is broken, the check that sees it, and what it says then.
struct Broken
{
    const char* type;
    const char* check;
    const char* finding;
    bool hangs = false; // what is waited for does not come
    bool races = false; // another thread has to hit a moment, which it misses now and then
};

/// So often a check is repeated that races: under AddressSanitizer one run in twelve misses it.
constexpr int RacesMost = 5;

void PrintTo(const Broken& broken, std::ostream* out)
{
    *out << broken.type;
}

/// The program of broken_sources.cpp. It is run as a whole where this one runs in shards.
ProgramRun runChecks(const std::string& filter, const std::string& environment = {})
{
    return runProgram("env -u GTEST_TOTAL_SHARDS -u GTEST_SHARD_INDEX " + environment +
                      " " WEFT_BROKEN_SOURCES " --gtest_filter='" + filter + "'");
}

class BrokenSourceTest : public testing::TestWithParam<Broken>
{
};

std::string caseName(const testing::TestParamInfo<Broken>& info)
{
    const std::string check = info.param.check;
    return std::string(info.param.type) + "_" + check.substr(check.find('.') + 1);
}

} // namespace

TEST_P(BrokenSourceTest, isFound)
{
    const auto check = [this]
    {
        return runChecks(std::string(GetParam().type) + "_Peer/" + GetParam().check,
                         GetParam().hangs ? "WEFT_CONTRACT_PATIENCE=2s" : "");
    };
    auto run = check();
    for (int again = 0; GetParam().races && run.exitCode == 0 && again < RacesMost; ++again)
    {
        run = check();
    }
    EXPECT_EQ(run.exitCode, 1) << run.output;
    EXPECT_TRUE(run.says(GetParam().finding)) << run.output;
}

INSTANTIATE_TEST_SUITE_P(
    Sources, BrokenSourceTest,
    testing::Values(
        Broken{"forgets_stop", "fiber_epoll.stopWhileSilentEndsAtOnce", "does not stop", true},
        Broken{"forgets_stop", "thread.stopAtEachPointEndsInOrder", "does not", true},
        Broken{"forgets_stop", "simulated.stopAtEachStepEndsInOrder", "without waiting", true},
        Broken{"forgets_stop_in_open", "fiber_epoll.stopEndsAnOpenThatIsNotAnswered",
               "the source does not stop; it is opening", true},
        Broken{"answers_stop_with_failure", "fiber_epoll.stopAtEachPointEndsInOrder",
               "the source fails: receive: Software caused connection abort"},
        Broken{"answers_stop_with_failure", "fiber_epoll.stopByAnotherThreadLeavesNoByteTwice",
               "the source fails: receive", false, true},
        Broken{"ends_on_silence", "fiber_epoll.silenceIsNotTheEndAndTakesNoWork",
               "silence is not the end of the stream"},
        Broken{"ends_on_silence", "simulated.noSeedLosesAByte",
               "an end of stream that the peer has not said"},
        Broken{"polls", "fiber_epoll.silenceIsNotTheEndAndTakesNoWork",
               "fillBuffer is called again and again"},
        Broken{"ignores_the_deadline", "fiber_epoll.partOfABufferIsDeliveredAfterTheFlushInterval",
               "bytes are missing: 0 of 8 have come", true},
        Broken{"ignores_the_deadline", "thread.demandDeliversWhatIsThere", "ends on demand", true},
        Broken{"drops_at_deadline", "fiber_epoll.deadlinesLoseNoByte", "bytes are missing", true},
        Broken{"drops_at_deadline", "simulated.noSeedLosesAByte", "reads have brought"},
        Broken{"drops_at_end", "fiber_epoll.endInMidBufferDeliversTheBytesFirst",
               "bytes are missing at the end of the stream"},
        Broken{"repeats", "fiber_epoll.everyByteArrivesOnceAndInOrder", "is not what was sent"},
        Broken{"repeats", "fiber_epoll.oneBufferIsEnough", "is not what was sent"},
        Broken{"repeats", "fiber_epoll.slowConsumerLosesNothing", "is not what was sent"},
        Broken{"takes_reset_for_the_end", "fiber_epoll.resetIsAFailureAndNotTheEnd",
               "a broken connection is not the end of the stream"},
        Broken{"takes_reset_for_the_end", "simulated.noSeedLosesAByte", "an end of stream"},
        Broken{"opens_to_nobody", "fiber_epoll.openThatFailsIsOneFailureWithItsCause",
               "Expected equality"},
        Broken{"fails_without_cause", "fiber_epoll.openThatFailsIsOneFailureWithItsCause",
               "a failure has an error code as its cause"},
        Broken{"opens_only_once", "fiber_epoll.resetIsGotOverWhereAskedFor", "has failed: connect",
               true},
        Broken{"opens_only_once", "fiber_epoll.openThatFailsIsTriedAgainWhereAskedFor",
               "Expected equality"},
        Broken{"leaks_a_descriptor", "fiber_epoll.descriptorsAndFibersComeBack",
               "still open:", true},
        Broken{"leaves_a_fiber", "fiber_epoll.descriptorsAndFibersComeBack", "'keep-alive'", true},
        Broken{"allocates", "fiber_epoll.nothingIsAllocatedOnceWarm", "calls of fillBuffer"},
        Broken{"shares_its_state", "fiber_epoll.manyRunOnOneReactor", "is not what was sent"},
        Broken{"refuses_empty_streams", "fiber_epoll.endOfAnEmptyStreamIsTheEndAlone",
               "the source fails: nothing received"},
        Broken{"needs_large_buffers", "fiber_epoll.oneBufferIsEnough",
               "the source fails: fill a buffer"},
        Broken{"forgets_stop_in_accept", "fiber_epoll.stopWhileNobodyConnectsEndsAtOnce",
               "the source does not stop", true},
        Broken{"takes_reset_for_an_end", "fiber_epoll.resetFailsItsConnectionOnly",
               "a broken connection is not the end of its stream"},
        Broken{"leaves_connections_open", "fiber_epoll.descriptorsAndFibersComeBack",
               "still open:", true}),
    caseName);

TEST(BrokenSources, soundOnesAmongThemPass)
{
    for (const auto* const type : {"sound", "sound_listener"})
    {
        const auto run = runChecks(std::string(type) + "_Peer/*");
        EXPECT_EQ(run.exitCode, 0) << run.output;
        EXPECT_TRUE(run.says("[  PASSED  ]"));
    }
}

TEST(BrokenSources, checkThatThePeerCannotServeIsSkippedWithThePeersReason)
{
    const auto run = runChecks("sound_LimitedPeer/*");
    EXPECT_EQ(run.exitCode, 0) << run.output;
    for (const auto* const reason :
         {"the peer has no unreachable(): reason 0", "the peer has no unanswering(): reason 1",
          "the simulator has no such peer: reason 2", "the peer says mayAllocate(): reason 3",
          "the peer's streams do not end: reason 4",
          "the peer's connection does not break: reason 5"})
    {
        EXPECT_TRUE(run.says(reason)) << reason << '\n' << run.output;
    }
}
