/* Opening: what the settings of a location mean. */
#include "store/s3-internal.h"

#include "base/text.h"

#include <openssl/evp.h>
#include <string.h>

static void s3_free(Store *base) {
    S3Store *store = (S3Store *)base;
    http_client_unref(store->http);
    s3_provider_free(store->keys);
    char *const texts[] = {store->base,     store->public_base,  store->region,
                           store->kms_key,  store->encryption,   store->tagging,
                           store->checksum, store->customer_key, store->customer_key_md5};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++)
        g_free(texts[i]);
    pthread_mutex_destroy(&store->lock);
    g_free(store);
}

static const char *const known_keys[] = {"region",
                                         "s3Url",
                                         "publicUrl",
                                         "s3ForcePathStyle",
                                         "caCert",
                                         "insecureSkipTLSVerify",
                                         "kmsKeyId",
                                         "serverSideEncryption",
                                         "customerKeyEncryptionFile",
                                         "tagging",
                                         "checksumAlgorithm",
                                         "profile",
                                         "credentialsFile",
                                         "enableSharedConfig",
                                         "signatureVersion",
                                         NULL};

static bool check_keys(GHashTable *config, GError **error) {
    GHashTableIter iter;
    char *key;
    g_hash_table_iter_init(&iter, config);
    while (g_hash_table_iter_next(&iter, (void **)&key, NULL)) {
        if (g_strv_contains(known_keys, key))
            continue;
        if (g_str_equal(key, "customerKeyEncryptionSecret")) {
            g_set_error_literal(error, BASE_ERROR, BASE_ERROR_USAGE,
                                "customerKeyEncryptionSecret names a Secret of a cluster; write its key to a file and "
                                "give customerKeyEncryptionFile");
            return false;
        }
        g_autofree char *hint = text_did_you_mean(text_nearest(key, known_keys));
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "unknown location setting \"%s\"%s", key, hint);
        return false;
    }
    return true;
}

/* Most settings become a part of a header: none may end its line. */
static bool check_values(GHashTable *config, GError **error) {
    GHashTableIter iter;
    char *key, *value;
    g_hash_table_iter_init(&iter, config);
    while (g_hash_table_iter_next(&iter, (void **)&key, (void **)&value))
        for (const char *c = value; *c; c++)
            if (g_ascii_iscntrl(*c) && !g_str_equal(key, "caCert") && !g_str_equal(key, "region")) {
                g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "%s holds a control character", key);
                return false;
            }
    return true;
}

/* The location's region, else the environment's. */
static char *region_setting(GHashTable *config) {
    const char *const names[] = {g_hash_table_lookup(config, "region"), g_getenv("AWS_REGION"),
                                 g_getenv("AWS_DEFAULT_REGION")};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++)
        if (names[i] && *names[i])
            return g_strdup(names[i]);
    return NULL;
}

static bool check_region(GHashTable *config, GError **error) {
    g_autofree char *region = region_setting(config);
    if (!region || s3_is_region(region))
        return true;
    g_autofree char *shown = g_strescape(region, NULL);
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "region \"%s\" is no region's name, as in eu-central-1", shown);
    return false;
}

/* One of the words, or absent. */
static bool check_words(GHashTable *config, const char *key, const char *const *words, GError **error) {
    const char *value = g_hash_table_lookup(config, key);
    if (!value || g_strv_contains(words, value))
        return true;
    g_autofree char *all = g_strjoinv(", ", (char **)words);
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "%s \"%s\" is none of: %s", key, value, all);
    return false;
}

/* http(s)://host[:port], or absent. */
static bool check_url(GHashTable *config, const char *key, GError **error) {
    const char *value = g_hash_table_lookup(config, key);
    if (!value || !*value)
        return true;
    g_autoptr(GUri) uri = g_uri_parse(value, G_URI_FLAGS_NONE, NULL);
    const char *scheme = uri ? g_uri_get_scheme(uri) : "", *path = uri ? g_uri_get_path(uri) : "";
    bool plain = uri && !g_uri_get_query(uri) && !g_uri_get_fragment(uri) && !g_uri_get_userinfo(uri);
    if (plain && (g_str_equal(scheme, "http") || g_str_equal(scheme, "https")) && g_uri_get_host(uri) &&
        *g_uri_get_host(uri) && (!*path || g_str_equal(path, "/")))
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE,
                "%s \"%s\" is not a server's URL, as in https://minio.example.com:9000", key, value);
    return false;
}

static bool exclude(GHashTable *config, const char *a, const char *b, GError **error) {
    const char *one = g_hash_table_lookup(config, a), *other = g_hash_table_lookup(config, b);
    if (!one || !*one || !other || !*other)
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "%s and %s exclude each other; leave one of them out", a, b);
    return false;
}

static bool check_config(GHashTable *config, GError **error) {
    static const char *const truths[] = {"true", "false", "True", "False", "TRUE", "FALSE", "1",
                                         "0",    "t",     "f",    "T",     "F",    "",      NULL};
    static const char *const algorithms[] = {"CRC32", "CRC32C", "SHA1", "SHA256", "", NULL};
    static const char *const encryptions[] = {"AES256", "aws:kms", "", NULL};
    return check_keys(config, error) && check_values(config, error) && check_region(config, error) &&
           check_words(config, "s3ForcePathStyle", truths, error) &&
           check_words(config, "insecureSkipTLSVerify", truths, error) &&
           check_words(config, "checksumAlgorithm", algorithms, error) &&
           check_words(config, "serverSideEncryption", encryptions, error) &&
           exclude(config, "kmsKeyId", "customerKeyEncryptionFile", error) &&
           exclude(config, "serverSideEncryption", "customerKeyEncryptionFile", error) &&
           check_url(config, "s3Url", error) && check_url(config, "publicUrl", error);
}

static bool is_true(GHashTable *config, const char *key) {
    const char *value = g_hash_table_lookup(config, key);
    return value && (strchr("tT", *value) || g_str_equal(value, "1")) && *value;
}

/* 32 bytes of customer key, as S3 wants them: base64, and their MD5. */
static bool read_customer_key(S3Store *store, const char *path, GError **error) {
    g_autofree char *key = NULL;
    gsize length;
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned size = 16;
    g_autoptr(GError) failure = NULL;
    if (!path || !*path)
        return true;
    if (!g_file_get_contents(path, &key, &length, &failure) || length != 32) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_USAGE, "customerKeyEncryptionFile %s: %s", path,
                    failure ? failure->message : "it must hold exactly 32 bytes");
        return false;
    }
    EVP_Digest(key, 32, digest, &size, EVP_md5(), NULL);
    store->customer_key = g_base64_encode((guchar *)key, 32);
    store->customer_key_md5 = g_base64_encode(digest, size);
    return true;
}

/* The certificates themselves, as Velero hands them to its plugins, base64 of them, as a
 * BackupStorageLocation has them, or the name of their file. NULL where it is none of these. */
static GBytes *read_ca(const char *ca) {
    static const char mark[] = "-----BEGIN ";
    g_autofree char *content = NULL;
    gsize length = strlen(ca);
    if (strstr(ca, mark))
        content = g_strdup(ca);
    else if (!g_file_get_contents(ca, &content, &length, NULL))
        content = (char *)g_base64_decode(ca, &length);
    if (!g_strstr_len(content, (gssize)length, mark))
        return NULL;
    return g_bytes_new_take(g_steal_pointer(&content), length);
}

static bool open_http(S3Store *store, GHashTable *config, GError **error) {
    const char *ca = g_hash_table_lookup(config, "caCert");
    g_autoptr(GBytes) pem = ca && *ca ? read_ca(ca) : NULL;
    if (ca && *ca && !pem) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_USAGE,
                            "caCert is neither a file of PEM certificates nor such certificates, plain or in base64");
        return false;
    }
    HttpConfig settings = {
        .user_agent = "ark/" SEAWORTHY_VERSION, .ca_pem = pem, .insecure = is_true(config, "insecureSkipTLSVerify")};
    store->http = http_client_new(&settings, error);
    return store->http != NULL;
}

/* A setting's copy; NULL where it is absent or empty. */
static char *setting(GHashTable *config, const char *key) {
    const char *value = g_hash_table_lookup(config, key);
    return value && *value ? g_strdup(value) : NULL;
}

/* The same for a server's URL, without the slash at its end. */
static char *url_setting(GHashTable *config, const char *key) {
    char *url = setting(config, key);
    if (url && g_str_has_suffix(url, "/"))
        url[strlen(url) - 1] = '\0';
    return url;
}

Store *store_s3_new(const char *bucket, const char *prefix, GHashTable *config, Cancel *cancel, GError **error) {
    static const StoreClass klass = {
        s3_free,     s3_put,         s3_get, s3_head, s3_list, s3_delete, s3_list_unfinished, s3_drop_unfinished,
        s3_sign_get, &store_s3_check};
    if (!check_config(config, error))
        return NULL;
    const char *checksum = g_hash_table_lookup(config, "checksumAlgorithm");
    S3Store *store = g_new0(S3Store, 1);
    store->store.klass = &klass;
    pthread_mutex_init(&store->lock, NULL);
    store->region = region_setting(config);
    store->base = url_setting(config, "s3Url");
    store->public_base = url_setting(config, "publicUrl");
    store->path_style = is_true(config, "s3ForcePathStyle");
    store->kms_key = setting(config, "kmsKeyId");
    store->encryption = setting(config, "serverSideEncryption");
    if (store->kms_key) { /* as with Velero, the key says how */
        g_free(store->encryption);
        store->encryption = g_strdup("aws:kms");
    }
    store->tagging = setting(config, "tagging");
    store->checksum = g_strdup(checksum ? checksum : "CRC32");
    if (!read_customer_key(store, g_hash_table_lookup(config, "customerKeyEncryptionFile"), error) ||
        !open_http(store, config, error)) {
        s3_free(&store->store);
        return NULL;
    }
    store->keys = s3_provider_new(g_hash_table_lookup(config, "credentialsFile"),
                                  g_hash_table_lookup(config, "profile"), store->region, store->http, cancel);
    store->store.provider = g_strdup("aws");
    store->store.bucket = g_strdup(bucket);
    store->store.prefix = g_strdup(prefix);
    return &store->store;
}
