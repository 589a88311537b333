#include <weft/sources/contract/patience.hpp>
#include <weft/sources/quantity.hpp>

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <stdexcept>
#include <thread>

namespace weft::contract
{

using namespace std::chrono_literals;

std::chrono::nanoseconds patience()
{
    const auto* const wanted = std::getenv("WEFT_CONTRACT_PATIENCE");
    if (wanted == nullptr)
    {
        return 30s;
    }
    const auto parsed = parseDuration(wanted);
    if (!parsed)
    {
        throw std::invalid_argument("WEFT_CONTRACT_PATIENCE is '" + std::string(wanted) +
                                    "'; allowed: a duration such as 30s");
    }
    return *parsed;
}

void giveUp(const std::string& what)
{
    const auto* const test = testing::UnitTest::GetInstance()->current_test_info();
    std::fflush(stdout);
    std::fprintf(stderr, "\n%s.%s: %s\nThe program ends here, with this check failed.\n",
                 test != nullptr ? test->test_suite_name() : "contract",
                 test != nullptr ? test->name() : "", what.c_str());
    std::fflush(stderr);
    std::_Exit(EXIT_FAILURE);
}

bool awaitCondition(const std::function<bool()>& isSo)
{
    const auto limit = std::chrono::steady_clock::now() + patience();
    for (unsigned looks = 0; !isSo(); ++looks)
    {
        if (std::chrono::steady_clock::now() > limit)
        {
            return isSo();
        }
        // What it waits for comes soon, or not for a while.
        if (looks < 100)
        {
            std::this_thread::yield();
        }
        else
        {
            std::this_thread::sleep_for(200us);
        }
    }
    return true;
}

} // namespace weft::contract
