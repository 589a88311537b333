#pragma once

#include <weft/fibers/inbox.hpp>

#include "life.hpp"

#include <cstdint>

namespace weft::sim
{

/// Whether what other threads post is delivered at once: posts something now and then, and fails
/// the run when it lies there while the reactor sleeps. The clock's jumps, which delay it for no
/// fault of the reactor, are too seldom to meet several posts of a run.
class WakeUpCheck
{
public:
    explicit WakeUpCheck(RunContext& runContext) noexcept : context(runContext), item(*this)
    {
    }

    WakeUpCheck(const WakeUpCheck&) = delete;
    WakeUpCheck& operator=(const WakeUpCheck&) = delete;

    void begin();
    void end() noexcept;

    bool isUnderWay() const noexcept
    {
        return underWay;
    }

private:
    struct Item : InboxItem
    {
        explicit Item(WakeUpCheck& owner) noexcept : InboxItem(deliver), check(owner)
        {
        }

        static void deliver(InboxItem& item) noexcept
        {
            static_cast<Item&>(item).check.delivered();
        }

        WakeUpCheck& check;
    };

    void postLater();
    void post();
    void delivered() noexcept;

    RunContext& context;
    Item item;
    Clock::time_point postedAt{};
    std::uint32_t lateCount = 0;
    bool underWay = false;
    bool ending = false;
};

} // namespace weft::sim
