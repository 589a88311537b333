#pragma once

#include <cstdint>
#include <ostream>

namespace weft::test
{

/// Which of the two runners: tests of the contract run over both.
enum class RunnerKind : std::uint8_t
{
    Fiber,
    Thread,
};

/// As the parameter `execution` has it.
inline const char* executionText(RunnerKind kind)
{
    return kind == RunnerKind::Fiber ? "fiber" : "thread";
}

inline void PrintTo(RunnerKind kind, std::ostream* out)
{
    *out << executionText(kind);
}

} // namespace weft::test

/// Runs the tests of a TEST_P suite over both runners.
#define WEFT_INSTANTIATE_OVER_RUNNERS(Suite)                                                       \
    INSTANTIATE_TEST_SUITE_P(                                                                      \
        Runners, Suite,                                                                            \
        testing::Values(weft::test::RunnerKind::Fiber, weft::test::RunnerKind::Thread),            \
        testing::PrintToStringParamName())
