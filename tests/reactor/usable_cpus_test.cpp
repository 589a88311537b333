#include <weft/reactor/usable_cpus.hpp>

#include "tests/support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <optional>

/// \file
/// CPU quotas read from a made-up /proc and /sys.

namespace weft
{

namespace
{

class CgroupQuota : public testing::Test
{
protected:
    std::optional<double> quota() const
    {
        return findUsableCpus(root.path()).quota;
    }

    TemporaryDirectory root;
};

UsableCpus cpusWithQuota(std::size_t cpus, std::optional<double> quota)
{
    return {.cpus = std::vector<int>(cpus), .quota = quota};
}

} // namespace

TEST_F(CgroupQuota, isAbsentWithoutCgroups)
{
    EXPECT_EQ(quota(), std::nullopt);
}

TEST_F(CgroupQuota, ofVersionTwoIsRead)
{
    root.write("proc/self/cgroup", "0::/jobs\n");
    root.write("sys/fs/cgroup/jobs/cpu.max", "150000 100000\n");
    EXPECT_EQ(quota(), 1.5);
}

TEST_F(CgroupQuota, ofVersionTwoMayBeUnlimited)
{
    root.write("proc/self/cgroup", "0::/jobs\n");
    root.write("sys/fs/cgroup/jobs/cpu.max", "max 100000\n");
    EXPECT_EQ(quota(), std::nullopt);
}

TEST_F(CgroupQuota, ofAParentCountsWhenItIsTighter)
{
    root.write("proc/self/cgroup", "0::/slice/jobs\n");
    root.write("sys/fs/cgroup/slice/jobs/cpu.max", "400000 100000\n");
    root.write("sys/fs/cgroup/slice/cpu.max", "200000 100000\n");
    EXPECT_EQ(quota(), 2.0);
}

TEST_F(CgroupQuota, ofAContainerIsAtTheMountPoint)
{
    // The path is that of the host, which the container does not see.
    root.write("proc/self/cgroup", "0::/machine/container-7\n");
    root.write("sys/fs/cgroup/cpu.max", "100000 100000\n");
    EXPECT_EQ(quota(), 1.0);
}

TEST_F(CgroupQuota, ofVersionOneIsRead)
{
    root.write("proc/self/cgroup", "5:memory:/jobs\n4:cpu,cpuacct:/jobs\n");
    root.write("sys/fs/cgroup/cpu/jobs/cpu.cfs_quota_us", "250000\n");
    root.write("sys/fs/cgroup/cpu/jobs/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(quota(), 2.5);
}

TEST_F(CgroupQuota, ofVersionOneMayBeUnlimited)
{
    root.write("proc/self/cgroup", "4:cpu,cpuacct:/jobs\n");
    root.write("sys/fs/cgroup/cpu/jobs/cpu.cfs_quota_us", "-1\n");
    root.write("sys/fs/cgroup/cpu/jobs/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(quota(), std::nullopt);
}

TEST_F(CgroupQuota, ofAnotherControllerIsNotTaken)
{
    root.write("proc/self/cgroup", "4:cpuset:/jobs\n");
    root.write("sys/fs/cgroup/cpu/jobs/cpu.cfs_quota_us", "250000\n");
    root.write("sys/fs/cgroup/cpu/jobs/cpu.cfs_period_us", "100000\n");
    EXPECT_EQ(quota(), std::nullopt);
}

TEST_F(CgroupQuota, thatIsNonsenseIsIgnored)
{
    root.write("proc/self/cgroup", "nonsense\n0::/jobs\n");
    root.write("sys/fs/cgroup/jobs/cpu.max", "much\n");
    EXPECT_EQ(quota(), std::nullopt);
}

TEST_F(CgroupQuota, thatIsNotANumberAboveZeroIsIgnored)
{
    root.write("proc/self/cgroup", "0::/jobs\n");
    for (const auto* const text :
         {"nan 100000", "inf 100000", "-5 100000", "0 100000", "5 0", "much 100000", "5 100000x"})
    {
        root.write("sys/fs/cgroup/jobs/cpu.max", text);
        EXPECT_EQ(quota(), std::nullopt) << text;
    }
}

TEST(UsableCpus, withQuotaBeyondAnyNumberGiveAReactorEach)
{
    EXPECT_EQ(cpusWithQuota(8, 1e300).reactorCount(), 8U);
}

TEST(UsableCpus, withoutQuotaGiveAReactorEach)
{
    EXPECT_EQ(cpusWithQuota(8, std::nullopt).reactorCount(), 8U);
}

TEST(UsableCpus, withQuotaGiveItRoundedUp)
{
    EXPECT_EQ(cpusWithQuota(8, 2.5).reactorCount(), 3U);
}

TEST(UsableCpus, withQuotaOfLessThanOneGiveOne)
{
    EXPECT_EQ(cpusWithQuota(8, 0.2).reactorCount(), 1U);
}

TEST(UsableCpus, withQuotaBeyondTheCpusGiveAReactorEach)
{
    EXPECT_EQ(cpusWithQuota(2, 16.0).reactorCount(), 2U);
}

TEST(UsableCpus, ofThisProcessAreAtLeastOne)
{
    EXPECT_GE(findUsableCpus().reactorCount(), 1U);
}

} // namespace weft
