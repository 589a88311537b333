#include "serve_options.hpp"

#include <weft/reactor/runtime_options.hpp>
#include <weft/sources/quantity.hpp>

#include "engine_option.hpp"
#include "whole_number_option.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <limits>
#include <string_view>
#include <system_error>

namespace weft::tools
{

namespace
{

constexpr std::int64_t CountMost = std::numeric_limits<std::int64_t>::max();

ReplayRate parseRate(const std::string& text)
{
    const auto rate = ReplayRate::parse(text);
    if (!rate)
    {
        throw InvalidOption("--rate", text, rate.error());
    }
    return *rate;
}

std::uint64_t parseConnections(const std::string& text)
{
    constexpr std::uint64_t AnyNumber = 0;
    if (text == "unlimited")
    {
        return AnyNumber;
    }
    return static_cast<std::uint64_t>(parseWholeNumberOption("--connections", text, 1, CountMost,
                                                             "unlimited, or a number from 1"));
}

std::uint64_t parseRepeat(const std::string& text)
{
    if (text == "forever")
    {
        return ReplayStream::Endless;
    }
    return static_cast<std::uint64_t>(
        parseWholeNumberOption("--repeat", text, 1, CountMost, "forever, or a number from 1"));
}

std::optional<std::size_t> parseChunk(const std::string& text)
{
    constexpr std::uint64_t ChunkBytesMost = std::uint64_t{1} << 30;
    if (text == "lines")
    {
        return std::nullopt;
    }
    const auto bytes = parseSize(text);
    if (!bytes || *bytes < 1 || *bytes > ChunkBytesMost)
    {
        throw InvalidOption("--chunk", text, "lines, or a size from 1 to 1GiB such as 4KiB");
    }
    return static_cast<std::size_t>(*bytes);
}

} // namespace

ServeOptions::ServeOptions(const ServeArguments& arguments)
{
    constexpr std::int64_t PortMost = 65535;
    constexpr std::int64_t ReactorsMost = 1024;
    port = static_cast<std::uint16_t>(parseWholeNumberOption(
        "--port", arguments.port, 0, PortMost, "0 to 65535; 0 lets the kernel choose"));
    reactors = static_cast<std::size_t>(
        parseWholeNumberOption("--reactors", arguments.reactors, 1, ReactorsMost, "1 to 1024"));
    engine = parseEngineOption(arguments.engine);
    chunkBytes = parseChunk(arguments.chunk);
    plan.rate = parseRate(arguments.rate);
    plan.repeats = parseRepeat(arguments.repeat);
    plan.connectionsMax = parseConnections(arguments.connections);
    plan.stagger = arguments.stagger;
    plan.listConnections = arguments.report.has_value();
    if (chunkBytes && plan.rate.unit == ReplayRate::Unit::Unlimited)
    {
        plan.sendBytesMax = *chunkBytes;
    }
}

ReplayData loadReplayData(const ServeArguments& arguments, const ServeOptions& options)
{
    try
    {
        auto bytes = readReplayFile(arguments.file);
        return options.chunkBytes ? ReplayData::ofChunks(std::move(bytes), *options.chunkBytes)
                                  : ReplayData::ofLines(std::move(bytes));
    }
    catch (const std::system_error& error)
    {
        throw InvalidOption("FILE", fmt::format("'{}', which {}", arguments.file, error.what()),
                            "a file that can be read, or - for standard input");
    }
}

TcpListener listenForReplay(const ServeArguments& arguments, const ServeOptions& options)
{
    const auto addresses = resolve(arguments.host, options.port);
    if (!addresses)
    {
        throw InvalidOption("--host",
                            fmt::format("'{}' ({})", arguments.host, addresses.error().message()),
                            "a name or address of this machine");
    }
    std::error_code error;
    for (const auto& address : *addresses)
    {
        if (auto listener = TcpListener::listen(address))
        {
            return std::move(*listener);
        }
        else
        {
            error = listener.error();
        }
    }
    if (error == errnoError(EADDRNOTAVAIL))
    {
        throw InvalidOption("--host", fmt::format("'{}' ({})", arguments.host, error.message()),
                            "a name or address of this machine");
    }
    throw InvalidOption("--port", fmt::format("{} ({})", options.port, error.message()),
                        "a port that is free and that you may use, or 0");
}

} // namespace weft::tools
