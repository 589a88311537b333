#pragma once

#include <weft/memory/stack_class.hpp>
#include <weft/sources/fill.hpp>

#include <cstdint>
#include <string>

namespace weft
{

enum class FillStatus : std::uint8_t
{
    More,        // call again
    EndOfStream, // nothing comes any more; what is in the buffer is still delivered
};

/// Where raw bytes come from: a connection, a file, a broker. A source holds only the state of its
/// connection, and is written as if its calls blocked. One fiber (or thread) calls it, in this
/// order: open, fillBuffer as often as need be, close exactly when open has returned. After a
/// transient error it may be opened again.
///
/// Any of them may suspend, may throw, preferably a SourceError, and sees a stop as io.hpp says.
class Source
{
public:
    virtual ~Source() = default;

    /// Acquires what the source needs, or throws.
    virtual void open() = 0;

    /// Fills the buffer until `fill.wantsMore()` is false, giving `fill.deadline()` to the calls
    /// that wait. Returns earlier, with what there is, when such a call gives up (IoError). Silence
    /// is not the end of the stream: wait. What was filled before a throw is delivered.
    virtual FillStatus fillBuffer(Fill& fill) = 0;

    /// Gives everything back. A stop is not visible here; give calls that wait a deadline.
    virtual void close() = 0;

    /// The stack that its calls need when they run on a fiber. Client libraries want more than our
    /// own calls: a TLS handshake, for one, a medium stack. Asked once, before open.
    virtual StackClass stackClass() const noexcept
    {
        return StackClass::Small;
    }

    /// Messages that it knows to have been lost on the way to it, since it was made: datagrams for
    /// which the kernel had no room, for one. Asked after each of its calls.
    virtual std::uint64_t messagesLost() const noexcept
    {
        return 0;
    }

    /// Who it is connected to, for operators; asked for when it has been opened.
    virtual std::string describe() const
    {
        return {};
    }
};

} // namespace weft
