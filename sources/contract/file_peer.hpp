#pragma once

#include <weft/reactor/owned_descriptor.hpp>
#include <weft/sources/contract/source_peer.hpp>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace weft::contract
{

/// A directory of its own, removed with all that is in it.
class PeerDirectory
{
public:
    PeerDirectory();
    ~PeerDirectory();

    PeerDirectory(const PeerDirectory&) = delete;
    PeerDirectory& operator=(const PeerDirectory&) = delete;

    std::string file(std::string_view name) const
    {
        return (root / name).string();
    }

private:
    std::filesystem::path root;
};

/// A regular file.
class FilePeer : public ProducingPeer
{
public:
    /// `text`: what is written to the file; none: lines of some hundred KiB in all.
    explicit FilePeer(std::string text = {});

    /// The parameters of a source that reads this path.
    virtual ParameterTexts parameters(const std::string& path) = 0;

    std::string content() override
    {
        return written;
    }

    ParameterTexts configuration() override;
    std::optional<ParameterTexts> unreachable() override;
    std::optional<ParameterTexts> atSimulatedPath(const std::string& path) override;
    std::string whyNot(Ability ability) const override;

private:
    PeerDirectory directory;
    std::string written;
};

/// A FIFO, and who writes to it.
class PipePeer : public LivePeer
{
public:
    PipePeer();

    /// The parameters of a source that reads this path.
    virtual ParameterTexts parameters(const std::string& path) = 0;

    ParameterTexts configuration() override;
    std::optional<ParameterTexts> unreachable() override;
    std::optional<ParameterTexts> atSimulatedPath(const std::string& path) override;
    bool awaitSource() override;
    bool send(std::string_view record) override;
    bool end() override;
    std::string whyNot(Ability ability) const override;

private:
    PeerDirectory directory;
    OwnedDescriptor pipe;
};

} // namespace weft::contract
