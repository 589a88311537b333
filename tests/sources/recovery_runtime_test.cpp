/// \file
/// docs/recovery.md, "This machine": limits that a runtime meets when it starts.
/// tests/reactor/runtime_test.cpp has the lack of descriptors.

#include <weft/reactor/runtime.hpp>

#include "tests/support/limits.hpp"
#include "tests/support/own_process.hpp"
#include "tests/support/refused_system_calls.hpp"
#include "tests/support/runtime.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>

#include <sys/syscall.h>

using namespace weft;

namespace
{

/// Starts a runtime that must not start.
void expectRefusal(const RuntimeOptions& options, std::errc code,
                   const std::vector<std::string>& texts)
{
    try
    {
        const Runtime runtime(options);
        ADD_FAILURE() << "it has started";
    }
    catch (const std::system_error& error)
    {
        EXPECT_EQ(error.code(), code) << error.what();
        for (const auto& text : texts)
        {
            EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what();
        }
    }
}

/// io_uring that is short of something is no reason to take epoll.
RuntimeOptions onAnyEngine()
{
    auto options = smallRuntime(2);
    options.engine = EngineKind::Auto;
    return options;
}

} // namespace

TEST(RecoveryRuntime, ringForWhichThereIsNoMemoryIsAnErrorThatSaysWhatToLower)
{
    if (!inOwnProcess())
    {
        return;
    }
    refuseSystemCall(SYS_io_uring_setup, ENOMEM);
    auto options = onAnyEngine();
    options.submissionEntries = 256;
    options.completionEntries = 2048;
    expectRefusal(options, std::errc::not_enough_memory,
                  {"cannot create an io_uring of 256 and 2048 entries",
                   "lower the ring sizes or raise 'ulimit -l'"});
}

TEST(RecoveryRuntime, ringForWhichThereIsNoDescriptorIsAnErrorThatSaysWhatToRaise)
{
    if (!inOwnProcess())
    {
        return;
    }
    refuseSystemCall(SYS_io_uring_setup, EMFILE);
    expectRefusal(onAnyEngine(), std::errc::too_many_files_open, {"raise 'ulimit -n'"});
}

TEST(RecoveryRuntime, refusedReactorThreadIsAnErrorAndALaterRuntimeStarts)
{
    if (!inOwnProcess())
    {
        return;
    }
    giveUpPrivileges();
    {
        const NoThreads limit;
        expectRefusal(smallRuntime(2), std::errc::resource_unavailable_try_again,
                      {"cannot start reactor thread 1 of 2", "ask for fewer reactors",
                       "raise 'ulimit -u' or the cgroup's pids.max"});
    }
    EXPECT_NO_THROW(Runtime{smallRuntime(2)});
}

TEST(RecoveryRuntime, moreBuffersThanThereIsAddressSpaceForAreAnErrorAndALaterRuntimeStarts)
{
    auto options = smallRuntime();
    options.buffersPerReactor = 1U << 24;
    options.bufferSizeBytes = std::size_t{64} << 20;
    expectRefusal(options, std::errc::not_enough_memory,
                  {"cannot map 1125899906842624 bytes for 16777216 buffers of 67108864 bytes for "
                   "pool 'io-0'",
                   "ask for fewer"});
    EXPECT_NO_THROW(Runtime{smallRuntime()});
}
