#pragma once

#include <atomic>
#include <utility>

namespace weft
{

/// Something that another thread wants done on a reactor thread. Lives inside the object that it
/// is about (a fiber record, an operation on a fiber's stack), so posting allocates nothing. The
/// object must stay alive until `deliver` has been called.
struct InboxItem
{
    using Deliver = void (*)(InboxItem&) noexcept;

    explicit InboxItem(Deliver deliverFunction) noexcept : deliver(deliverFunction)
    {
    }

    InboxItem(const InboxItem&) = delete;
    InboxItem& operator=(const InboxItem&) = delete;

    Deliver deliver;
    InboxItem* next = nullptr;
};

/// Multi-producer single-consumer queue, first in first out for each producer. Producers push on a
/// stack with one compare-and-swap; the consumer takes the whole stack with one exchange and turns
/// it around, so nothing is ever popped by two and there is no ABA problem.
class Inbox
{
public:
    /// Any thread.
    void push(InboxItem& item) noexcept
    {
        item.next = head.load(std::memory_order_relaxed);
        while (!head.compare_exchange_weak(item.next, &item, std::memory_order_release,
                                           std::memory_order_relaxed))
        {
        }
    }

    /// Any thread; a hint for all but the consumer that has just fenced.
    bool empty() const noexcept
    {
        return head.load(std::memory_order_relaxed) == nullptr;
    }

    /// Consumer only. Calls `deliver` on each item, oldest first.
    void deliverAll() noexcept
    {
        if (empty())
        {
            return;
        }
        InboxItem* reversed = nullptr;
        for (auto* item = head.exchange(nullptr, std::memory_order_acquire); item != nullptr;)
        {
            auto* following = std::exchange(item->next, reversed);
            reversed = std::exchange(item, following);
        }
        while (reversed != nullptr)
        {
            // Read before the call: delivering may end the item's life.
            auto* item = std::exchange(reversed, reversed->next);
            item->deliver(*item);
        }
    }

private:
    std::atomic<InboxItem*> head = nullptr;
};

} // namespace weft
