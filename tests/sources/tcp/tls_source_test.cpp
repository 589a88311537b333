#include <weft/reactor/runtime.hpp>
#include <weft/sources/source_error.hpp>
#include <weft/sources/source_provider.hpp>

#include "tests/sources/event_log.hpp"
#include "tests/sources/runner_kind.hpp"
#include "tests/sources/scripted_server.hpp"
#include "tests/sources/stream/tls_peer.hpp"
#include "tests/support/temporary_directory.hpp"
#include "tests/support/test_engine.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <semaphore>
#include <vector>

using namespace std::chrono_literals;
using namespace weft;
using namespace weft::test;

namespace
{

using Script = std::function<void(TcpStream&, TlsPeer&)>;

/// Makes the handshake with each connection, and then does what the script says.
ScriptedServer::Script secured(const Identity& identity, Script script,
                               const TlsPeerOptions& options = {})
{
    return [&identity, script = std::move(script), options](TcpStream& stream)
    {
        TlsPeer peer(stream, identity, options);
        if (peer.handshake())
        {
            script(stream, peer);
        }
    };
}

/// One after the other: the order in which records are sealed counts.
std::string joined(std::initializer_list<std::string> parts)
{
    std::string all;
    for (const auto& part : parts)
    {
        all += part;
    }
    return all;
}

void doNothing(TcpStream&, TlsPeer&)
{
}

class TlsSourceTest : public testing::TestWithParam<RunnerKind>
{
protected:
    SourceHandle connectTo(std::uint16_t port, ParameterTexts texts = {})
    {
        texts.try_emplace("execution", executionText(GetParam()));
        texts.try_emplace("host", "localhost");
        texts.try_emplace("port", std::to_string(port));
        texts.try_emplace("tls", "true");
        texts.try_emplace("tls_ca", authorityFile);
        return SourceProvider(runtime).provide(7, SourceDescriptor("feed", "tcp", texts));
    }

    /// Starts a source and returns why it failed.
    SourceFailure failureOf(std::uint16_t port, ParameterTexts texts = {})
    {
        auto source = connectTo(port, std::move(texts));
        EXPECT_TRUE(source.start(log.emit()));
        log.waitForLast();
        return log.failure().value_or(SourceFailure{.message = "it did not fail"});
    }

    void expectRefusal(const Identity& shown, const std::string& reason, ParameterTexts texts = {})
    {
        ScriptedServer server(secured(shown, doNothing));
        const auto failure = failureOf(server.port(), std::move(texts));
        EXPECT_NE(failure.message.find("secure the connection to "), std::string::npos)
            << failure.message;
        EXPECT_NE(failure.message.find("its certificate is refused: " + reason), std::string::npos)
            << failure.message;
        EXPECT_FALSE(isTransient(failure.code));
    }

    const TemporaryDirectory directory;
    const TestAuthority authority;
    const Identity identity = authority.issue();
    const std::string authorityFile = directory.write("ca.pem", authority.certificatePem());
    Runtime runtime{onTestEngine({.reactors = 1, .bufferSizeBytes = 4096})};
    EventLog log;
};

} // namespace

WEFT_INSTANTIATE_OVER_RUNNERS(TlsSourceTest);

TEST_P(TlsSourceTest, everyByteArrivesInOrderAndTheServersWordEndsTheStream)
{
    std::string sent;
    for (int line = 0; line < 200'000; ++line)
    {
        sent += std::to_string(line) + "\n";
    }
    ScriptedServer server(secured(identity,
                                  [&](TcpStream& stream, TlsPeer& peer)
                                  {
                                      peer.send(sent);
                                      sendText(stream, peer.sealEnd());
                                      EXPECT_EQ(peer.receive(), "");
                                      EXPECT_TRUE(peer.clientSaidEnd());
                                  }));
    auto source = connectTo(server.port());
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_TRUE(log.received() == sent);
    EXPECT_TRUE(source.statistics().endpoint.ends_with(", TLS"));
}

// ssl::stream reads with the flush deadline, which passes when half a record has arrived: what it
// has of the record by then must be there when the rest comes, once.
TEST_P(TlsSourceTest, flushInMidRecordLosesNothingAndRepeatsNothing)
{
    std::binary_semaphore flushed(0);
    ScriptedServer server(
        secured(identity,
                [&](TcpStream& stream, TlsPeer& peer)
                {
                    const auto both = joined({peer.seal("first"), peer.seal("second")});
                    const auto cut = both.size() - 10;
                    sendText(stream, both.substr(0, cut));
                    flushed.acquire();
                    // And with one byte at a time.
                    for (const char byte : both.substr(cut))
                    {
                        sendText(stream, {&byte, 1});
                    }
                    sendText(stream, peer.sealEnd());
                }));
    auto source = connectTo(server.port(), {{"flush_interval", "1ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForBytes(5);
    EXPECT_EQ(log.received(), "first");
    flushed.release();
    log.waitForLast();
    EXPECT_EQ(log.received(), "firstsecond");
    EXPECT_TRUE(log.ended());
}

TEST_P(TlsSourceTest, newKeysInMidStreamAreTakenAndAnswered)
{
    ScriptedServer server(secured(identity,
                                  [&](TcpStream& stream, TlsPeer& peer)
                                  {
                                      sendText(stream,
                                               joined({peer.seal("old"), peer.sealKeyUpdate(),
                                                       peer.seal("new"), peer.sealEnd()}));
                                      EXPECT_EQ(peer.receive(), "");
                                      EXPECT_TRUE(peer.clientSaidEnd());
                                  }));
    auto source = connectTo(server.port());
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.received(), "oldnew");
    EXPECT_TRUE(log.ended());
}

TEST_P(TlsSourceTest, connectionThatEndsWithoutTheWordIsAnErrorAfterItsBytesAndCanBeRetried)
{
    ScriptedServer server(secured(identity,
                                  [](TcpStream&, TlsPeer& peer)
                                  {
                                      peer.send("cut sh");
                                  }));
    const auto failure = failureOf(server.port());
    EXPECT_EQ(log.received(), "cut sh");
    EXPECT_NE(failure.message.find("without the end of TLS (close_notify)"), std::string::npos)
        << failure.message;
    EXPECT_TRUE(isTransient(failure.code));
}

TEST_P(TlsSourceTest, resetIsAnErrorAfterTheBytesBeforeIt)
{
    std::binary_semaphore received(0);
    ScriptedServer server(secured(identity,
                                  [&](TcpStream& stream, TlsPeer& peer)
                                  {
                                      peer.send("before");
                                      received.acquire();
                                      reset(stream);
                                  }));
    auto source = connectTo(server.port(), {{"flush_interval", "0"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForBytes(6);
    received.release();
    log.waitForLast();
    EXPECT_EQ(log.received(), "before");
    EXPECT_EQ(log.failure().value().code, std::errc::connection_reset);
}

TEST_P(TlsSourceTest, recordThatSomebodyChangedIsAnError)
{
    ScriptedServer server(secured(identity,
                                  [](TcpStream& stream, TlsPeer& peer)
                                  {
                                      auto record = peer.seal("forged");
                                      record.back() ^= 1;
                                      sendText(stream, record);
                                      awaitPeerClose(stream);
                                  }));
    const auto failure = failureOf(server.port());
    EXPECT_EQ(log.received(), "");
    EXPECT_NE(failure.message.find("bad record mac"), std::string::npos) << failure.message;
}

TEST_P(TlsSourceTest, certificateThatHasExpiredIsRefused)
{
    expectRefusal(authority.issue({.beginsSeconds = -7200, .endsSeconds = -3600}),
                  "certificate has expired");
}

TEST_P(TlsSourceTest, certificateThatIsNotYetValidIsRefused)
{
    expectRefusal(authority.issue({.beginsSeconds = 3600, .endsSeconds = 7200}),
                  "certificate is not yet valid");
}

TEST_P(TlsSourceTest, certificateForAnotherHostIsRefused)
{
    expectRefusal(authority.issue({.names = "DNS:elsewhere.example"}), "hostname mismatch");
}

TEST_P(TlsSourceTest, certificateForAnotherAddressIsRefused)
{
    expectRefusal(authority.issue({.names = "DNS:localhost,IP:127.0.0.2"}), "IP address mismatch",
                  {{"host", "127.0.0.1"}});
}

TEST_P(TlsSourceTest, certificateOfAnUnknownAuthorityIsRefused)
{
    expectRefusal(TestAuthority("another authority").issue(),
                  "unable to get local issuer certificate");
}

TEST_P(TlsSourceTest, certificateThatSignedItselfIsRefused)
{
    expectRefusal(selfSigned(), "self-signed certificate");
}

TEST_P(TlsSourceTest, systemsAuthoritiesAreAskedWhenNoneIsGiven)
{
    expectRefusal(identity, "unable to get local issuer certificate", {{"tls_ca", ""}});
}

TEST_P(TlsSourceTest, whoeverWantsNoVerificationGetsTheBytesOfAnybody)
{
    const auto anybody = selfSigned({.names = ""});
    ScriptedServer server(
        secured(anybody,
                [](TcpStream& stream, TlsPeer& peer)
                {
                    sendText(stream, joined({peer.seal("bytes"), peer.sealEnd()}));
                }));
    auto source = connectTo(server.port(), {{"tls_verify", "false"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_EQ(log.received(), "bytes");
}

TEST_P(TlsSourceTest, nameToProveIsTheHostsOrTheOneGiven)
{
    const auto other = authority.issue({.names = "DNS:feed.example"});
    std::vector<std::string> names;
    ScriptedServer server(secured(other,
                                  [&](TcpStream& stream, TlsPeer& peer)
                                  {
                                      names.push_back(peer.serverName());
                                      sendText(stream, peer.sealEnd());
                                  }));
    auto source =
        connectTo(server.port(), {{"host", "127.0.0.1"}, {"tls_server_name", "feed.example"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(names, std::vector<std::string>{"feed.example"});
}

TEST_P(TlsSourceTest, addressIsProvenAndNotAskedForByName)
{
    std::string name = "none yet";
    ScriptedServer server(secured(identity,
                                  [&](TcpStream& stream, TlsPeer& peer)
                                  {
                                      name = peer.serverName();
                                      sendText(stream, peer.sealEnd());
                                  }));
    auto source = connectTo(server.port(), {{"host", "127.0.0.1"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForLast();
    EXPECT_TRUE(log.ended());
    EXPECT_EQ(name, "");
}

TEST_P(TlsSourceTest, clientsCertificateIsShownToAServerThatAsks)
{
    for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION})
    {
        const auto client = authority.issue({.commonName = "client", .names = ""});
        const auto both = directory.write("client.pem", client.certificatePem() + client.keyPem());
        EventLog clientLog;
        ScriptedServer server(
            secured(identity,
                    [](TcpStream& stream, TlsPeer& peer)
                    {
                        sendText(stream, joined({peer.seal("known"), peer.sealEnd()}));
                    },
                    {.clientAuthority = authority.certificatePem(), .versionMost = version}));
        auto source = connectTo(server.port(), {{"tls_certificate", both}});
        ASSERT_TRUE(source.start(clientLog.emit()));
        clientLog.waitForLast();
        EXPECT_EQ(clientLog.received(), "known");
    }
}

TEST_P(TlsSourceTest, serverThatMissesTheClientsCertificateSaysSo)
{
    ScriptedServer server(
        secured(identity, doNothing, {.clientAuthority = authority.certificatePem()}));
    const auto failure = failureOf(server.port());
    EXPECT_NE(failure.message.find("certificate required"), std::string::npos) << failure.message;
}

TEST_P(TlsSourceTest, serverWithoutTlsIsAnErrorThatSaysSo)
{
    ScriptedServer server(
        [](TcpStream& stream)
        {
            sendText(stream, "plain text, no TLS\n");
            awaitPeerClose(stream);
        });
    const auto failure = failureOf(server.port());
    EXPECT_NE(failure.message.find("wrong version number"), std::string::npos) << failure.message;
    EXPECT_NE(failure.message.find("does it speak TLS"), std::string::npos) << failure.message;
}

TEST_P(TlsSourceTest, serverThatIsSilentInTheHandshakeIsGivenUpAfterTheConnectTimeout)
{
    ScriptedServer server(awaitPeerClose);
    const auto failure = failureOf(server.port(), {{"connect_timeout", "20ms"}});
    EXPECT_EQ(failure.code, IoError::DeadlineExpired);
    EXPECT_NE(failure.message.find("secure the connection to localhost:"), std::string::npos);
}

TEST_P(TlsSourceTest, stopInTheHandshakeEndsAtOnce)
{
    std::binary_semaphore connected(0);
    ScriptedServer server(
        [&](TcpStream& stream)
        {
            connected.release();
            awaitPeerClose(stream);
        });
    auto source = connectTo(server.port(), {{"connect_timeout", "1h"}});
    ASSERT_TRUE(source.start(log.emit()));
    connected.acquire();
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.lastEventCount(), 0);
}

TEST_P(TlsSourceTest, stopInMidRecordDeliversWhatWasWholeAndSaysTheEnd)
{
    std::binary_semaphore ended(0);
    ScriptedServer server(
        secured(identity,
                [&](TcpStream& stream, TlsPeer& peer)
                {
                    sendText(stream, joined({peer.seal("whole"), peer.seal("half").substr(0, 10)}));
                    EXPECT_EQ(peer.receive(), "");
                    EXPECT_TRUE(peer.clientSaidEnd());
                    ended.release();
                }));
    auto source = connectTo(server.port(), {{"flush_interval", "1ms"}});
    ASSERT_TRUE(source.start(log.emit()));
    log.waitForBytes(5);
    EXPECT_EQ(source.tryStop(10s), TryStopResult::Success);
    EXPECT_EQ(log.received(), "whole");
    EXPECT_EQ(log.lastEventCount(), 0);
    ended.acquire();
}

TEST_P(TlsSourceTest, filesThatCannotBeReadAreNamed)
{
    const auto client = authority.issue();
    const auto certificate = directory.write("certificate.pem", client.certificatePem());
    const auto otherKey = directory.write("key.pem", identity.keyPem());
    const auto noPem = directory.write("no.pem", "nothing of the kind\n");
    ScriptedServer server(secured(identity, doNothing));
    const std::vector<std::pair<ParameterTexts, std::string>> cases{
        {{{"tls_ca", "/nowhere/ca.pem"}}, "read the CA certificates in /nowhere/ca.pem: "},
        {{{"tls_ca", noPem}}, "read the CA certificates in " + noPem.string()},
        {{{"tls_certificate", "/nowhere/c.pem"}},
         "read the client's certificate in /nowhere/c.pem: "},
        {{{"tls_certificate", certificate}}, "private key"},
        {{{"tls_certificate", certificate}, {"tls_key", otherKey}}, "key values mismatch"},
    };
    for (const auto& [texts, expected] : cases)
    {
        EventLog own;
        auto source = connectTo(server.port(), texts);
        ASSERT_TRUE(source.start(own.emit()));
        own.waitForLast();
        const auto message = own.failure().value().message;
        EXPECT_NE(message.find(expected), std::string::npos) << message;
    }
}

TEST_P(TlsSourceTest, hundredSourcesShareOneReactor)
{
    constexpr int Count = 100;
    ScriptedServer server(
        secured(identity,
                [](TcpStream& stream, TlsPeer& peer)
                {
                    sendText(stream, joined({peer.seal("hello"), peer.sealEnd()}));
                }));
    std::vector<EventLog> logs(Count);
    std::vector<SourceHandle> sources;
    for (auto& each : logs)
    {
        sources.push_back(connectTo(server.port()));
        ASSERT_TRUE(sources.back().start(each.emit()));
    }
    for (auto& each : logs)
    {
        each.waitForLast();
        EXPECT_EQ(each.received(), "hello");
        EXPECT_TRUE(each.ended());
    }
}

TEST(TlsSettingsTest, settingsWithoutEffectAreRefused)
{
    const auto refusalOf = [](ParameterTexts texts)
    {
        Runtime runtime(onTestEngine({.reactors = 1}));
        texts.emplace("host", "localhost");
        texts.emplace("port", "1");
        try
        {
            SourceProvider(runtime).provide(1, SourceDescriptor("feed", "tcp", texts));
        }
        catch (const InvalidParameter& refused)
        {
            return std::string(refused.what());
        }
        return std::string("not refused");
    };
    EXPECT_EQ(refusalOf({{"tls_ca", "ca.pem"}}),
              "parameter 'tls_ca' is 'ca.pem', but the connection has no TLS; give tls: true too");
    EXPECT_EQ(refusalOf({{"tls_verify", "false"}}), "parameter 'tls_verify' is 'false', but the "
                                                    "connection has no TLS; give tls: true too");
    EXPECT_EQ(refusalOf({{"tls", "true"}, {"delay_acks", "true"}}),
              "parameter 'delay_acks' is 'true', but a connection with TLS has its own ways; leave "
              "it out");
    EXPECT_EQ(refusalOf({{"tls", "true"}, {"tls_key", "key.pem"}}),
              "parameter 'tls_key' is 'key.pem', but there is no certificate that it is the key "
              "of; give tls_certificate too");
}
