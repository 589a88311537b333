#include <weft/fibers/switch_state.hpp>

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

void SwitchState::adoptThread() noexcept
{
#if defined(WEFT_THREAD_SANITIZER)
    threadSanitizerFiber = __tsan_get_current_fiber();
#endif
}

void SwitchState::discard() noexcept
{
#if defined(WEFT_THREAD_SANITIZER)
    __tsan_destroy_fiber(threadSanitizerFiber);
    threadSanitizerFiber = nullptr;
#endif
}

} // namespace weft
