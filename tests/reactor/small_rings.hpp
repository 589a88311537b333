#pragma once

#include <weft/reactor/engine.hpp>
#include <weft/reactor/machine.hpp>
#include <weft/reactor/operation.hpp>

#include "tests/support/sockets.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include <sys/eventfd.h>
#include <unistd.h>

/// \file
/// The engine by itself, on this thread; io_uring with rings so small that everything overflows.

namespace weft
{

/// A receive of up to eight bytes, and how it ended.
struct Receive : Operation
{
    explicit Receive(int socket) : Operation(OperationKind::Receive, socket)
    {
        data = bytes.data();
        count = static_cast<std::uint32_t>(bytes.size());
        completed = [](Operation& operation) noexcept
        {
            ++static_cast<Receive&>(operation).completionCount;
        };
    }

    std::array<std::byte, 8> bytes{};
    int completionCount = 0;
};

class SmallRings : public testing::Test
{
protected:
    static constexpr std::uint32_t SubmissionEntries = 2;
    static constexpr std::uint32_t CompletionEntries = 4;

    void parkUntilCompleted(const std::deque<Receive>& receives)
    {
        for (const auto& receive : receives)
        {
            while (receive.completionCount == 0)
            {
                engine.park(NoDeadline);
            }
        }
    }

    void wake() const
    {
        const std::uint64_t one = 1;
        ASSERT_EQ(::write(wakeDescriptor.get(), &one, sizeof(one)), 8);
    }

    OwnedDescriptor wakeDescriptor{::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    const std::unique_ptr<Engine> made =
        Machine::real().makeEngine({.kind = testEngine(),
                                    .submissionEntries = SubmissionEntries,
                                    .completionEntries = CompletionEntries,
                                    .wakeDescriptor = wakeDescriptor.get()});
    Engine& engine = *made;
};

inline std::vector<DescriptorPair> socketPairs(int count)
{
    std::vector<DescriptorPair> pairs;
    for (int index = 0; index < count; ++index)
    {
        pairs.push_back(socketPair());
    }
    return pairs;
}

} // namespace weft
