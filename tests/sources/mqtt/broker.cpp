#include "broker.hpp"

#include "tests/support/sockets.hpp"

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

#include <sys/prctl.h>
#include <sys/wait.h>

namespace weft::test
{

namespace
{

constexpr auto Program = "/usr/sbin/mosquitto";

std::string readFile(const std::filesystem::path& path)
{
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    return text.str();
}

/// The broker tells nobody when it has written a file.
template <typename Condition>
void awaitCondition(Condition condition)
{
    while (!condition())
    {
        std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
}

std::string withDirectory(std::string_view config, const std::filesystem::path& directory)
{
    std::string text;
    for (const char character : config)
    {
        text += character == '@' ? directory.string() : std::string(1, character);
    }
    return text;
}

} // namespace

Broker::Broker(std::string_view config) : settings(withDirectory(config, directory.path()))
{
    start();
}

Broker::Broker(const TemporaryDirectory& files, std::string_view config)
    : settings(withDirectory(config, files.path()))
{
    start();
}

Broker::~Broker()
{
    thaw();
    kill();
}

std::string Broker::uri(std::string_view scheme) const
{
    return fmt::format("{}://127.0.0.1:{}", scheme, listeningPort);
}

void Broker::start()
{
    constexpr int AttemptsMost = 10;
    for (int attempt = 0; attempt < AttemptsMost; ++attempt)
    {
        // Free a moment ago; somebody may be faster.
        listeningPort = refusedAddress().port();
        otherPort = refusedAddress().port();
        restart();
        if (process > 0)
        {
            return;
        }
    }
    throw std::runtime_error("mosquitto does not start:\n" + log());
}

void Broker::restart()
{
    const auto* const logTypes = settings.contains("log_type") ? "" : "log_type all\n";
    const auto config = directory.write(
        "mosquitto.conf",
        fmt::format("listener {} 127.0.0.1\nuser root\nlog_dest stderr\n{}"
                    "persistence_location {}/\n{}"
                    "listener {} 127.0.0.1\n",
                    listeningPort, logTypes, directory.path().string(), settings, otherPort));
    const auto running = countInLog(" running\n");
    const OwnedDescriptor log(checkedCall(
        ::open((directory.path() / "log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600),
        "open the log"));
    process = checkedCall(::fork(), "fork");
    if (process == 0)
    {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        ::dup2(log.get(), STDERR_FILENO);
        ::execl(Program, Program, "-c", config.c_str(), nullptr);
        ::_exit(127);
    }
    awaitCondition(
        [&]
        {
            return countInLog(" running\n") > running || !isRunning();
        });
}

bool Broker::isRunning()
{
    if (process > 0 && ::waitpid(process, nullptr, WNOHANG) == process)
    {
        process = -1;
    }
    return process > 0;
}

void Broker::kill()
{
    if (isRunning())
    {
        ::kill(process, SIGKILL);
        ::waitpid(process, nullptr, 0);
        process = -1;
    }
}

void Broker::freeze()
{
    checkedCall(::kill(process, SIGSTOP), "kill");
}

void Broker::thaw()
{
    if (process > 0)
    {
        ::kill(process, SIGCONT);
    }
}

void Broker::awaitLog(std::string_view text, std::size_t times) const
{
    awaitCondition(
        [&]
        {
            return countInLog(text) >= times;
        });
}

std::size_t Broker::countInLog(std::string_view text) const
{
    const auto lines = log();
    std::size_t count = 0;
    for (auto found = lines.find(text); found != std::string::npos;
         found = lines.find(text, found + 1))
    {
        ++count;
    }
    return count;
}

std::string Broker::log() const
{
    return readFile(directory.path() / "log");
}

void Broker::awaitSaved(std::string_view text) const
{
    awaitCondition(
        [&]
        {
            return readFile(directory.path() / "mosquitto.db").find(text) != std::string::npos;
        });
}

} // namespace weft::test
