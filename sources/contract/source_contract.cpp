#include <weft/sources/contract/source_contract.hpp>
#include <weft/sources/contract/stage.hpp>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <csignal>
#include <functional>
#include <utility>

namespace weft::contract
{

namespace
{

/// A check as GoogleTest wants it, which derives from it.
class ContractTest : public testing::Test
{
public:
    explicit ContractTest(std::function<void()> checkToRun) : check(std::move(checkToRun))
    {
    }

    void TestBody() override
    {
        // To a peer, a source that has gone is an error of the write.
        auto* const before = std::signal(SIGPIPE, SIG_IGN);
        try
        {
            check();
        }
        catch (const NotApplicable& reason)
        {
            std::signal(SIGPIPE, before);
            GTEST_SKIP() << reason.what();
        }
        catch (const std::exception& error)
        {
            ADD_FAILURE() << error.what();
        }
        std::signal(SIGPIPE, before);
    }

private:
    std::function<void()> check;
};

struct Arrangement
{
    const char* name;
    Execution execution;
    EngineKind engine;
};

// A source on a thread uses no engine.
constexpr std::array Arrangements{
    Arrangement{"fiber_io_uring", Execution::Fiber, EngineKind::IoUring},
    Arrangement{"fiber_epoll", Execution::Fiber, EngineKind::Epoll},
    Arrangement{"thread", Execution::Thread, EngineKind::Auto},
};

std::string withoutNamespace(const std::string& name)
{
    return name.substr(name.rfind(':') + 1);
}

} // namespace

bool addContract(std::string type, std::string peerName, PeerKind kind, MakePeer makePeer,
                 const char* file, int line)
{
    const auto subject = std::make_shared<Subject>(Subject{
        .type = std::move(type), .peerName = withoutNamespace(peerName), .makePeer = makePeer});
    const auto add = [&](const char* arrangement, const char* check, std::function<void()> run)
    {
        const auto* const reason = kind == PeerKind::Client ? reasonNotToListen(check) : nullptr;
        if (reason != nullptr)
        {
            run = [reason]
            {
                throw NotApplicable(reason);
            };
        }
        const auto suite = fmt::format("{}_{}/{}", subject->type, subject->peerName, arrangement);
        testing::RegisterTest(suite.c_str(), check, nullptr, nullptr, file, line,
                              [run = std::move(run)]() -> ContractTest*
                              {
                                  return new ContractTest(run);
                              });
    };
    for (const auto& arrangement : Arrangements)
    {
        const auto addAll = [&](std::span<const Check> checks)
        {
            for (const auto& check : checks)
            {
                add(arrangement.name, check.name,
                    [subject, run = check.run, &arrangement]
                    {
                        Stage stage(*subject, arrangement.execution, arrangement.engine);
                        run(stage);
                    });
            }
        };
        addAll(stopChecks());
        addAll(commonChecks());
        if (kind != PeerKind::Producing)
        {
            addAll(liveChecks());
        }
        if (kind == PeerKind::Client)
        {
            addAll(listenChecks());
        }
    }
    for (const auto& check : simulatedChecks())
    {
        add("simulated", check.name,
            [subject, run = check.run]
            {
                run(*subject);
            });
    }
    return true;
}

} // namespace weft::contract
