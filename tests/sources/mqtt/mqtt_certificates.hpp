#pragma once

#include "tests/support/temporary_directory.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <stdexcept>
#include <string>
#include <string_view>

namespace weft::test
{

/// Runs a command of the shell, which must succeed.
inline void shell(const std::string& command)
{
    if (std::system((command + " >/dev/null 2>&1").c_str()) != 0)
    {
        throw std::runtime_error("failed: " + command);
    }
}

/// Certificates of a CA of our own, and of another one that nobody trusts.
class Certificates
{
public:
    Certificates()
    {
        makeAuthority("ca");
        makeAuthority("other");
        makeCertificate("broker", "ca", "subjectAltName=IP:127.0.0.1");
        makeCertificate("elsewhere", "ca", "subjectAltName=DNS:elsewhere.example");
        makeCertificate("client", "ca", "extendedKeyUsage=clientAuth");
        makeCertificate("stranger", "other", "extendedKeyUsage=clientAuth");
        shell(fmt::format("openssl ec -in {} -aes256 -passout pass:secret -out {}",
                          file("client.key"), file("locked.key")));
    }

    std::string file(const std::string& name) const
    {
        return (files.path() / name).string();
    }

    const TemporaryDirectory files;

private:
    void makeAuthority(const std::string& name) const
    {
        shell(fmt::format("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                          "-keyout {0}.key -out {0}.pem -subj /CN=weft-test-{1} -days 2 "
                          "-addext keyUsage=keyCertSign",
                          file(name), name));
    }

    void makeCertificate(const std::string& name, const std::string& authority,
                         const std::string& extension) const
    {
        const auto path = file(name);
        files.write(name + ".ext", extension + "\n");
        shell(fmt::format("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
                          "-keyout {0}.key -out {0}.csr -subj /CN={1} && "
                          "openssl x509 -req -in {0}.csr -CA {2}.pem -CAkey {2}.key "
                          "-CAcreateserial -out {0}.pem -days 2 -extfile {0}.ext",
                          path, name, file(authority)));
    }
};

inline const Certificates& certificates()
{
    static const Certificates Made;
    return Made;
}

/// For a Broker with the files of certificates().
inline constexpr std::string_view SecuredBroker = "allow_anonymous true\n"
                                                  "cafile @/ca.pem\n"
                                                  "certfile @/broker.pem\n"
                                                  "keyfile @/broker.key\n";

} // namespace weft::test
