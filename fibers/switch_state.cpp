#include <weft/fibers/switch_state.hpp>

#include <boost/context/stack_traits.hpp>

#include <utility>

#include <cxxabi.h>

#if defined(WEFT_ADDRESS_SANITIZER)
#    include <sanitizer/common_interface_defs.h>
#endif
#if defined(WEFT_THREAD_SANITIZER)
#    include <sanitizer/tsan_interface.h>
#endif

namespace weft
{

SwitchState::ExceptionGlobals& SwitchState::threadExceptionGlobals() noexcept
{
    return *reinterpret_cast<ExceptionGlobals*>(__cxxabiv1::__cxa_get_globals());
}

void SwitchState::prepare([[maybe_unused]] const void* stackBottom,
                          [[maybe_unused]] std::size_t stackSizeBytes) noexcept
{
    exceptions = {};
#if defined(WEFT_ADDRESS_SANITIZER)
    fakeStack = nullptr;
    bottom = stackBottom;
    sizeBytes = stackSizeBytes;
#endif
#if defined(WEFT_THREAD_SANITIZER)
    threadSanitizerFiber = __tsan_create_fiber(0);
#endif
}

void SwitchState::prepareOnStackOfBoost(const boost::fibers::context& context) noexcept
{
    // Boost places the context object at the top of the context's stack.
    const auto* const end = reinterpret_cast<const std::byte*>(&context) + sizeof(context);
    const auto sizeBytes = boost::context::stack_traits::default_size() - 512;
    prepare(end - sizeBytes, sizeBytes);
}

void SwitchState::adoptThread() noexcept
{
#if defined(WEFT_THREAD_SANITIZER)
    threadSanitizerFiber = __tsan_get_current_fiber();
#endif
}

void SwitchState::takeOver([[maybe_unused]] SwitchState& other) noexcept
{
    exceptions = {};
#if defined(WEFT_ADDRESS_SANITIZER)
    fakeStack = std::exchange(other.fakeStack, nullptr);
    bottom = other.bottom;
    sizeBytes = other.sizeBytes;
#endif
#if defined(WEFT_THREAD_SANITIZER)
    threadSanitizerFiber = std::exchange(other.threadSanitizerFiber, nullptr);
#endif
}

void SwitchState::discard() noexcept
{
#if defined(WEFT_THREAD_SANITIZER)
    if (auto* const left = std::exchange(threadSanitizerFiber, nullptr))
    {
        __tsan_destroy_fiber(left);
    }
#endif
}

} // namespace weft
