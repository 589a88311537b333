#include "tests/sources/stream/certificates.hpp"

#include <atomic>
#include <stdexcept>

#include <openssl/pem.h>
#include <openssl/x509v3.h>

namespace weft::test
{

namespace
{

void require(bool done, const char* what)
{
    if (!done)
    {
        throw std::runtime_error(std::string("OpenSSL cannot ") + what);
    }
}

std::string textIn(BIO* memory)
{
    char* text = nullptr;
    const auto size = BIO_get_mem_data(memory, &text);
    return {text, static_cast<std::size_t>(size)};
}

void extend(X509* certificate, X509* issuer, int extension, const std::string& value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    auto* const made = X509V3_EXT_conf_nid(nullptr, &context, extension, value.c_str());
    require(made != nullptr, "make an extension");
    X509_add_ext(certificate, made, -1);
    X509_EXTENSION_free(made);
}

/// `issuer` is null for a certificate that is signed by its own key.
Identity make(const CertificateOptions& options, const Identity* issuer, bool isAuthority)
{
    static std::atomic<long> serialNumber = 1;
    Identity made{.certificate = CertificateHandle(X509_new()),
                  .key = KeyHandle(EVP_EC_gen("P-256"))};
    require(made.certificate && made.key, "make a key");
    auto* const certificate = made.certificate.get();
    X509_set_version(certificate, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), serialNumber++);
    X509_gmtime_adj(X509_getm_notBefore(certificate), options.beginsSeconds);
    X509_gmtime_adj(X509_getm_notAfter(certificate), options.endsSeconds);
    X509_set_pubkey(certificate, made.key.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(options.commonName.c_str()),
                               -1, -1, 0);
    auto* const signer = issuer != nullptr ? issuer->certificate.get() : certificate;
    X509_set_issuer_name(certificate, X509_get_subject_name(signer));
    extend(certificate, signer, NID_basic_constraints,
           isAuthority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!options.names.empty())
    {
        extend(certificate, signer, NID_subject_alt_name, options.names);
    }
    auto* const key = issuer != nullptr ? issuer->key.get() : made.key.get();
    require(X509_sign(certificate, key, EVP_sha256()) > 0, "sign a certificate");
    return made;
}

} // namespace

std::string Identity::certificatePem() const
{
    const std::unique_ptr<BIO, FreedBy<BIO_free_all>> memory(BIO_new(BIO_s_mem()));
    require(PEM_write_bio_X509(memory.get(), certificate.get()) == 1, "write a certificate");
    return textIn(memory.get());
}

std::string Identity::keyPem() const
{
    const std::unique_ptr<BIO, FreedBy<BIO_free_all>> memory(BIO_new(BIO_s_mem()));
    require(PEM_write_bio_PrivateKey(memory.get(), key.get(), nullptr, nullptr, 0, nullptr,
                                     nullptr) == 1,
            "write a key");
    return textIn(memory.get());
}

TestAuthority::TestAuthority(const std::string& name)
    : own(make({.commonName = name, .names = ""}, nullptr, true))
{
}

Identity TestAuthority::issue(const CertificateOptions& options) const
{
    return make(options, &own, false);
}

Identity selfSigned(const CertificateOptions& options)
{
    return make(options, nullptr, false);
}

} // namespace weft::test
