#pragma once

#include "buffer_pool.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

#include <load/receiver.hpp>

namespace weft::bench
{

/// The buffers that a loop on one thread fills, at most one for each source, and when each is
/// handed on: when it is full, at the latest when the flush interval has passed since its first
/// byte.
class Assembly
{
public:
    static constexpr std::int64_t Never = -1;

    explicit Assembly(ReceiverContext& receiverContext)
        : context(receiverContext),
          flushNs(receiverContext.plan().flushNs),
          pool(receiverContext.plan().sources()),
          partials(receiverContext.plan().sources())
    {
    }

    /// The empty part of the source's buffer, which it is given if it has none.
    std::span<std::byte> rest(std::size_t source);

    /// The first `count` bytes of rest() are there.
    void advance(std::size_t source, std::size_t count);

    /// The source's stream has ended: hands on what there is.
    void end(std::size_t source);

    /// When flushDue() has something to do; Never: not before more bytes come.
    std::int64_t nextDueNs();

    /// `keepBuffers`: the kernel may be writing to the empty parts of buffers, so those stay with
    /// their sources, and only what is in them is handed on.
    void flushDue(bool keepBuffers);

private:
    struct Partial
    {
        std::byte* buffer = nullptr;
        std::uint32_t handedOn = 0; // bytes from the beginning
        std::uint32_t filled = 0;   // likewise
        std::int64_t dueNs = Never;
    };

    struct Due
    {
        std::size_t source = 0;
        std::int64_t dueNs = Never; // another one than the source's: handed on before
    };

    void handOn(std::size_t source, bool keepBuffer);
    void dropStale();

    ReceiverContext& context;
    const std::int64_t flushNs;
    BufferPool pool;
    std::vector<Partial> partials;
    std::deque<Due> queue; // the interval is the same for all, so the first is due first
};

} // namespace weft::bench
