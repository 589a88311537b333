#pragma once

#include <weft/reactor/operation.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace weft::simulation
{

class OpenFile;

/// An operation between its start and its report.
struct Flight
{
    enum class Phase : std::uint8_t
    {
        Queued,   // the kernel has not seen it
        InKernel, // it waits there for what it is about
        Done,     // it has its result, and its effect; the engine has not reported it
    };

    /// Everything that outlives a step refers to it by this, for it may be over by then.
    std::uint64_t number = 0;
    Operation* operation = nullptr;
    Phase phase = Phase::Queued;
    bool cancellationAsked = false;
    std::int32_t result = 0;
    /// What the descriptor stood for when the kernel saw the operation.
    std::shared_ptr<OpenFile> file;
};

/// Where a reading operation wants the bytes.
std::vector<std::span<std::byte>> buffersOf(const Operation& operation);

/// How many bytes an operation is to transfer at most.
std::uint64_t sizeOf(const Operation& operation) noexcept;

} // namespace weft::simulation
