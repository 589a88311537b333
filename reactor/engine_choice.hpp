#pragma once

#include <weft/reactor/engine.hpp>
#include <weft/reactor/engine_options.hpp>

#include <memory>
#include <system_error>

namespace weft
{

/// The engine that the options ask for. EngineKind::Auto is io_uring, or epoll where the machine
/// refuses io_uring, which is said once on standard error. On the reactor's thread. Throws
/// std::system_error; of what is short (ENOMEM, EMFILE) always: epoll would hide it.
std::unique_ptr<Engine> makeEngineByChoice(const EngineOptions& options);

/// Whether the error of io_uring_setup(2) says that this machine has no io_uring for us, and so
/// that EngineKind::Auto takes epoll.
bool refusesUring(std::error_code error) noexcept;

} // namespace weft
