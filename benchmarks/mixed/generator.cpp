#include "generator.hpp"

#include <array>
#include <csignal>
#include <ctime>
#include <new>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system.hpp>
#include <unistd.h>

namespace weft::bench
{

namespace
{

int listenOnLoopback(std::uint16_t& port)
{
    constexpr int Backlog = 4096;
    const int listener = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof(address);
    checked(::bind(listener, generic, size), "bind");
    checked(::listen(listener, Backlog), "listen");
    checked(::getsockname(listener, generic, &size), "getsockname");
    port = ntohs(address.sin_port);
    return listener;
}

std::int64_t nowNs()
{
    timespec time{};
    ::clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * NsPerSecond + time.tv_nsec;
}

void sleepUntilNs(std::int64_t whenNs)
{
    const timespec time{.tv_sec = whenNs / NsPerSecond, .tv_nsec = whenNs % NsPerSecond};
    ::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, nullptr);
}

/// As fast as the receiver takes it, one connection after the other.
void flood(int listener)
{
    constexpr std::size_t BurstBytes = 64 << 10;
    constexpr int LowestPriority = 19;
    ::setpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)), LowestPriority);
    const std::vector<char> bytes(BurstBytes, 'f');
    for (;;)
    {
        const int connection = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
        while (connection >= 0 && ::send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0)
        {
        }
        if (connection >= 0)
        {
            ::close(connection);
        }
    }
}

void sendMessage(int connection, std::uint64_t number, std::int64_t dueNs,
                 GeneratorCounters& counters)
{
    Message message;
    message.number = number;
    message.sentNs = nowNs();
    const auto lateNs = message.sentNs - dueNs;
    if (::send(connection, &message, sizeof(message), MSG_NOSIGNAL | MSG_DONTWAIT) !=
        static_cast<ssize_t>(sizeof(message)))
    {
        counters.refused.fetch_add(1);
        return;
    }
    counters.messages.fetch_add(1);
    if (lateNs > GeneratorCounters::LateNs)
    {
        counters.late.fetch_add(1);
    }
    if (lateNs > counters.worstLateNs.load())
    {
        counters.worstLateNs.store(lateNs);
    }
}

[[noreturn]] void serve(const GeneratorOptions& options, int slowListener, int floodListener,
                        GeneratorCounters& counters)
{
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_TIMERSLACK, 1000UL);
    if (options.cpu >= 0)
    {
        cpu_set_t cpus;
        CPU_ZERO(&cpus);
        CPU_SET(static_cast<std::size_t>(options.cpu), &cpus);
        ::sched_setaffinity(0, sizeof(cpus), &cpus);
    }
    std::thread(flood, floodListener).detach();
    std::vector<int> connections;
    while (connections.size() < options.slowSources)
    {
        const int connection = ::accept4(slowListener, nullptr, nullptr, SOCK_CLOEXEC);
        if (connection >= 0)
        {
            const int yes = 1;
            ::setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
            connections.push_back(connection);
            counters.connected.fetch_add(1);
        }
    }
    const auto intervalNs = static_cast<double>(NsPerSecond) / options.messagesPerSecond /
                            static_cast<double>(connections.size());
    const auto startNs = nowNs();
    for (std::uint64_t turn = 0;; ++turn)
    {
        const auto dueNs =
            startNs + static_cast<std::int64_t>(static_cast<double>(turn) * intervalNs);
        sleepUntilNs(dueNs);
        sendMessage(connections[turn % connections.size()], turn / connections.size(), dueNs,
                    counters);
    }
}

} // namespace

Generator::Generator(const GeneratorOptions& options)
{
    void* const memory = ::mmap(nullptr, sizeof(GeneratorCounters), PROT_READ | PROT_WRITE,
                                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    checked(memory == MAP_FAILED ? -1 : 0, "mmap");
    shared = new (memory) GeneratorCounters;
    const int slowListener = listenOnLoopback(slowPortNumber);
    const int floodListener = listenOnLoopback(floodPortNumber);
    process = checked(::fork(), "fork");
    if (process == 0)
    {
        serve(options, slowListener, floodListener, *shared);
    }
    ::close(slowListener);
    ::close(floodListener);
}

Generator::~Generator()
{
    ::kill(process, SIGKILL);
    ::waitpid(process, nullptr, 0);
    ::munmap(shared, sizeof(GeneratorCounters));
}

} // namespace weft::bench
