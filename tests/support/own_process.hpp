#pragma once

#include "tests/support/sockets.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

/// \file
/// For tests that change their process for good: its limits, its user, its network, the system
/// calls that it may use.

namespace weft
{

namespace detail
{

inline constexpr auto OwnProcessMark = "WEFT_TEST_OWN_PROCESS";

struct OwnProcessResult
{
    int status = 0;
    std::string output;
};

/// Runs this program again, from its beginning, with only the test of that name.
inline OwnProcessResult runTestAgain(const std::string& testName)
{
    const auto program = std::filesystem::read_symlink("/proc/self/exe").string();
    const auto filter = "--gtest_filter=" + testName;
    const std::array<const char*, 4> arguments{program.c_str(), filter.c_str(), "--gtest_color=no",
                                               nullptr};
    auto output = makePipe();
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, output.second.get(), STDOUT_FILENO);
    ::posix_spawn_file_actions_adddup2(&actions, output.second.get(), STDERR_FILENO);
    ::setenv(OwnProcessMark, "1", 1);
    // That test, whichever shard of all tests this program was told to run when it began.
    ::unsetenv("GTEST_TOTAL_SHARDS");
    ::unsetenv("GTEST_SHARD_INDEX");
    pid_t process = -1;
    const int error = ::posix_spawn(&process, program.c_str(), &actions, nullptr,
                                    const_cast<char* const*>(arguments.data()), environ);
    ::unsetenv(OwnProcessMark);
    ::posix_spawn_file_actions_destroy(&actions);
    output.second.reset();
    if (error != 0)
    {
        throw std::system_error(error, std::system_category(), "posix_spawn");
    }
    OwnProcessResult result;
    std::array<char, 4096> chunk{};
    for (ssize_t size = 0; (size = ::read(output.first.get(), chunk.data(), chunk.size())) > 0;)
    {
        result.output.append(chunk.data(), static_cast<std::size_t>(size));
    }
    checkedCall(::waitpid(process, &result.status, 0), "waitpid");
    return result;
}

} // namespace detail

/// Begins a test that needs a process of its own:
///
///     if (!inOwnProcess())
///     {
///         return;
///     }
///
/// True in that process, which runs this test and no other. In the test program itself, false: that
/// process has ended then, and what it found, a failure or a reason to skip, is this test's result.
inline bool inOwnProcess()
{
    if (std::getenv(detail::OwnProcessMark) != nullptr)
    {
        return true;
    }
    const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
    const auto result =
        detail::runTestAgain(std::string(test->test_suite_name()) + "." + test->name());
    const auto says = [&](std::string_view line)
    {
        return result.output.find(line) != std::string::npos;
    };
    if (says("[  SKIPPED ] 1 test"))
    {
        [&]
        {
            GTEST_SKIP() << result.output;
        }();
    }
    else if (result.status != 0 || !says("[  PASSED  ] 1 test"))
    {
        ADD_FAILURE() << "in a process of its own:\n" << result.output;
    }
    return false;
}

} // namespace weft
