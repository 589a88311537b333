#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace weft
{

class OffloadExecutor;
class Scheduler;

/// Which way to carry out I/O.
enum class EngineKind : std::uint8_t
{
    Auto, // io_uring, or epoll where the machine refuses io_uring
    IoUring,
    Epoll,
};

/// "auto", "io_uring", "epoll".
std::string_view toString(EngineKind kind) noexcept;

/// The names that parseEngineKind() knows, for messages.
inline constexpr std::string_view EngineKindsAllowed = "auto, io_uring, epoll";

/// None for any other text.
std::optional<EngineKind> parseEngineKind(std::string_view text) noexcept;

/// What a reactor gives the engine that it asks for.
struct EngineOptions
{
    EngineKind kind = EngineKind::Auto;
    /// io_uring's rings.
    std::uint32_t submissionEntries = 0;
    std::uint32_t completionEntries = 0;
    /// An eventfd that ends park() when it is written. Outlives the engine.
    int wakeDescriptor = -1;
    /// For operations that block on this engine. Outlives it.
    OffloadExecutor* offload = nullptr;
    /// Of the reactor, for messages from other threads to the engine. Outlives it.
    Scheduler* scheduler = nullptr;
};

} // namespace weft
