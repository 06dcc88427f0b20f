/* Checksums of bodies: sent with every part, and checked when an object is read.
 * Source: "Checking object integrity" of the Amazon S3 user guide. */
#include "store/s3-internal.h"

#include <isa-l/crc.h>
#include <openssl/evp.h>
#include <string.h>
#include <zlib.h>

static const char *const algorithms[] = {"CRC32", "CRC32C", "SHA1", "SHA256", NULL};

/* --- a digest by any of the algorithms ------------------------------------------------------- */

typedef struct {
    const char *name;
    guint32 crc;
    EVP_MD_CTX *context;
} Digest;

static bool is_crc(const Digest *digest) {
    return digest->name[0] == 'C';
}

static void digest_start(Digest *digest) {
    digest->crc = g_str_equal(digest->name, "CRC32C") ? ~0u : 0;
    if (is_crc(digest))
        return;
    if (!digest->context)
        digest->context = EVP_MD_CTX_new();
    EVP_DigestInit_ex(digest->context, g_str_equal(digest->name, "SHA1") ? EVP_sha1() : EVP_sha256(), NULL);
}

static void digest_add(Digest *digest, const void *data, size_t length) {
    if (!is_crc(digest))
        EVP_DigestUpdate(digest->context, data, length);
    else if (g_str_equal(digest->name, "CRC32"))
        digest->crc = (guint32)crc32_z(digest->crc, data, length);
    else
        for (unsigned char *bytes = (unsigned char *)data; length > 0;) {
            size_t take = MIN(length, (size_t)1 << 30); /* it counts in int */
            digest->crc = crc32_iscsi(bytes, (int)take, digest->crc);
            bytes += take;
            length -= take;
        }
}

/* The number of bytes. */
static unsigned digest_end(Digest *digest, unsigned char out[EVP_MAX_MD_SIZE]) {
    unsigned size = 4;
    guint32 crc = GUINT32_TO_BE(g_str_equal(digest->name, "CRC32C") ? ~digest->crc : digest->crc);
    if (is_crc(digest))
        memcpy(out, &crc, 4);
    else
        EVP_DigestFinal_ex(digest->context, out, &size);
    return size;
}

char *s3_checksum_header(const S3Store *store, const void *data, size_t length) {
    if (!store->checksum || !*store->checksum)
        return NULL;
    Digest digest = {.name = store->checksum};
    unsigned char bytes[EVP_MAX_MD_SIZE];
    digest_start(&digest);
    if (length > 0)
        digest_add(&digest, data, length);
    unsigned size = digest_end(&digest, bytes);
    EVP_MD_CTX_free(digest.context);
    g_autofree char *base64 = g_base64_encode(bytes, size), *name = g_ascii_strdown(store->checksum, -1);
    return g_strdup_printf("x-amz-checksum-%s: %s", name, base64);
}

/* --- what was read, against what the server keeps ------------------------------------------------ */

/* A checksum "BASE64" is over the bytes, "BASE64-N" over the checksums of N parts. */
struct S3Verifier {
    Digest digest, outer;
    char *want;
    guint64 parts;     /* 0: of the bytes */
    guint64 part_size; /* of the part at hand */
    guint64 left;      /* of it */
    guint64 done;      /* parts */
    bool added;        /* bytes to the part at hand */
};

/* Parts are of one size, but as s3_part_size() says for those that are ours. */
static guint64 size_of_part(const S3Verifier *verifier, guint64 first, guint64 number) {
    return verifier->parts > S3_PARTS_BEFORE_GROWTH ? s3_part_size(number) : first;
}

/* Whether parts that begin with `first` bytes add up to the object. */
static bool parts_fit(const S3Verifier *verifier, guint64 first, guint64 size) {
    guint64 before = 0;
    if (verifier->parts > S3_PARTS_BEFORE_GROWTH && first != S3_PART_MIN)
        return false;
    for (guint64 i = 0; i + 1 < verifier->parts && before < size; i++)
        before += size_of_part(verifier, first, i);
    return before < size && size - before <= size_of_part(verifier, first, verifier->parts - 1);
}

/* The parts' size; false where it cannot be told, and so nothing be checked. */
static bool find_parts(S3Verifier *verifier, S3Store *store, const StoreObject *object) {
    g_auto(HttpResponse) response = {0};
    g_autoptr(StoreObject) first = s3_head_with(store, object->key, "partNumber=1", &response, NULL);
    if (!first || g_strcmp0(first->etag, object->etag) != 0 || !parts_fit(verifier, first->size, object->size))
        return false;
    verifier->part_size = verifier->left = first->size;
    return true;
}

S3Verifier *s3_verifier_new(S3Store *store, const StoreObject *object, const HttpResponse *head) {
    enum { PARTS_MAX = 10000 };
    for (const char *const *name = algorithms; *name; name++) {
        g_autofree char *lower = g_ascii_strdown(*name, -1), *header = g_strconcat("x-amz-checksum-", lower, NULL);
        const char *value = http_response_header(head, header);
        if (!value || !*value)
            continue;
        const char *dash = strchr(value, '-'), *type = http_response_header(head, "x-amz-checksum-type");
        /* Not every server adds "-N"; whether an object of parts has a checksum over all, it must say then. */
        if (!dash && object->etag && strchr(object->etag, '-') && g_strcmp0(type, "FULL_OBJECT") != 0)
            return NULL;
        S3Verifier *verifier = g_new0(S3Verifier, 1);
        *verifier = (S3Verifier){.digest = {.name = *name}, .outer = {.name = *name}, .want = g_strdup(value)};
        if (dash && (!g_ascii_string_to_unsigned(dash + 1, 10, 1, PARTS_MAX, &verifier->parts, NULL) ||
                     !find_parts(verifier, store, object))) {
            s3_verifier_free(verifier);
            return NULL;
        }
        digest_start(&verifier->digest);
        digest_start(&verifier->outer);
        return verifier;
    }
    return NULL;
}

void s3_verifier_free(S3Verifier *verifier) {
    if (!verifier)
        return;
    EVP_MD_CTX_free(verifier->digest.context);
    EVP_MD_CTX_free(verifier->outer.context);
    g_free(verifier->want);
    g_free(verifier);
}

static void end_part(S3Verifier *verifier) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned size = digest_end(&verifier->digest, bytes);
    digest_add(&verifier->outer, bytes, size);
    digest_start(&verifier->digest);
    verifier->done++;
    verifier->left = size_of_part(verifier, verifier->part_size, verifier->done);
    verifier->added = false;
}

void s3_verifier_add(S3Verifier *verifier, const void *data, size_t length) {
    const char *bytes = data;
    while (length > 0) {
        size_t take = verifier->parts ? (size_t)MIN(length, verifier->left) : length;
        digest_add(&verifier->digest, bytes, take);
        verifier->added = true;
        verifier->left -= verifier->parts ? take : 0;
        bytes += take;
        length -= take;
        if (verifier->parts && verifier->left == 0)
            end_part(verifier);
    }
}

bool s3_verifier_matches(S3Verifier *verifier) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    if (verifier->parts && verifier->added)
        end_part(verifier);
    unsigned size = digest_end(verifier->parts ? &verifier->outer : &verifier->digest, bytes);
    g_autofree char *base64 = g_base64_encode(bytes, size);
    g_autofree char *have =
        verifier->parts ? g_strdup_printf("%s-%" G_GUINT64_FORMAT, base64, verifier->parts) : g_strdup(base64);
    return g_str_equal(have, verifier->want);
}
