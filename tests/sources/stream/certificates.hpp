#pragma once

#include <memory>
#include <string>

#include <openssl/ssl.h>

/// \file
/// Certificates made by the test that uses them: no file of this tree can expire.

namespace weft::test
{

template <auto Free>
struct FreedBy
{
    template <typename T>
    void operator()(T* object) const noexcept
    {
        Free(object);
    }
};

using CertificateHandle = std::unique_ptr<X509, FreedBy<X509_free>>;
using KeyHandle = std::unique_ptr<EVP_PKEY, FreedBy<EVP_PKEY_free>>;

/// A certificate with its private key.
struct Identity
{
    std::string certificatePem() const;
    std::string keyPem() const;

    CertificateHandle certificate;
    KeyHandle key;
};

struct CertificateOptions
{
    std::string commonName = "weft test server";
    /// As OpenSSL writes subject alternative names; empty: none.
    std::string names = "DNS:localhost,IP:127.0.0.1";
    /// From now.
    long beginsSeconds = -3600;
    long endsSeconds = 3600;
};

/// Signs certificates; trusted by whoever is given certificatePem().
class TestAuthority
{
public:
    explicit TestAuthority(const std::string& name = "weft test authority");

    std::string certificatePem() const
    {
        return own.certificatePem();
    }

    Identity issue(const CertificateOptions& options = {}) const;

private:
    Identity own;
};

/// One that nobody has signed but its own key.
Identity selfSigned(const CertificateOptions& options = {});

} // namespace weft::test
