#pragma once

#include "tests/support/temporary_directory.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <sys/types.h>

namespace weft::test
{

/// A real mosquitto on a loopback port of its own, with a directory of its own.
class Broker
{
public:
    static constexpr std::string_view Open = "allow_anonymous true\n";
    /// All that changes is saved at once.
    static constexpr std::string_view Persistent = "allow_anonymous true\n"
                                                   "persistence true\n"
                                                   "autosave_on_changes true\n"
                                                   "autosave_interval 1\n";

    /// `config` stands below the first listener; "@" in it is the directory. Everything is logged
    /// where it has no log_type.
    explicit Broker(std::string_view config = Open);
    /// With files that the configuration names.
    Broker(const TemporaryDirectory& files, std::string_view config);
    ~Broker();

    Broker(const Broker&) = delete;
    Broker& operator=(const Broker&) = delete;

    std::uint16_t port() const noexcept
    {
        return listeningPort;
    }

    /// Where anybody may connect without TLS.
    std::uint16_t plainPort() const noexcept
    {
        return otherPort;
    }

    /// "mqtt://127.0.0.1:40000"
    std::string uri(std::string_view scheme = "mqtt") const;

    /// As if the machine had lost power.
    void kill();
    /// At the same port, with what it has saved.
    void restart();
    void freeze();
    void thaw();

    /// Returns when the broker has written it to its log so often.
    void awaitLog(std::string_view text, std::size_t times = 1) const;
    std::size_t countInLog(std::string_view text) const;

    /// Of all its lives.
    std::string log() const;

    /// Returns when what the broker has saved has this in it.
    void awaitSaved(std::string_view text) const;

private:
    void start();
    bool isRunning();

    TemporaryDirectory directory;
    std::string settings;
    std::uint16_t listeningPort = 0;
    std::uint16_t otherPort = 0;
    pid_t process = -1;
};

} // namespace weft::test
