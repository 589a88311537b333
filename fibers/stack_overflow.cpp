#include <weft/fibers/scheduler.hpp>
#include <weft/fibers/stack_overflow.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <mutex>
#include <string_view>
#include <system_error>

#include <unistd.h>

namespace weft
{

namespace
{

struct sigaction previousAction;

/// Text put together without anything that a signal handler may not call.
class SignalSafeText
{
public:
    SignalSafeText& operator<<(std::string_view text) noexcept
    {
        const auto count = std::min(text.size(), characters.size() - length);
        std::copy_n(text.begin(), count, characters.begin() + static_cast<std::ptrdiff_t>(length));
        length += count;
        return *this;
    }

    SignalSafeText& operator<<(std::uint64_t number) noexcept
    {
        std::array<char, 20> digits;
        auto first = digits.size();
        do
        {
            digits[--first] = static_cast<char>('0' + number % 10);
            number /= 10;
        } while (number != 0);
        return *this << std::string_view(digits.data() + first, digits.size() - first);
    }

    void writeTo(int descriptor) const noexcept
    {
        // Nothing can be done when standard error is closed.
        [[maybe_unused]] const auto written = ::write(descriptor, characters.data(), length);
    }

private:
    std::array<char, 512> characters;
    std::size_t length = 0;
};

void reportOverflow(const FiberRecord& record) noexcept
{
    SignalSafeText text;
    text << "weft: stack overflow in fiber '" << record.name() << "' (id " << record.id()
         << "): " << stackSizeBytes(record.stackClass()) / 1024 << " KiB, class "
         << toString(record.stackClass());
    if (record.stackClass() == StackClass::Large)
    {
        text << ", is the largest: keep large objects off its stack\n";
    }
    else
    {
        text << "; spawn it with a larger one: SpawnOptions::stack = StackClass::"
             << (record.stackClass() == StackClass::Small ? "Medium" : "Large") << "\n";
    }
    text.writeTo(STDERR_FILENO);
}

void handleSegmentationFault(int signal, siginfo_t* information, void* machineContext)
{
    const auto* const scheduler = Scheduler::current();
    if (scheduler != nullptr)
    {
        const auto hit = scheduler->stacks().findGuard(information->si_addr);
        const auto* const record = hit ? scheduler->recordOn(hit->stackBottom) : nullptr;
        if (record != nullptr)
        {
            reportOverflow(*record);
        }
    }
    if ((previousAction.sa_flags & SA_SIGINFO) != 0 && previousAction.sa_sigaction != nullptr)
    {
        previousAction.sa_sigaction(signal, information, machineContext);
        return;
    }
    // The faulting instruction runs again and meets the earlier disposition. A signal that somebody
    // has sent has no such instruction: it is sent once more.
    ::sigaction(signal, &previousAction, nullptr);
    const bool sentByProcess = information->si_code <= 0;
    if (sentByProcess)
    {
        ::raise(signal);
    }
}

void installHandler()
{
    struct sigaction action = {};
    action.sa_sigaction = handleSegmentationFault;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    ::sigemptyset(&action.sa_mask);
    if (::sigaction(SIGSEGV, &action, &previousAction) != 0)
    {
        throw std::system_error(errno, std::generic_category(), "cannot install SIGSEGV handler");
    }
}

} // namespace

StackOverflowReporter::StackOverflowReporter()
    : alternateStack(std::make_unique_for_overwrite<std::byte[]>(AlternateStackBytes))
{
    static std::once_flag installed;
    std::call_once(installed, installHandler);
    const stack_t stack = {
        .ss_sp = alternateStack.get(), .ss_flags = 0, .ss_size = AlternateStackBytes};
    if (::sigaltstack(&stack, nullptr) != 0)
    {
        throw std::system_error(errno, std::generic_category(), "cannot set a signal stack");
    }
}

StackOverflowReporter::~StackOverflowReporter()
{
    const stack_t none = {.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
    ::sigaltstack(&none, nullptr);
}

} // namespace weft
