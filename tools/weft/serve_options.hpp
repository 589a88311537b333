#pragma once

#include <weft/reactor/engine_options.hpp>
#include <weft/reactor/tcp.hpp>

#include "replay_data.hpp"
#include "serve_server.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace weft::tools
{

/// The command line of `weft serve`, as it is written.
struct ServeArguments
{
    std::string file;
    std::string port;
    std::string host = "127.0.0.1";
    std::string rate = "unlimited";
    std::string connections = "unlimited";
    std::string repeat = "1";
    std::string chunk = "lines";
    std::string reactors = "1";
    std::string engine = "auto";
    bool stagger = false;
    std::optional<std::string> report;
};

/// The same, checked.
struct ServeOptions
{
    /// Throws InvalidOption.
    explicit ServeOptions(const ServeArguments& arguments);

    std::uint16_t port = 0;
    std::size_t reactors = 1;
    EngineKind engine = EngineKind::Auto;
    /// Empty: the units are lines.
    std::optional<std::size_t> chunkBytes;
    ServePlan plan;
};

/// Reads what is to be replayed. Throws InvalidOption. Blocks the thread.
ReplayData loadReplayData(const ServeArguments& arguments, const ServeOptions& options);

/// Listens where the arguments say. Throws InvalidOption. Blocks the thread.
TcpListener listenForReplay(const ServeArguments& arguments, const ServeOptions& options);

} // namespace weft::tools
