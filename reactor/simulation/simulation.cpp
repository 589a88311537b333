#include <weft/reactor/io_error.hpp>
#include <weft/reactor/runtime_options.hpp>
#include <weft/reactor/simulation/simulated_engine.hpp>
#include <weft/reactor/simulation/simulated_files.hpp>
#include <weft/reactor/simulation/simulated_offload.hpp>
#include <weft/reactor/simulation/simulation.hpp>
#include <weft/reactor/simulation/world.hpp>

#include <fmt/format.h>

#include <cerrno>
#include <stdexcept>
#include <utility>

#include <netdb.h>

namespace weft::simulation
{

namespace
{

SocketAddress parsed(const std::string& host, std::uint16_t port)
{
    const auto address = SocketAddress::parse(host, port);
    if (!address)
    {
        throw std::invalid_argument(fmt::format("'{}' is no numeric address", host));
    }
    return *address;
}

} // namespace

Simulation::Simulation(const SimulationOptions& options)
    : world(std::make_unique<World>(options)),
      offload(std::make_unique<SimulatedOffload>(*world))
{
}

Simulation::~Simulation() = default;

RuntimeOptions Simulation::runtimeOptions()
{
    RuntimeOptions options;
    options.reactors = 1;
    options.pin = false;
    options.machine = this;
    return options;
}

void Simulation::addEndpoint(const std::string& host, std::uint16_t port,
                             std::function<ConnectAnswer()> answer)
{
    world->endpoints[parsed(host, port).toString()] = std::move(answer);
}

void Simulation::addFile(const std::string& path, std::function<OpenAnswer()> answer)
{
    world->files[path] = std::move(answer);
}

void Simulation::addName(const std::string& name, std::function<NameAnswer()> answer)
{
    world->names[name] = std::move(answer);
}

void Simulation::at(Clock::time_point time, const char* what, Action action)
{
    world->agenda.add(time, what, std::move(action));
}

void Simulation::after(std::chrono::nanoseconds duration, const char* what, Action action)
{
    at(now() + duration, what, std::move(action));
}

void Simulation::afterEachStep(Action check)
{
    world->stepCheck = std::move(check);
}

void Simulation::onFailure(std::function<void(const std::string&)> handler)
{
    world->failureHandler = std::move(handler);
}

void Simulation::fail(const std::string& reason)
{
    world->fail(reason);
}

void Simulation::run()
{
    world->gate.release();
    over.acquire();
}

void Simulation::end()
{
    world->note("the simulation ends");
    world->endTime = world->now();
    world->ended = true;
    over.release();
}

Clock::time_point Simulation::now() const noexcept
{
    return world->now();
}

Clock::time_point Simulation::startTime() const noexcept
{
    return world->startTime();
}

Clock::time_point Simulation::endTime() const noexcept
{
    return world->endTime;
}

Chance& Simulation::chance() noexcept
{
    return world->chance;
}

Trace& Simulation::trace() noexcept
{
    return world->trace;
}

FeedAccount Simulation::account(ContentId content) const
{
    const auto found = world->accounts.find(content);
    return found != world->accounts.end() ? found->second : FeedAccount();
}

std::size_t Simulation::openDescriptors() const noexcept
{
    return world->descriptorCount();
}

std::size_t Simulation::operationsInFlight() const noexcept
{
    return world->flightCount();
}

std::size_t Simulation::offloadedCalls() const noexcept
{
    return offload->count();
}

std::unique_ptr<Engine> Simulation::makeEngine(const EngineOptions& options)
{
    return std::make_unique<SimulatedEngine>(*world, options);
}

OffloadExecutor& Simulation::offloadExecutor(OffloadExecutor&) noexcept
{
    return *offload;
}

std::expected<std::vector<SocketAddress>, std::error_code>
Simulation::lookUp(const std::string& host, std::uint16_t port)
{
    const auto found = world->names.find(host);
    if (found == world->names.end())
    {
        return std::unexpected(std::error_code(EAI_NONAME, resolverCategory()));
    }
    const auto answer = found->second();
    if (!answer)
    {
        return std::unexpected(answer.error());
    }
    std::vector<SocketAddress> addresses;
    for (const auto& address : *answer)
    {
        addresses.push_back(parsed(address, port));
    }
    return addresses;
}

int Simulation::socket(int, int) noexcept
{
    if (world->faults.socketRefused != 0 && world->chance.oneIn(world->faults.socketRefused))
    {
        return -EMFILE;
    }
    return world->newDescriptor(std::make_shared<SimulatedSocket>(*world));
}

void Simulation::close(int descriptor) noexcept
{
    if (!world->closeDescriptor(descriptor))
    {
        world->fail(fmt::format("descriptor {} is closed and is not open", descriptor));
    }
}

int Simulation::getsockname(int descriptor, SocketAddress& address) noexcept
{
    const auto file = world->fileOf(descriptor);
    return file ? file->getsockname(address) : -EBADF;
}

int Simulation::getpeername(int descriptor, SocketAddress& address) noexcept
{
    const auto file = world->fileOf(descriptor);
    return file ? file->getpeername(address) : -EBADF;
}

/// Simulated connections have no acknowledgements.
void Simulation::delayAcknowledgements(int) noexcept
{
}

mode_t Simulation::fileMode(int descriptor) noexcept
{
    const auto file = world->fileOf(descriptor);
    return file ? file->mode() : 0;
}

} // namespace weft::simulation
