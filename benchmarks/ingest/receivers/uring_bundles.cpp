#include "../receiver_kinds.hpp"
#include "ring.hpp"

#include <array>
#include <vector>

#include <sys/mman.h>

namespace weft::bench
{

namespace
{

// Of Linux 6.10; liburing 2.3 does not know them.
constexpr unsigned FeatureBundles = 1U << 14;
constexpr unsigned FlagBundle = 1U << 4;

constexpr unsigned GroupId = 0;
// A power of two. The kernel takes the buffers in turn, so few ones stay in the cache, and the sink
// gives them back at once.
constexpr unsigned RingBuffers = 512;

/// Buffers that the kernel takes in the order in which they were given. A bundle is a row of them.
class BufferRing
{
public:
    explicit BufferRing(Ring& uring)
    {
        buffers = map(std::size_t{RingBuffers} * BufferBytes);
        auto* const entries = map(RingBuffers * sizeof(io_uring_buf));
        ring = reinterpret_cast<io_uring_buf_ring*>(entries);
        io_uring_buf_reg registration{};
        registration.ring_addr = reinterpret_cast<std::uint64_t>(entries);
        registration.ring_entries = RingBuffers;
        registration.bgid = GroupId;
        const int result = ::io_uring_register_buf_ring(uring.get(), &registration, 0);
        if (result < 0)
        {
            throw ReceiverUnavailable("no buffer rings: " +
                                      std::generic_category().message(-result));
        }
        ::io_uring_buf_ring_init(ring);
        for (unsigned buffer = 0; buffer < RingBuffers; ++buffer)
        {
            give(buffer);
        }
    }

    /// Calls `handOn` with each buffer of the row that begins with `buffer` and has `bytes` bytes
    /// in it, and gives the buffers back.
    template <typename HandOn>
    void take(unsigned buffer, std::size_t bytes, HandOn handOn)
    {
        auto place = placeOf[buffer];
        while (bytes > 0)
        {
            const auto current = bufferAt[place];
            const auto count = std::min(bytes, BufferBytes);
            handOn(std::span<const std::byte>(buffers + current * BufferBytes, count));
            bytes -= count;
            give(current);
            place = (place + 1) % RingBuffers;
        }
    }

private:
    static std::byte* map(std::size_t bytes)
    {
        void* const mapped =
            ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (mapped == MAP_FAILED)
        {
            throw std::system_error(errno, std::generic_category(), "map the buffers");
        }
        return static_cast<std::byte*>(mapped);
    }

    void give(unsigned buffer)
    {
        const unsigned place = given++ % RingBuffers;
        bufferAt[place] = buffer;
        placeOf[buffer] = place;
        ::io_uring_buf_ring_add(ring, buffers + std::size_t{buffer} * BufferBytes, BufferBytes,
                                static_cast<unsigned short>(buffer),
                                ::io_uring_buf_ring_mask(RingBuffers), 0);
        ::io_uring_buf_ring_advance(ring, 1);
    }

    std::byte* buffers = nullptr;
    io_uring_buf_ring* ring = nullptr;
    unsigned given = 0;
    std::array<unsigned, RingBuffers> bufferAt{};
    std::array<unsigned, RingBuffers> placeOf{};
};

} // namespace

void receiveByUringBundles(ReceiverContext& context)
{
    Ring ring(context);
    if ((ring.features() & FeatureBundles) == 0)
    {
        throw ReceiverUnavailable("the kernel has no bundles (Linux 6.10 has them)");
    }
    BufferRing buffers(ring);
    context.ready();
    const auto sockets = context.connectAll();
    const auto receive = [&](std::size_t source)
    {
        auto* const entry = ring.submission();
        ::io_uring_prep_recv_multishot(entry, sockets[source], nullptr, 0, 0);
        entry->ioprio |= FlagBundle;
        entry->flags |= IOSQE_BUFFER_SELECT;
        entry->buf_group = GroupId;
        entry->user_data = source;
    };
    for (std::size_t source = 0; source < sockets.size(); ++source)
    {
        receive(source);
    }
    while (!context.sink().allEnded())
    {
        ring.run(-1,
                 [&](const io_uring_cqe& completion)
                 {
                     const auto source = completion.user_data;
                     if (completion.res < 0 && completion.res != -ENOBUFS)
                     {
                         throw std::system_error(-completion.res, std::generic_category(),
                                                 "receive");
                     }
                     if (completion.res == 0)
                     {
                         context.sink().end(source);
                         return;
                     }
                     if (completion.res > 0)
                     {
                         buffers.take(completion.flags >> IORING_CQE_BUFFER_SHIFT,
                                      static_cast<std::size_t>(completion.res),
                                      [&](std::span<const std::byte> bytes)
                                      {
                                          context.sink().take(source, bytes);
                                      });
                     }
                     if ((completion.flags & IORING_CQE_F_MORE) == 0)
                     {
                         receive(source); // the buffers had run out, or so had its turn
                     }
                 });
    }
}

} // namespace weft::bench
