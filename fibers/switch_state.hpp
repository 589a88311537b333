#pragma once

#include <boost/fiber/context.hpp>

#include <cstddef>

namespace weft
{

/// What belongs to one fiber, yet is kept by others for one thread: the C++ runtime's exception
/// globals, and the sanitizers' idea of the stack. Saved and restored at each switch.
///
/// Boost before 1.88 leaves the exception globals alone, so a fiber that suspends inside a catch
/// block, or in a destructor while the stack unwinds, would hand its caught exceptions to the next.
/// Both halves of a switch are done before the jump: what runs between is Boost's own code, which
/// is not instrumented and does not throw.
///
/// WEFT_ADDRESS_SANITIZER and WEFT_THREAD_SANITIZER come from the build (see WeftCompile.cmake), so
/// that this class has one layout in a library and its users.
class SwitchState
{
public:
    /// For a context whose stack is not known to us (a thread's main context): the sanitizers tell
    /// us its bounds at the first switch away from it.
    SwitchState() noexcept = default;

    SwitchState(const SwitchState&) = delete;
    SwitchState& operator=(const SwitchState&) = delete;

    /// Makes the state that of a context that has not run yet.
    void prepare(const void* stackBottom, std::size_t stackSizeBytes) noexcept;

    /// The same for one on a stack of Boost.Fiber's own.
    void prepareOnStackOfBoost(const boost::fibers::context& context) noexcept;

    /// Adopts the calling thread's own context.
    void adoptThread() noexcept;

    /// Becomes the state of the context whose state the other was, for its next fiber.
    void takeOver(SwitchState& other) noexcept;

    /// Frees what the sanitizers keep, if it has not been taken over. The context must not be
    /// running.
    void discard() noexcept;

    /// The leading members of __cxa_eh_globals (Itanium C++ ABI: Exception Handling, 2.2.2).
    struct ExceptionGlobals
    {
        void* caughtExceptions = nullptr;
        unsigned int uncaughtExceptions = 0;
    };

    /// The calling thread's: the same ones for its whole life.
    static ExceptionGlobals& threadExceptionGlobals() noexcept;

    /// Leaves `from`, for good when it has finished, and enters `to`, on the calling thread, which
    /// has those globals.
    static void change(ExceptionGlobals& globals, SwitchState& from, SwitchState& to,
                       bool fromHasFinished) noexcept;

private:
    ExceptionGlobals exceptions;
#if defined(WEFT_ADDRESS_SANITIZER)
    void* fakeStack = nullptr;
    const void* bottom = nullptr;
    std::size_t sizeBytes = 0;
#endif
#if defined(WEFT_THREAD_SANITIZER)
    void* threadSanitizerFiber = nullptr;
#endif
};

} // namespace weft
