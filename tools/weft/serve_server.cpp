#include "serve_server.hpp"

#include <weft/reactor/io.hpp>

#include "best_effort_print.hpp"
#include "serve_connection.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <utility>

namespace weft::tools
{

namespace
{

/// How long to wait for others to give something back.
constexpr std::chrono::milliseconds ShortagePause{50};

/// The machine has run out of something that connections which end give back.
bool isShortage(std::error_code error)
{
    constexpr std::array Shortages{EMFILE, ENFILE, ENOBUFS, ENOMEM};
    return error.category() == std::system_category() &&
           std::ranges::find(Shortages, error.value()) != Shortages.end();
}

/// Errors of the connection that was about to be accepted; accept(2) names them. The next one may
/// be fine.
bool isOfConnection(std::error_code error)
{
    constexpr std::array Failures{ECONNABORTED, ENETDOWN,     EPROTO,     ENOPROTOOPT, EHOSTDOWN,
                                  ENONET,       EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH, EPERM};
    return error.category() == std::system_category() &&
           std::ranges::find(Failures, error.value()) != Failures.end();
}

void count(ServeTotals& totals, const ServedConnection& connection) noexcept
{
    ++totals.connections;
    totals.bytes += connection.bytes;
    switch (connection.end)
    {
    case ServedEnd::Finished:
        ++totals.finished;
        break;
    case ServedEnd::PeerReset:
        ++totals.peerReset;
        break;
    case ServedEnd::Stopped:
        ++totals.stopped;
        break;
    case ServedEnd::Failed:
        ++totals.failed;
        break;
    }
}

} // namespace

ReplayServer::ReplayServer(Runtime& serverRuntime, const ReplayData& replayed,
                           const ServePlan& servePlan, TcpListener listeningSocket)
    : runtime(serverRuntime),
      data(replayed),
      plan(servePlan),
      listener(std::move(listeningSocket))
{
    list.listening = listener.localAddress().toString();
}

std::error_code ReplayServer::serve()
{
    runtime.spawn(fibers, {.name = "accept", .reactor = 0},
                  [this]
                  {
                      acceptAll();
                  });
    fibers.joinAll();
    return failure;
}

void ReplayServer::acceptAll()
{
    // Every connection finds a stack, even if all that are left are on one reactor.
    const std::size_t fibersMax = runtime.options().stacksPerReactor.front();
    std::uint64_t accepted = 0;
    bool goOn = true;
    while (goOn && (plan.connectionsMax == 0 || accepted < plan.connectionsMax))
    {
        if (fibers.size() >= fibersMax)
        {
            goOn = io::sleepFor(ShortagePause).has_value();
        }
        else if (auto connection = listener.accept())
        {
            start(std::move(*connection), accepted++);
        }
        else
        {
            goOn = survives(connection.error());
        }
    }
    [[maybe_unused]] const auto closed = listener.close();
}

bool ReplayServer::survives(std::error_code acceptError)
{
    if (acceptError == IoError::Stopped)
    {
        return false;
    }
    if (isOfConnection(acceptError))
    {
        return true;
    }
    if (isShortage(acceptError))
    {
        printBestEffort(stderr, "weft serve: accept: {}; trying again\n", acceptError.message());
        return io::sleepFor(ShortagePause).has_value();
    }
    {
        const std::lock_guard lock(mutex);
        failure = acceptError;
    }
    fibers.requestStop();
    return false;
}

void ReplayServer::start(TcpStream connection, std::uint64_t index)
{
    const auto name = fmt::format("connection-{}", index);
    const SpawnOptions options{.name = name,
                               .reactor = static_cast<std::size_t>(index % runtime.reactorCount())};
    runtime.spawn(
        fibers, options,
        [this, index, accepted = std::move(connection)]() mutable
        {
            const auto units = std::max<std::size_t>(data.unitCount(), 1);
            const auto first = plan.stagger ? index * ServePlan::Stride % units : 0;
            const ReplayStream stream(data, static_cast<std::size_t>(first), plan.repeats);
            add(serveConnection(std::move(accepted), stream, plan.rate, plan.sendBytesMax));
        });
}

void ReplayServer::add(ServedConnection account)
{
    const std::lock_guard lock(mutex);
    count(served, account);
    if (plan.listConnections)
    {
        list.connections.push_back(std::move(account));
    }
}

} // namespace weft::tools
