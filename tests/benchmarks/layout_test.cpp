#include <gtest/gtest.h>

#include <set>
#include <vector>

#include <scaling/layout.hpp>
#include <scaling/scaling_law.hpp>

namespace weft::bench
{

namespace
{

/// As Linux numbers them: the second threads of all cores after the first ones.
Topology machineOf(int cores, int threadsOfEach)
{
    std::vector<Cpu> cpus;
    for (int cpu = 0; cpu < cores * threadsOfEach; ++cpu)
    {
        cpus.push_back({.number = cpu, .core = cpu % cores});
    }
    return {.cpus = oneOfEachCoreFirst(cpus), .usable = cpus.size()};
}

TEST(Layout, generatorsHaveCoresOfTheirOwnWhereThereAreEnough)
{
    const auto layout = layOut(machineOf(8, 1), 4, {});
    EXPECT_EQ(layout.generators, GeneratorPlace::OwnCores);
    std::set<int> all(layout.receiverCpus.begin(), layout.receiverCpus.end());
    all.insert(layout.generatorCpus.begin(), layout.generatorCpus.end());
    EXPECT_EQ(all.size(), 8U);
    EXPECT_TRUE(layout.reactorsOnCores);
    EXPECT_FALSE(layout.beyondCores);
}

TEST(Layout, eachGeneratorSharesItsReactorsCpuWhereThereAreFewer)
{
    const auto layout = layOut(machineOf(2, 1), 2, {});
    EXPECT_EQ(layout.generators, GeneratorPlace::Shared);
    EXPECT_EQ(layout.generatorCpus, layout.receiverCpus);
    EXPECT_FALSE(layout.beyondCores);
}

TEST(Layout, generatorsShareIfAskedTo)
{
    const auto layout = layOut(machineOf(8, 1), 1, {.shared = true});
    EXPECT_EQ(layout.generators, GeneratorPlace::Shared);
}

TEST(Layout, thereAreNoGeneratorsForFiles)
{
    EXPECT_EQ(layOut(machineOf(2, 1), 2, {.any = false}).generators, GeneratorPlace::None);
}

TEST(Layout, reactorsBeyondTheCpusGoInTurnAndAreMarked)
{
    const auto layout = layOut(machineOf(2, 1), 5, {});
    EXPECT_EQ(layout.receiverCpus, (std::vector{0, 1, 0, 1, 0}));
    EXPECT_TRUE(layout.beyondCores);
}

TEST(Layout, aQuotaCountsAsFewerCpus)
{
    auto machine = machineOf(8, 1);
    machine.usable = 2;
    EXPECT_TRUE(layOut(machine, 3, {}).beyondCores);
    EXPECT_FALSE(layOut(machine, 2, {}).beyondCores);
    EXPECT_EQ(layOut(machine, 2, {}).generators, GeneratorPlace::Shared);
}

TEST(Layout, reactorsTakeAThreadOfEachCoreFirst)
{
    // Siblings side by side, as some machines number them.
    const std::vector<Cpu> cpus{{0, 0}, {1, 0}, {2, 1}, {3, 1}};
    const Topology machine{.cpus = oneOfEachCoreFirst(cpus), .usable = 4};
    EXPECT_EQ(layOut(machine, 2, {.any = false}).receiverCpus, (std::vector{0, 2}));
    EXPECT_TRUE(layOut(machine, 2, {.any = false}).reactorsOnCores);
    EXPECT_FALSE(layOut(machine, 3, {.any = false}).reactorsOnCores);
}

TEST(Layout, generatorsOnTheReactorsCoresAreToldFromThoseOnTheirOwn)
{
    const auto machine = machineOf(4, 2);
    EXPECT_EQ(layOut(machine, 2, {}).generators, GeneratorPlace::OwnCores);
    EXPECT_EQ(layOut(machine, 4, {}).generators, GeneratorPlace::OwnThreads);
    EXPECT_EQ(layOut(machine, 5, {}).generators, GeneratorPlace::Shared);
}

using Counts = std::vector<std::size_t>;

TEST(Layout, countsGrowByHalvesUpToTheUsableCpus)
{
    EXPECT_EQ(defaultReactorCounts(machineOf(1, 1)), (Counts{1}));
    EXPECT_EQ(defaultReactorCounts(machineOf(2, 1)), (Counts{1, 2}));
    EXPECT_EQ(defaultReactorCounts(machineOf(3, 1)), (Counts{1, 2, 3}));
    EXPECT_EQ(defaultReactorCounts(machineOf(5, 1)), (Counts{1, 2, 3, 4, 5}));
    EXPECT_EQ(defaultReactorCounts(machineOf(12, 1)), (Counts{1, 2, 3, 4, 6, 8, 12}));
    EXPECT_EQ(defaultReactorCounts(machineOf(8, 2)), (Counts{1, 2, 3, 4, 6, 8, 12, 16}));
}

TEST(Layout, fourCpusHaveEnoughCountsForTheScalingLaw)
{
    EXPECT_EQ(defaultReactorCounts(machineOf(4, 1)).size(), ScalingLaw::PointsLeast);
}

TEST(Layout, eightCpusHaveEnoughCountsWithGeneratorsBesideThem)
{
    const auto machine = machineOf(8, 1);
    std::size_t comparable = 0;
    for (const auto count : defaultReactorCounts(machine))
    {
        comparable += layOut(machine, count, {}).generators == GeneratorPlace::OwnCores ? 1 : 0;
    }
    EXPECT_EQ(comparable, ScalingLaw::PointsLeast);
}

} // namespace

} // namespace weft::bench
