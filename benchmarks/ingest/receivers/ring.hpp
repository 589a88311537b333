#pragma once

#include <liburing.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

#include <load/process_setup.hpp>
#include <load/receiver.hpp>
#include <system.hpp>

namespace weft::bench
{

/// A ring with the flags that weft's engine asks for too, for the loops on raw io_uring.
class Ring
{
public:
    explicit Ring(ReceiverContext& receiverContext) : context(receiverContext)
    {
        constexpr unsigned SubmissionEntries = 4096;
        constexpr unsigned CompletionEntries = 32768;
        io_uring_params parameters{};
        parameters.flags = IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
                           IORING_SETUP_SUBMIT_ALL | IORING_SETUP_CQSIZE;
        parameters.cq_entries = CompletionEntries;
        const int result = ::io_uring_queue_init_params(SubmissionEntries, &ring, &parameters);
        if (result < 0)
        {
            throw ReceiverUnavailable("no io_uring with SINGLE_ISSUER and DEFER_TASKRUN: " +
                                      std::generic_category().message(-result));
        }
        featureBits = parameters.features;
        ::io_uring_register_ring_fd(&ring);
    }

    ~Ring()
    {
        ::io_uring_queue_exit(&ring);
    }

    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;

    io_uring* get() noexcept
    {
        return &ring;
    }

    /// IORING_FEAT_...
    unsigned features() const noexcept
    {
        return featureBits;
    }

    io_uring_sqe* submission()
    {
        auto* entry = ::io_uring_get_sqe(&ring);
        while (entry == nullptr)
        {
            context.countSystemCalls(1);
            ::io_uring_submit(&ring);
            entry = ::io_uring_get_sqe(&ring);
        }
        return entry;
    }

    /// Submits, waits for a completion or until `dueNs` (negative: for ever), and calls `handle`
    /// with each completion that is there.
    template <typename Handle>
    void run(std::int64_t dueNs, Handle handle)
    {
        io_uring_cqe* first = nullptr;
        const auto leftNs = dueNs < 0 ? 0 : std::max<std::int64_t>(dueNs - nowNs(), 0);
        __kernel_timespec left{.tv_sec = leftNs / NsPerSecond, .tv_nsec = leftNs % NsPerSecond};
        context.countSystemCalls(1);
        const int result = ::io_uring_submit_and_wait_timeout(&ring, &first, 1,
                                                              dueNs < 0 ? nullptr : &left, nullptr);
        if (result < 0 && result != -ETIME && result != -EINTR && result != -EBUSY)
        {
            throw std::system_error(-result, std::generic_category(), "io_uring_enter");
        }
        unsigned head = 0;
        unsigned count = 0;
        io_uring_cqe* completion = nullptr;
        io_uring_for_each_cqe(&ring, head, completion)
        {
            handle(*completion);
            ++count;
        }
        ::io_uring_cq_advance(&ring, count);
    }

private:
    ReceiverContext& context;
    io_uring ring{};
    unsigned featureBits = 0;
};

} // namespace weft::bench
