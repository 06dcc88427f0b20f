/* Locations: what their URLs and settings may be, and what is said about those that may not; keys. */
#include "store/backend.h"

#include <glib/gstdio.h>
#include <string.h>

/* The message for a location that must not open. */
static char *refusal(const char *url, const char *const *config) {
    g_autoptr(GError) error = NULL;
    g_assert_null(store_open(url, config, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_USAGE);
    return g_strdup(error->message);
}

static void assert_opens(const char *url, const char *provider, const char *bucket, const char *prefix) {
    g_autoptr(GError) error = NULL;
    g_autoptr(Store) store = store_open(url, NULL, NULL, &error);
    g_test_message("%s", url);
    g_assert_no_error(error);
    g_assert_cmpstr(store_provider(store), ==, provider);
    g_assert_cmpstr(store_bucket(store), ==, bucket);
    g_assert_cmpstr(store_prefix(store), ==, prefix);
    g_assert_null(strchr(store_url(store), '?'));
}

static void test_opens(void) {
    assert_opens("file:///backups", "file", "/backups", "");
    assert_opens("file:///backups///", "file", "/backups", "");
    assert_opens("file:///", "file", "/", "");
    assert_opens("file:///a%20b/%C3%A4%3F%23%25", "file", "/a b/\xc3\xa4?#%", "");
    assert_opens("file:///a+b", "file", "/a+b", "");
    assert_opens("s3://bucket", "aws", "bucket", "");
    assert_opens("s3://bucket/", "aws", "bucket", "");
    assert_opens("s3://bucket//a/b//", "aws", "bucket", "a/b");
    assert_opens("s3://my.bucket-1/a%20b%2Fc+d", "aws", "my.bucket-1", "a b/c+d");
    assert_opens("s3://bucket/p?region=eu-west-1&s3Url=https%3A%2F%2Fminio%3A9000%2F&s3ForcePathStyle=true", "aws",
                 "bucket", "p");
    assert_opens("s3://bucket?", "aws", "bucket", "");
    assert_opens("s3://bucket?&region=x&", "aws", "bucket", "");
    assert_opens("s3://bucket?s3Url=http://[::1]:9000&publicUrl=https://a.example.com", "aws", "bucket", "");
    assert_opens("s3://bucket?checksumAlgorithm=&serverSideEncryption=&kmsKeyId=&customerKeyEncryptionFile=", "aws",
                 "bucket", "");
    assert_opens("s3://bucket?profile=p&credentialsFile=/f&enableSharedConfig=true&signatureVersion=4&tagging=a%3Db",
                 "aws", "bucket", "");
}

static void test_refuses(void) {
    static const struct {
        const char *url, *says;
    } cases[] = {
        {"", "neither file:///DIRECTORY nor s3://BUCKET/PREFIX"},
        {"bucket", "neither file:///DIRECTORY nor s3://BUCKET/PREFIX"},
        {"/backups", "neither"},
        {"gs://bucket", "\"gs://bucket\" is neither"},
        {"S3://bucket", "neither"},
        {"file://backups", "must be absolute, as in file:///backups"},
        {"file://", "must be absolute"},
        {"file:///a%", "write % as %25"},
        {"file:///a%zz", "write % as %25"},
        {"file:///a%00b", "percent-encoded"},
        {"file:///a%ff", "UTF-8"},
        {"file:///a?region=x", "takes no settings"},
        {"s3://", "a bucket is missing, as in s3://bucket/prefix"},
        {"s3:///prefix", "a bucket is missing"},
        {"s3://b", "no bucket's name"},
        {"s3://bu%20cket", "no bucket's name"},
        {"s3://bucket:9000/x", "no bucket's name"},
        {"s3://.../x", "no bucket's name"},
        {"s3://bucket/a%", "write % as %25"},
        {"s3://bucket/a/../b", "\"..\" parts"},
        {"s3://bucket/a//b", "empty"},
        {"s3://bucket/./b", "\".\""},
        {"s3://bucket?region", "\"region\" is not key=value"},
        {"s3://bucket?=x", "is not key=value"},
        {"s3://bucket?region=%", "write % as %25"},
        {"s3://bucket?regoin=x", "unknown location setting \"regoin\"; did you mean region?"},
        {"s3://bucket?s3url=x", "did you mean s3Url?"},
        {"s3://bucket?completelyDifferent=x", "unknown location setting \"completelyDifferent\""},
        {"s3://bucket?s3ForcePathStyle=yes", "s3ForcePathStyle \"yes\" is none of: true, false"},
        {"s3://bucket?insecureSkipTLSVerify=2", "insecureSkipTLSVerify \"2\""},
        {"s3://bucket?checksumAlgorithm=MD5", "checksumAlgorithm \"MD5\" is none of: CRC32"},
        {"s3://bucket?serverSideEncryption=yes", "serverSideEncryption \"yes\" is none of: AES256, aws:kms"},
        {"s3://bucket?s3Url=minio:9000", "s3Url \"minio:9000\" is not a server's URL, as in https://"},
        {"s3://bucket?s3Url=ftp://minio", "s3Url"},
        {"s3://bucket?s3Url=https://", "s3Url"},
        {"s3://bucket?s3Url=https://minio/path", "s3Url"},
        {"s3://bucket?s3Url=https://user:secret@minio", "s3Url"},
        {"s3://bucket?publicUrl=minio", "publicUrl \"minio\""},
        {"s3://bucket?kmsKeyId=k&customerKeyEncryptionFile=/f", "kmsKeyId and customerKeyEncryptionFile exclude"},
        {"s3://bucket?serverSideEncryption=AES256&customerKeyEncryptionFile=/f", "exclude each other"},
        {"s3://bucket?customerKeyEncryptionSecret=a/b", "give customerKeyEncryptionFile"},
        {"s3://bucket?customerKeyEncryptionFile=/nothing/there", "customerKeyEncryptionFile /nothing/there: "},
        {"s3://bucket?customerKeyEncryptionFile=/dev/null", "exactly 32 bytes"},
        {"s3://bucket?caCert=%21", "caCert is neither"},
        {"s3://bucket?caCert=/etc/nothing/there.pem", "caCert is neither"}, /* letters that are base64, too */
        {"s3://bucket?caCert=/dev/null", "caCert is neither a file of PEM certificates nor"},
        {"s3://bucket?region=evil.example.com/", "region \"evil.example.com/\" is no region's name"},
        {"s3://bucket?region=a%0Ab", "is no region's name"},
        {"s3://bucket?tagging=a%0D%0Ax-amz-acl:%20public-read", "tagging holds a control character"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s", cases[i].url);
        g_autofree char *said = refusal(cases[i].url, NULL);
        if (!strstr(said, cases[i].says))
            g_error("\"%s\" does not say \"%s\"", said, cases[i].says);
    }
    g_autofree char *said = refusal("s3://AKIAEXAMPLE:secret@bucket/x", NULL);
    g_assert_null(strstr(said, "secret"));
    g_assert_nonnull(strstr(said, "credentialsFile"));
    static const char *const secrets[] = {"s3://AKIAEXAMPLE:sec/ret@bucket/x", "S3://AKIAEXAMPLE:sec/ret@bucket",
                                          "https://user:sec/ret@minio/bucket"};
    for (size_t i = 0; i < G_N_ELEMENTS(secrets); i++) {
        g_autofree char *words = refusal(secrets[i], NULL);
        if (strstr(words, "ret"))
            g_error("\"%s\" shows a secret", words);
    }
}

static void test_settings_win_over_url(void) {
    g_autofree char *said =
        refusal("s3://bucket?checksumAlgorithm=SHA1", (const char *[]){"checksumAlgorithm=wrong", NULL});
    g_assert_nonnull(strstr(said, "checksumAlgorithm \"wrong\""));
    g_autofree char *plain = refusal("s3://bucket", (const char *[]){"s3Url=http%3A//minio", NULL}); /* not decoded */
    g_assert_nonnull(strstr(plain, "http%3A//minio"));
    g_autofree char *broken = refusal("s3://bucket", (const char *[]){"region", NULL});
    g_assert_nonnull(strstr(broken, "\"region\" is not key=value"));
    g_autofree char *file = refusal("file:///a", (const char *[]){"region=x", NULL});
    g_assert_nonnull(strstr(file, "takes no settings"));
}

static void test_ca_forms(void) {
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("store-ca-XXXXXX", &path, NULL);
    g_assert_true(g_file_set_contents(path, "-----BEGIN CERTIFICATE-----\n", -1, NULL));
    g_autofree char *setting = g_strconcat("caCert=", path, NULL);
    const char *config[] = {setting, NULL},
               *base64_config[] = {"caCert=LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==", NULL},
               *text_config[] = {"caCert=-----BEGIN CERTIFICATE-----\n", NULL}; /* as Velero hands it on */
    g_autoptr(Store) by_file = store_open("s3://bucket", config, NULL, NULL);
    g_autoptr(Store) by_base64 = store_open("s3://bucket", base64_config, NULL, NULL);
    g_autoptr(Store) by_text = store_open("s3://bucket", text_config, NULL, NULL);
    g_assert_true(by_file && by_base64 && by_text);
    g_remove(path);
    g_close(fd, NULL);
}

/* --- keys ---------------------------------------------------------------------------------------------- */

static void assert_refused(Store *store, const char *key) {
    g_autoptr(GError) error = NULL;
    g_assert_null(store_put(store, key, NULL, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_false(store_put_bytes(store, key, "x", 1, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_null(store_get(store, key, 0, -1, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_null(store_get_bytes(store, key, 10, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_null(store_head(store, key, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_false(store_delete(store, key, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
    g_clear_error(&error);
    g_assert_null(store_sign_get(store, key, 60, &error));
    g_assert_error(error, BASE_ERROR, BASE_ERROR_INVALID);
}

static void test_keys(gconstpointer url) {
    static const char *const keys[] = {"",     "/",    "/a",     "a/",    "a//b",    ".",      "..",    "./a",
                                       "../a", "a/..", "a/../b", "a/./b", "a/b/../", "\xff/a", "a\xc3", NULL};
    g_autoptr(Store) store = store_open(url, NULL, NULL, NULL);
    for (const char *const *key = keys; *key; key++)
        assert_refused(store, *key);
    g_autofree char *long_key = g_strnfill(STORE_KEY_MAX + 1, 'a');
    assert_refused(store, long_key);
    g_assert_false(g_file_test("/nonexistent-store", G_FILE_TEST_EXISTS));
}

int main(int argc, char **argv) {
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/store/location/opens", test_opens);
    g_test_add_func("/store/location/refuses", test_refuses);
    g_test_add_func("/store/location/settings-win", test_settings_win_over_url);
    g_test_add_func("/store/location/ca-forms", test_ca_forms);
    g_test_add_data_func("/store/location/keys/file", "file:///nonexistent-store", test_keys);
    g_test_add_data_func("/store/location/keys/s3", "s3://bucket/prefix?s3Url=http://127.0.0.1:1", test_keys);
    return g_test_run();
}
