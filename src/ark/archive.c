#include "ark/archive.h"

#include "ark/spec.h"
#include "base/tar.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <string.h>

enum { SHA256_LENGTH = 32 };

/* Names of one apiVersion/Kind: one text with line breaks, for memory's sake. */
typedef struct {
    char *kind;
    GString *names;
} ListedKind;

struct ArkArchive {
    Sink *sink;
    Sink *checksums;
    EVP_MD_CTX *digest; /* set up for SHA-256 once: finding an algorithm costs more than hashing an object */
    TarWriter *tar;
    gint64 mtime;
    GPtrArray *kinds;         /* ListedKind */
    GHashTable *kind_by_name; /* ListedKind by its kind */
    guint64 objects, bytes;
};

static void listed_kind_free(void *data) {
    ListedKind *listed = data;
    g_free(listed->kind);
    g_string_free(listed->names, TRUE);
    g_free(listed);
}

ArkArchive *ark_archive_new(Sink *sink, Sink *checksums, GError **error) {
    g_autoptr(ArkArchive) archive = g_new0(ArkArchive, 1);
    archive->sink = sink_gzip_new(sink, 1);
    archive->checksums = checksums;
    archive->digest = EVP_MD_CTX_new();
    if (!archive->digest || !EVP_DigestInit_ex2(archive->digest, EVP_sha256(), NULL)) {
        g_set_error_literal(error, BASE_ERROR, BASE_ERROR_FAILED, "SHA-256 is not to be had from libcrypto");
        return NULL;
    }
    archive->mtime = g_get_real_time() / G_USEC_PER_SEC;
    archive->kinds = g_ptr_array_new_with_free_func(listed_kind_free);
    archive->kind_by_name = g_hash_table_new(g_str_hash, g_str_equal);
    archive->tar = tar_writer_new(archive->sink, error);
    static const char version[] = ARK_FORMAT_VERSION "\n";
    if (!archive->tar ||
        !tar_writer_add(archive->tar, "metadata/version", version, strlen(version), archive->mtime, error))
        return NULL;
    return g_steal_pointer(&archive);
}

static ListedKind *listed_kind(ArkArchive *archive, const KubeResource *resource) {
    g_autofree char *kind = g_strdup_printf("%s/%s", resource->api_version, resource->kind);
    ListedKind *listed = g_hash_table_lookup(archive->kind_by_name, kind);
    if (!listed) {
        listed = g_new0(ListedKind, 1);
        listed->kind = g_steal_pointer(&kind);
        listed->names = g_string_new(NULL);
        g_ptr_array_add(archive->kinds, listed);
        g_hash_table_insert(archive->kind_by_name, listed->kind, listed);
    }
    return listed;
}

/* As sha256sum prints a file whose name has a line break: a \ before the line, and \\ and \n for the two. */
static char *escape_line(const char *line) {
    GString *out = g_string_new("\\");
    for (; *line; line++) {
        if (*line == '\n' || *line == '\\')
            g_string_append_c(out, '\\');
        g_string_append_c(out, *line == '\n' ? 'n' : *line);
    }
    return g_string_free(out, FALSE);
}

static bool add_checksum(ArkArchive *archive, const char *path, const void *data, size_t length, GError **error) {
    unsigned char digest[SHA256_LENGTH];
    static const char hex[] = "0123456789abcdef";
    char line[2 * SHA256_LENGTH + 2];
    if (!EVP_DigestInit_ex2(archive->digest, NULL, NULL) || !EVP_DigestUpdate(archive->digest, data, length) ||
        !EVP_DigestFinal_ex(archive->digest, digest, NULL)) {
        g_set_error(error, BASE_ERROR, BASE_ERROR_FAILED, "the SHA-256 of %s cannot be computed", path);
        return false;
    }
    for (size_t i = 0; i < sizeof digest; i++) {
        line[2 * i] = hex[digest[i] >> 4];
        line[2 * i + 1] = hex[digest[i] & 15];
    }
    line[sizeof line - 2] = line[sizeof line - 1] = ' ';
    if (strchr(path, '\n')) { /* RBAC's names may have one */
        g_autofree char *whole = g_strdup_printf("%.*s%s", (int)sizeof line, line, path), *escaped = escape_line(whole);
        return sink_write(archive->checksums, escaped, strlen(escaped), error) &&
               sink_write(archive->checksums, "\n", 1, error);
    }
    return sink_write(archive->checksums, line, sizeof line, error) &&
           sink_write(archive->checksums, path, strlen(path), error) && sink_write(archive->checksums, "\n", 1, error);
}

bool ark_archive_add(ArkArchive *archive, const ArkPage *page, GError **error) {
    const KubeResource *resource = ark_page_resource(page);
    ListedKind *listed = listed_kind(archive, resource);
    for (guint i = 0; i < ark_page_count(page); i++) {
        ArkPageObject object = ark_page_object(page, i);
        g_autofree char *place = object.namespace_ ? g_strdup_printf("namespaces/%s/%s", object.namespace_, object.name)
                                                   : g_strdup_printf("cluster/%s", object.name);
        g_autofree char *path = g_strdup_printf("resources/%s/%s.json", resource->group_resource, place);
        g_autofree char *versioned = g_strdup_printf("resources/%s/%s-preferredversion/%s.json",
                                                     resource->group_resource, resource->version, place);
        if (!tar_writer_add(archive->tar, path, object.text, object.length, archive->mtime, error) ||
            !tar_writer_add(archive->tar, versioned, object.text, object.length, archive->mtime, error) ||
            !add_checksum(archive, path, object.text, object.length, error))
            return false;
        const char *name = strchr(place, '/') + 1;
        g_string_append_len(listed->names, name, (gssize)strlen(name) + 1);
        archive->bytes += 2 * (guint64)object.length;
        archive->objects++;
    }
    return true;
}

bool ark_archive_finish(ArkArchive *archive, GError **error) {
    return tar_writer_finish(archive->tar, error) && sink_finish(archive->sink, error);
}

Sink *ark_archive_checksums(ArkArchive *archive) {
    return archive->checksums;
}

static int compare_kinds(const void *a, const void *b) {
    return strcmp((*(ListedKind *const *)a)->kind, (*(ListedKind *const *)b)->kind);
}

char *ark_archive_resource_list(const ArkArchive *archive, size_t *length) {
    GString *out = g_string_new("{");
    g_autoptr(yyjson_mut_doc) doc = yyjson_mut_doc_new(NULL);
    g_ptr_array_sort(archive->kinds, compare_kinds);
    for (guint i = 0; i < archive->kinds->len; i++) {
        const ListedKind *listed = g_ptr_array_index(archive->kinds, i);
        g_autoptr(GPtrArray) names = text_sorted(listed->names);
        g_string_append_printf(out, "%s\"%s\":[", i ? "," : "", listed->kind);
        for (guint k = 0; k < names->len; k++) {
            g_autofree char *quoted = json_mut_write(yyjson_mut_str(doc, g_ptr_array_index(names, k)), NULL);
            g_string_append_printf(out, "%s%s", k ? "," : "", quoted);
        }
        g_string_append_c(out, ']');
    }
    g_string_append_c(out, '}');
    if (length)
        *length = out->len;
    return g_string_free(out, FALSE);
}

guint64 ark_archive_objects(const ArkArchive *archive) {
    return archive->objects;
}

guint64 ark_archive_bytes(const ArkArchive *archive) {
    return archive->bytes;
}

void ark_archive_free(ArkArchive *archive) {
    if (!archive)
        return;
    tar_writer_free(archive->tar);
    EVP_MD_CTX_free(archive->digest);
    sink_free(archive->sink);
    sink_free(archive->checksums);
    g_ptr_array_unref(archive->kinds);
    g_hash_table_unref(archive->kind_by_name);
    g_free(archive);
}
