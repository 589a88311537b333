#include <weft/fibers/this_fiber.hpp>
#include <weft/memory/assert.hpp>
#include <weft/reactor/io_error.hpp>
#include <weft/reactor/runtime_options.hpp>
#include <weft/sources/blocking_consumer.hpp>
#include <weft/sources/source_error.hpp>

#include <boost/fiber/condition_variable.hpp>
#include <fmt/format.h>

#include <exception>
#include <stop_token>
#include <utility>

namespace weft
{

/// One event on its way through a thread; lives in the frame of the source that waits for it.
class BlockingConsumer::Call final : public OffloadTask
{
public:
    Call(BlockingConsumer& owner, Function& function, OriginId sourceOrigin,
         SourceEvent& sourceEvent) noexcept
        : consumer(owner),
          take(function),
          origin(sourceOrigin),
          event(sourceEvent)
    {
    }

    /// Suspends; on a plain thread, blocks it.
    void perform()
    {
        if (const auto error = consumer.pool.submit(*this))
        {
            throw SourceError(
                error, fmt::format("start a thread of consumer '{}' ('ulimit -u' and the cgroup's "
                                   "pids.max limit them)",
                                   consumer.settings.name));
        }
        if (!waitUntilTaken())
        {
            throw SourceError(IoError::Stopped,
                              fmt::format("wait for consumer '{}'", consumer.settings.name));
        }
        if (failure)
        {
            std::rethrow_exception(failure);
        }
    }

private:
    void run() noexcept override
    {
        try
        {
            take(origin, std::move(event));
        }
        catch (...)
        {
            failure = std::current_exception();
        }
        // Notified under the lock: the waiter, and this object with it, may go once it is released.
        const std::lock_guard lock(consumer.mutex);
        taken = true;
        changed.notify_all();
    }

    /// False when a stop came before any thread had begun.
    bool waitUntilTaken()
    {
        const auto stop = this_fiber::stopToken();
        const std::stop_callback onStop(stop,
                                        [this]
                                        {
                                            const std::lock_guard lock(consumer.mutex);
                                            changed.notify_all();
                                        });
        std::unique_lock lock(consumer.mutex);
        changed.wait(lock,
                     [&]
                     {
                         return taken || stop.stop_requested();
                     });
        if (!taken && consumer.pool.withdraw(*this))
        {
            return false;
        }
        changed.wait(lock,
                     [this]
                     {
                         return taken;
                     });
        return true;
    }

    BlockingConsumer& consumer;
    Function& take;
    const OriginId origin;
    SourceEvent& event;
    std::exception_ptr failure;
    bool taken = false;
    boost::fibers::condition_variable_any changed;
};

/// Counts the emit functions; moves with one.
class BlockingConsumer::Life
{
public:
    explicit Life(BlockingConsumer& owner) noexcept : counted(&owner)
    {
        ++counted->emitFunctions;
    }

    Life(Life&& other) noexcept : counted(std::exchange(other.counted, nullptr))
    {
    }

    Life& operator=(Life&&) = delete;

    ~Life()
    {
        if (counted != nullptr)
        {
            --counted->emitFunctions;
        }
    }

    BlockingConsumer& consumer() const noexcept
    {
        return *counted;
    }

private:
    BlockingConsumer* counted;
};

BlockingConsumer::BlockingConsumer(Options options)
    : settings(std::move(options)),
      pool(settings.threadsMax)
{
    if (settings.threadsMax == 0)
    {
        throw InvalidOption("threadsMax", "0", "at least 1");
    }
}

BlockingConsumer::~BlockingConsumer()
{
    WEFT_ASSERT(emitFunctions == 0);
}

EmitFunction BlockingConsumer::emitFunction(Function take)
{
    WEFT_ASSERT(take != nullptr);
    return [life = Life(*this), take = std::move(take)](OriginId origin, SourceEvent event) mutable
    {
        Call call(life.consumer(), take, origin, event);
        call.perform();
    };
}

} // namespace weft
