/* What checks read out of certificates. */
#include "sonobuoy/certificates.h"
#include "sonobuoy/check/certificate.h"

#include <string.h>

static void test_read(void) {
    static const char *const hosts[] = {"web.example.org", "192.0.2.7", "2001:db8::1", NULL};
    g_autoptr(GError) error = NULL;
    g_autoptr(Authority) authority = authority_new(10, &error);
    g_assert_no_error(error);
    g_auto(KeyPair) pair = {0};
    g_assert_true(authority_server(authority, hosts, &pair, &error));
    g_autofree char *both = g_strconcat("about it\n", pair.certificate, authority_pem(authority), NULL);
    g_autoptr(GPtrArray) read = certificates_read(both, strlen(both), &error);
    g_assert_no_error(error);
    g_assert_cmpuint(read->len, ==, 2);
    const Certificate *own = read->pdata[0], *above = read->pdata[1];
    g_assert_cmpstr(own->names[0], ==, "web.example.org");
    g_assert_cmpstr(own->names[1], ==, "192.0.2.7");
    g_assert_cmpstr(own->names[2], ==, "2001:db8:0:0:0:0:0:1");
    g_assert_cmpuint(g_strv_length(own->names), ==, 3);
    g_assert_nonnull(strstr(own->subject, "O=VMware"));
    g_assert_cmpstr(own->issuer, ==, above->subject);
    g_assert_cmpstr(own->fingerprint, !=, above->fingerprint);
    g_assert_cmpuint(strlen(own->fingerprint), ==, 64);
    gint64 now = g_get_real_time(), day = (gint64)24 * 3600 * G_USEC_PER_SEC;
    g_assert_true(own->not_before < now && own->not_after > now + 9 * day && own->not_after < now + 11 * day);
    g_autofree char *encoded = g_base64_encode((const guchar *)both, strlen(both));
    g_autoptr(GPtrArray) again = certificates_read_base64(encoded, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(again->len, ==, 2);
}

static void test_broken(void) {
    static const char *const texts[] = {
        "",
        "no certificate",
        "-----BEGIN CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_autoptr(GError) error = NULL;
        g_assert_null(certificates_read(texts[i], strlen(texts[i]), &error));
        g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    }
    g_autoptr(GError) error = NULL;
    g_assert_null(certificates_read_base64("%%%", &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/certificate/read", test_read);
    g_test_add_func("/certificate/broken", test_broken);
    return g_test_run();
}
