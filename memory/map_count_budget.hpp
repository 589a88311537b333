#pragma once

#include <atomic>
#include <cstdint>

/// \file
/// How many memory mappings stacks may still split off.
///
/// A guard page made by mprotect splits its mapping in two places, and the kernel refuses every
/// mmap of the process once it has vm.max_map_count of them: the host's allocator would then fail
/// in a place that has nothing to do with us. So the stack slabs of all reactors draw on one budget
/// that leaves a reserve to the rest of the process. Any thread.

namespace weft
{

class MapCountBudget
{
public:
    /// Mappings left to the rest of the process, at most half of vm.max_map_count.
    static constexpr std::uint32_t ReservedMappings = 8192;

    /// A budget of its own, for tests. All others share process().
    explicit MapCountBudget(std::uint32_t mappings) noexcept;

    MapCountBudget(const MapCountBudget&) = delete;
    MapCountBudget& operator=(const MapCountBudget&) = delete;

    /// The budget of this process: vm.max_map_count, read at the first call, less the reserve.
    static MapCountBudget& process();

    /// Takes that many mappings, or none and answers false.
    bool tryCharge(std::uint32_t mappings) noexcept;

    /// Gives back what was charged.
    void refund(std::uint32_t mappings) noexcept;

    /// Mappings that may still be charged.
    std::uint32_t remaining() const noexcept;

private:
    std::atomic<std::uint32_t> left;
};

/// The kernel's limit on mappings of one process; its default (65530) where /proc is not readable.
std::uint32_t maxMapCount();

} // namespace weft
