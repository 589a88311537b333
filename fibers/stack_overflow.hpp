#pragma once

#include <cstddef>
#include <memory>

namespace weft
{

/// Reports a fiber that runs into its stack's guard page, by name: which fiber, which stack class,
/// how to get a larger one. Each reactor thread holds one while it runs fibers; the fault then goes
/// on to whatever handled SIGSEGV before, usually the end of the process with a core dump.
class StackOverflowReporter
{
public:
    /// Installs the process's handler (once) and this thread's alternate signal stack.
    StackOverflowReporter();
    ~StackOverflowReporter();

    StackOverflowReporter(const StackOverflowReporter&) = delete;
    StackOverflowReporter& operator=(const StackOverflowReporter&) = delete;

private:
    static constexpr std::size_t AlternateStackBytes = 64 * 1024;

    std::unique_ptr<std::byte[]> alternateStack;
};

} // namespace weft
