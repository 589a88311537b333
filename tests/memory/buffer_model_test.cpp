#include "pool_actors.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <random>
#include <set>

/// \file
/// The pool beside a model that says by plain search who must get which buffer.

namespace weft
{

namespace
{

constexpr std::size_t SourcesMax = 7;

/// What the model knows of a source, and what the pool was told about it.
struct ModelSource
{
    std::optional<BufferReservation> reservation;
    KeepingWaiter waiter;
    /// Set aside for it, out, or neither, which is owed.
    bool ownSetAside = false;
    bool ownOut = false;
    /// When it asked; zero while it does not wait.
    std::uint64_t ticket = 0;
    /// Since when it is idle, for the order in which debts are paid.
    std::uint64_t idleSince = 0;
    std::uint32_t inFlight = 0;
    /// Zero for the adaptive limit.
    std::uint32_t inFlightMax = 0;
    /// Whether its request has been counted as limited.
    bool counted = false;

    bool isOpen() const
    {
        return reservation.has_value();
    }

    bool isOwed() const
    {
        return isOpen() && !ownSetAside && !ownOut;
    }

    bool waitsForShared() const
    {
        return ticket != 0 && ownOut;
    }
};

/// A buffer that is out.
struct ModelBuffer
{
    IoBuffer buffer;
    /// Whom it was lent to, while that reservation is open.
    ModelSource* source = nullptr;
    bool chargedToReservation = false;
};

class PoolBesideModel
{
public:
    PoolBesideModel(std::uint64_t seed, std::uint32_t buffers)
        : random(seed),
          pool(ioPoolOf(buffers)),
          freeCount(buffers),
          total(buffers)
    {
        pool.attach(signal);
    }

    void step()
    {
        ModelSource& source = sources[random() % SourcesMax];
        switch (random() % 8)
        {
        case 0:
            source.isOpen() && random() % 3 == 0 ? close(source) : open(source);
            break;
        case 1:
        case 2:
            tryAcquire(source);
            break;
        case 3:
            enqueue(source);
            break;
        case 4:
            random() % 3 == 0 ? withdraw(source) : enqueue(source);
            break;
        case 5:
        case 6:
            // By turns there is plenty and there is little, so that limits of all sizes come up.
            if (++releaseTurns / 256 % 2 == 0 || random() % 4 == 0)
            {
                releaseOne();
            }
            break;
        default:
            reclaim();
        }
        compare();
    }

    /// Everything comes back, and the pool is as it was made.
    void finish()
    {
        while (!out.empty())
        {
            releaseOne();
        }
        for (ModelSource& source : sources)
        {
            withdraw(source);
            close(source);
            source.waiter.buffer.reset();
        }
        reclaim();
        compare();
        EXPECT_EQ(freeCount, total);
        BufferReservation last = reserveUnlimitedIn(pool);
        EXPECT_EQ(takeAll(pool, last).size(), total);
    }

private:
    std::size_t openCount() const
    {
        return static_cast<std::size_t>(std::ranges::count_if(sources, &ModelSource::isOpen));
    }

    std::size_t sharedFree() const
    {
        return freeCount -
               static_cast<std::size_t>(std::ranges::count_if(sources, &ModelSource::ownSetAside));
    }

    /// Whether it may have a shared buffer when it is its turn.
    bool isWithinLimit(const ModelSource& source) const
    {
        if (sharedFree() == 0)
        {
            return false;
        }
        if (source.inFlightMax != 0)
        {
            return source.inFlight < source.inFlightMax;
        }
        std::size_t threshold = 1;
        while (threshold * 2 <= sharedFree())
        {
            threshold *= 2;
        }
        return source.inFlight - (source.ownOut ? 1 : 0) < threshold;
    }

    bool anybodyServableWaitsForShared() const
    {
        return std::ranges::any_of(sources,
                                   [this](const ModelSource& source)
                                   {
                                       return source.waitsForShared() && isWithinLimit(source);
                                   });
    }

    /// After what the pool settles: who waits although something is free waits for the limit.
    void countLimited()
    {
        if (!returned.empty() || sharedFree() == 0 || firstServable() != nullptr)
        {
            return;
        }
        for (ModelSource& source : sources)
        {
            if (source.waitsForShared() && !source.counted)
            {
                source.counted = true;
                ++limited;
            }
        }
    }

    void payDebts()
    {
        while (sharedFree() > 0)
        {
            ModelSource* best = nullptr;
            const auto rank = [](const ModelSource& source)
            {
                return source.ticket != 0 ? std::pair(0, source.ticket)
                                          : std::pair(1, source.idleSince);
            };
            for (ModelSource& source : sources)
            {
                if (source.isOwed() && (best == nullptr || rank(source) < rank(*best)))
                {
                    best = &source;
                }
            }
            if (best == nullptr)
            {
                return;
            }
            best->ownSetAside = true;
        }
    }

    void takeInReturned()
    {
        // Last in, first out, as the pool's list has them.
        for (auto back = returned.rbegin(); back != returned.rend(); ++back)
        {
            ++freeCount;
            if (back->source != nullptr)
            {
                --back->source->inFlight;
            }
            if (back->source != nullptr && back->chargedToReservation)
            {
                back->source->ownOut = false;
                back->source->ownSetAside = true;
            }
            payDebts();
        }
        returned.clear();
    }

    void open(ModelSource& source)
    {
        if (source.isOpen())
        {
            return;
        }
        const bool fits = openCount() < total;
        source.inFlightMax = random() % 2 == 0 ? 0 : static_cast<std::uint32_t>(random() % 6);
        auto reservation = pool.reserve("source", {.buffersInFlightMax = source.inFlightMax});
        takeInReturned();
        ASSERT_EQ(reservation.has_value(), fits);
        if (fits)
        {
            source.reservation = std::move(*reservation);
            source.idleSince = ++clock;
            payDebts();
        }
    }

    void close(ModelSource& source)
    {
        if (!source.isOpen() || source.ticket != 0)
        {
            return;
        }
        source.reservation.reset();
        for (std::vector<ModelBuffer>* buffers : {&out, &returned})
        {
            for (ModelBuffer& buffer : *buffers)
            {
                buffer.source = buffer.source == &source ? nullptr : buffer.source;
            }
        }
        source.ownSetAside = false;
        source.ownOut = false;
        source.inFlight = 0;
        payDebts();
        countLimited();
    }

    bool mayLend(const ModelSource& source) const
    {
        return source.ownSetAside || (isWithinLimit(source) && !anybodyServableWaitsForShared());
    }

    void lent(ModelSource& source, IoBuffer buffer)
    {
        const bool own = source.ownSetAside;
        --freeCount;
        ++source.inFlight;
        source.ownOut = source.ownOut || own;
        source.ownSetAside = false;
        out.push_back({std::move(buffer), &source, own});
    }

    void tryAcquire(ModelSource& source)
    {
        if (!source.isOpen() || source.ticket != 0)
        {
            return;
        }
        // What has come back counts, for those who wait too: it may be theirs now.
        takeInReturned();
        auto buffer = pool.tryAcquire(*source.reservation);
        ASSERT_EQ(buffer.has_value(), mayLend(source));
        if (buffer.has_value())
        {
            lent(source, std::move(*buffer));
        }
    }

    void enqueue(ModelSource& source)
    {
        if (!source.isOpen() || source.ticket != 0)
        {
            return;
        }
        source.ticket = ++clock;
        source.counted = false;
        pool.enqueue(*source.reservation, source.waiter);
        countLimited();
    }

    void withdraw(ModelSource& source)
    {
        ASSERT_EQ(pool.withdraw(source.waiter), source.ticket != 0);
        if (source.ticket != 0)
        {
            source.ticket = 0;
            source.idleSince = ++clock;
            countLimited();
        }
    }

    void releaseOne()
    {
        if (out.empty())
        {
            return;
        }
        const auto chosen = out.begin() + static_cast<std::ptrdiff_t>(random() % out.size());
        ModelBuffer buffer = std::move(*chosen);
        out.erase(chosen);
        buffer.buffer.reset();
        returned.push_back(std::move(buffer));
    }

    void reclaim()
    {
        pool.reclaim();
        takeInReturned();
        for (ModelSource* next = firstServable(); next != nullptr; next = firstServable())
        {
            next->ticket = 0;
            ASSERT_TRUE(static_cast<bool>(next->waiter.buffer)) << "it was its turn";
            lent(*next, std::move(next->waiter.buffer));
        }
        countLimited();
        for (ModelSource& source : sources)
        {
            ASSERT_FALSE(static_cast<bool>(source.waiter.buffer)) << "it was not its turn";
        }
    }

    ModelSource* firstServable()
    {
        ModelSource* best = nullptr;
        for (ModelSource& source : sources)
        {
            const bool servable = source.ownSetAside
                                      ? source.ticket != 0
                                      : source.waitsForShared() && isWithinLimit(source);
            const auto rank = [](const ModelSource& one)
            {
                return std::pair(!one.ownSetAside, one.ticket);
            };
            if (servable && (best == nullptr || rank(source) < rank(*best)))
            {
                best = &source;
            }
        }
        return best;
    }

    void compare()
    {
        pool.checkInvariants();
        const IoBufferPoolStatistics statistics = pool.statistics();
        ASSERT_EQ(statistics.inUse, out.size());
        ASSERT_EQ(statistics.free, freeCount + returned.size());
        ASSERT_EQ(statistics.total, freeCount + returned.size() + out.size());
        ASSERT_EQ(statistics.reserved, openCount());
        std::size_t waiting = 0;
        std::set<const std::byte*> distinct;
        for (ModelBuffer& buffer : out)
        {
            distinct.insert(buffer.buffer.writable().data());
        }
        ASSERT_EQ(distinct.size(), out.size()) << "one buffer was handed out twice";
        for (const ModelSource& source : sources)
        {
            waiting += source.ticket != 0;
            ASSERT_EQ(source.waiter.isWaiting(), source.ticket != 0);
            if (source.isOpen())
            {
                ASSERT_EQ(source.reservation->buffersInFlight(), source.inFlight);
                ASSERT_TRUE(source.inFlightMax == 0 || source.inFlight <= source.inFlightMax);
                ASSERT_GE(source.reservation->buffersInFlightLimit(), 1U);
            }
        }
        ASSERT_EQ(statistics.waiting, waiting);
        ASSERT_EQ(statistics.limited, limited);
    }

    std::mt19937_64 random;
    CountingSignal signal;
    IoBufferPool pool;
    std::array<ModelSource, SourcesMax> sources;
    std::vector<ModelBuffer> out;
    std::vector<ModelBuffer> returned;
    std::size_t freeCount;
    std::size_t total;
    std::uint64_t clock = 0;
    std::uint64_t limited = 0;
    std::uint64_t releaseTurns = 0;
};

class BufferModel : public testing::TestWithParam<std::uint32_t>
{
};

} // namespace

TEST_P(BufferModel, poolAndModelAgreeAtEveryStep)
{
    for (std::uint64_t seed = 1; seed <= 20; ++seed)
    {
        PoolBesideModel run(seed, GetParam());
        for (int step = 0; step < 3000; ++step)
        {
            run.step();
            ASSERT_FALSE(testing::Test::HasFatalFailure()) << "seed " << seed << ", step " << step;
        }
        run.finish();
        ASSERT_FALSE(testing::Test::HasFailure()) << "seed " << seed << ", at the end";
    }
}

INSTANTIATE_TEST_SUITE_P(PoolSizes, BufferModel, testing::Values(1, 2, 3, 5, 7, 16, 48));

} // namespace weft
