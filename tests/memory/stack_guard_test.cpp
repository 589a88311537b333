#include <weft/memory/map_count_budget.hpp>
#include <weft/memory/memory_error.hpp>
#include <weft/memory/stack_slab.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <fstream>
#include <string>
#include <thread>
#include <vector>

#include <sys/wait.h>
#include <unistd.h>

namespace weft
{

namespace
{

constexpr int GuardNotFound = 1;
constexpr int WrongGuard = 2;
constexpr int NoFault = 3;
constexpr int GuardFound = 42;

const StackSlab* slabUnderTest = nullptr;
Stack overflowingStack;

/// The core of the handler that the fibers will have: it names the stack that overflowed.
void onFault(int, siginfo_t* info, void*)
{
    const auto hit = slabUnderTest->findGuard(info->si_addr);
    if (!hit.has_value())
    {
        ::_exit(GuardNotFound);
    }
    const bool right = hit->stackClass == overflowingStack.stackClass &&
                       hit->stackIndex == overflowingStack.index &&
                       hit->stackBottom == overflowingStack.bottom;
    ::_exit(right ? GuardFound : WrongGuard);
}

/// Writes right under the stack in a child process; answers how that child ended.
int exitCodeOfOverflow(const StackSlab& slab, const Stack& stack)
{
    const pid_t child = ::fork();
    if (child == 0)
    {
        slabUnderTest = &slab;
        overflowingStack = stack;
        struct sigaction action = {};
        action.sa_sigaction = onFault;
        action.sa_flags = SA_SIGINFO;
        ::sigaction(SIGSEGV, &action, nullptr);
        auto* const below = const_cast<volatile std::byte*>(stack.bottom - 1);
        *below = std::byte{1};
        ::_exit(NoFault);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::size_t mappingCount()
{
    std::ifstream maps("/proc/self/maps");
    return static_cast<std::size_t>(std::count(std::istreambuf_iterator<char>(maps), {}, '\n'));
}

class StackGuard : public testing::TestWithParam<bool>
{
protected:
    StackSlabOptions options(std::array<std::uint32_t, StackClassCount> stacks)
    {
        return StackSlabOptions{
            .stacks = stacks, .forceMprotectGuards = GetParam(), .mapCountBudget = &budget};
    }

    MapCountBudget budget{1000};
};

} // namespace

TEST_P(StackGuard, writingUnderAStackFaultsAndTheGuardNamesTheStack)
{
    StackSlab slab(options({4, 4, 4}));
    for (const StackClass stackClass : StackClasses)
    {
        const Stack first = slab.take(stackClass).value();
        const Stack second = slab.take(stackClass).value();
        EXPECT_EQ(exitCodeOfOverflow(slab, first), GuardFound) << toString(stackClass);
        EXPECT_EQ(exitCodeOfOverflow(slab, second), GuardFound) << toString(stackClass);
        slab.give(first);
        slab.give(second);
    }
}

TEST_P(StackGuard, theGuardStaysWhenTheStackIsReused)
{
    StackSlab slab(options({1, 0, 0}));
    slab.give(slab.take(StackClass::Small).value());
    const Stack again = slab.take(StackClass::Small).value();
    EXPECT_EQ(exitCodeOfOverflow(slab, again), GuardFound);
    slab.give(again);
}

TEST_P(StackGuard, onlyAddressesInGuardPagesAreFound)
{
    StackSlab slab(options({3, 3, 0}));
    const Stack first = slab.take(StackClass::Medium).value();
    const Stack second = slab.take(StackClass::Medium).value();

    const auto lowest = slab.findGuard(first.bottom - pageSizeBytes());
    ASSERT_TRUE(lowest.has_value());
    EXPECT_EQ(lowest->stackIndex, first.index);
    EXPECT_FALSE(slab.findGuard(first.bottom - pageSizeBytes() - 1).has_value());
    EXPECT_FALSE(slab.findGuard(first.bottom).has_value());
    EXPECT_FALSE(slab.findGuard(first.top() - 1).has_value());
    EXPECT_EQ(slab.findGuard(first.top())->stackIndex, second.index);
    EXPECT_FALSE(slab.findGuard(second.top()).has_value()) << "the third stack was never taken";
    EXPECT_FALSE(slab.findGuard(nullptr).has_value());
    EXPECT_FALSE(slab.findGuard(&slab).has_value());
    slab.give(first);
    slab.give(second);
}

INSTANTIATE_TEST_SUITE_P(BothKinds, StackGuard, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& forced)
                         {
                             return forced.param ? "mprotect" : "bestOfTheKernel";
                         });

TEST(StackGuardKind, mprotectIsUsedWhereItIsForced)
{
    const StackSlab slab({.forceMprotectGuards = true});
    EXPECT_EQ(slab.guardKind(), GuardKind::Mprotect);
    EXPECT_EQ(toString(slab.guardKind()), "mprotect");
}

TEST(StackGuardKind, guardsOfTheKernelSplitNoMapping)
{
    MapCountBudget nothing(0);
    StackSlab slab({.stacks = {500, 0, 0}, .mapCountBudget = &nothing});
    if (slab.guardKind() != GuardKind::Madvise)
    {
        GTEST_SKIP() << "this kernel has no MADV_GUARD_INSTALL";
    }
    std::vector<Stack> taken;
    taken.reserve(500);
    const std::size_t before = mappingCount();
    while (auto stack = slab.take(StackClass::Small))
    {
        taken.push_back(*stack);
    }
    EXPECT_EQ(taken.size(), 500U);
    EXPECT_LT(mappingCount(), before + 20);
    for (const Stack& stack : taken)
    {
        slab.give(stack);
    }
}

TEST(MapCountBudget, aSpentBudgetRefusesNewStacksAndNamesTheSysctl)
{
    MapCountBudget budget(5);
    {
        StackSlab slab(
            {.stacks = {10, 0, 0}, .forceMprotectGuards = true, .mapCountBudget = &budget});
        const Stack first = slab.take(StackClass::Small).value();
        const Stack second = slab.take(StackClass::Small).value();
        EXPECT_EQ(budget.remaining(), 1U);
        const auto refused = slab.take(StackClass::Small);
        ASSERT_FALSE(refused.has_value());
        EXPECT_EQ(refused.error(), MemoryError::MapCountExhausted);
        EXPECT_NE(refused.error().message().find("vm.max_map_count"), std::string::npos);
        EXPECT_EQ(slab.statistics(StackClass::Small).inUse, 2U);

        slab.give(second);
        const auto guardedAlready = slab.take(StackClass::Small);
        ASSERT_TRUE(guardedAlready.has_value());
        EXPECT_EQ(guardedAlready->bottom, second.bottom);
        slab.give(*guardedAlready);
        slab.give(first);
    }
    EXPECT_EQ(budget.remaining(), 5U) << "the slab's mappings are gone with it";
}

TEST(MapCountBudget, slabsOfSeveralThreadsShareOneBudget)
{
    constexpr std::uint32_t StacksThatFit = 60;
    MapCountBudget budget(2 * StacksThatFit);
    std::atomic<std::uint32_t> takenInTotal = 0;
    std::atomic<int> done = 0;
    const auto takeWhatFits = [&]
    {
        StackSlab slab(
            {.stacks = {50, 0, 0}, .forceMprotectGuards = true, .mapCountBudget = &budget});
        std::vector<Stack> taken;
        while (auto stack = slab.take(StackClass::Small))
        {
            taken.push_back(*stack);
        }
        takenInTotal += static_cast<std::uint32_t>(taken.size());
        ++done;
        done.notify_all();
        for (int seen = done; seen < 3; seen = done)
        {
            done.wait(seen);
        }
        for (const Stack& stack : taken)
        {
            slab.give(stack);
        }
    };
    {
        const std::jthread first(takeWhatFits);
        const std::jthread second(takeWhatFits);
        const std::jthread third(takeWhatFits);
    }
    EXPECT_EQ(takenInTotal, StacksThatFit);
    EXPECT_EQ(budget.remaining(), 2 * StacksThatFit);
}

TEST(MapCountBudget, theProcessKeepsAReserveForItsHost)
{
    const std::uint32_t limit = maxMapCount();
    EXPECT_GT(limit, 0U);
    EXPECT_LE(MapCountBudget::process().remaining(), limit);
    EXPECT_GE(limit - MapCountBudget::process().remaining(),
              std::min(MapCountBudget::ReservedMappings, limit / 2));
}

} // namespace weft
