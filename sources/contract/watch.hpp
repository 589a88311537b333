#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

namespace weft::contract
{

/// Ends the program (giveUp) when it still lives after patience(): for what cannot be looked at
/// while it goes round.
class Watch
{
public:
    explicit Watch(std::string what);
    ~Watch();

    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

private:
    void wait();

    const std::string finding;
    std::mutex mutex;
    std::condition_variable changed;
    bool over = false;
    std::jthread thread;
};

} // namespace weft::contract
