#include "ark/verify.h"

#include "ark/catalog.h"
#include "ark/checksums.h"
#include "ark/layout.h"
#include "ark/walk.h"
#include "base/json.h"
#include "base/text.h"

#include <openssl/evp.h>
#include <string.h>

enum { SHA256_LENGTH = 32 };

/* What is known of an object or a file, by its path or key. */
typedef struct {
    guint8 recorded[SHA256_LENGTH], found[SHA256_LENGTH];
    bool is_recorded;
    bool object, copy; /* seen at the one, the other path in the archive (or, for a file: read) */
    char path[];
} Sum;

/* What was met of a kind in the archive, and when. */
typedef struct {
    guint64 objects;
    gint64 first, last;
} KindSeen;

typedef struct {
    Store *store;
    const char *backup;
    const Limits *limits;
    Progress *progress;
    Cancel *cancel;
    ArkVerifyReport *report;
    bool has_checksums, is_ours;
    GHashTable *keys;         /* set: what is at the location */
    GHashTable *sums;         /* set of Sum by path */
    GHashTable *kinds;        /* group resource -> kind of its first object */
    GHashTable *seen;         /* group resource -> KindSeen */
    yyjson_doc *marker;       /* NULL where it is unreadable */
    yyjson_doc *listed;       /* the resource list */
    GHashTable *listed_kinds; /* "v1/Pod" -> set of "ns/name" that are not met in the archive yet; into `listed` */
    bool archive_is_whole;
} Verify;

/* --- what is found ---------------------------------------------------------------------------- */

static void damage_free(void *data) {
    ArkDamage *damage = data;
    g_free(damage->where);
    g_free(damage->what);
    g_free(damage);
}

void ark_verify_report_clear(ArkVerifyReport *report) {
    g_clear_pointer(&report->damages, g_ptr_array_unref);
    g_clear_pointer(&report->unchecked, g_ptr_array_unref);
}

static void damaged(Verify *verify, const char *where, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void damaged(Verify *verify, const char *where, const char *format, ...) {
    ArkVerifyReport *report = verify->report;
    if (report->damage_count++ >= ARK_DAMAGES_MAX)
        return;
    ArkDamage *damage = g_new0(ArkDamage, 1);
    va_list args;
    va_start(args, format);
    damage->where = g_strdup(where);
    damage->what = g_strdup_vprintf(format, args);
    va_end(args);
    g_ptr_array_add(report->damages, damage);
}

static void unchecked(Verify *verify, const char *format, ...) G_GNUC_PRINTF(2, 3);
static void unchecked(Verify *verify, const char *format, ...) {
    va_list args;
    va_start(args, format);
    g_ptr_array_add(verify->report->unchecked, g_strdup_vprintf(format, args));
    va_end(args);
}

/* Whether it tells of the data, and not of the way to it. */
static bool is_damage(const GError *error) {
    static const BaseErrorCode codes[] = {BASE_ERROR_CORRUPT, BASE_ERROR_INVALID, BASE_ERROR_LIMIT,
                                          BASE_ERROR_NOT_FOUND};
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++)
        if (g_error_matches(error, BASE_ERROR, codes[i]))
            return true;
    return false;
}

/* Notes damage; passes anything else on. */
static bool note(Verify *verify, const char *where, GError *failure, GError **error) {
    if (!is_damage(failure)) {
        g_propagate_error(error, failure);
        return false;
    }
    damaged(verify, where, "%s", failure->message);
    g_error_free(failure);
    return true;
}

/* --- sums ----------------------------------------------------------------------------------------- */

static guint sum_hash(const void *sum) {
    return g_str_hash(((const Sum *)sum)->path);
}

static gboolean sum_equal(const void *a, const void *b) {
    return g_str_equal(((const Sum *)a)->path, ((const Sum *)b)->path);
}

static Sum *sum_of(Verify *verify, const char *path) {
    size_t length = strlen(path) + 1;
    Sum *sum = g_malloc0(sizeof *sum + length);
    memcpy(sum->path, path, length);
    Sum *known = g_hash_table_lookup(verify->sums, sum);
    if (known) {
        g_free(sum);
        return known;
    }
    g_hash_table_add(verify->sums, sum);
    return sum;
}

static void from_hex(const char *hex, guint8 out[SHA256_LENGTH]) {
    for (size_t i = 0; i < SHA256_LENGTH; i++)
        out[i] = (guint8)(g_ascii_xdigit_value(hex[2 * i]) << 4 | g_ascii_xdigit_value(hex[2 * i + 1]));
}

static void to_hex(const guint8 sum[SHA256_LENGTH], char out[ARK_SHA256_HEX]) {
    for (size_t i = 0; i < SHA256_LENGTH; i++)
        g_snprintf(out + 2 * i, 3, "%02x", sum[i]);
}

static void compare_recorded(Verify *verify, const Sum *sum) {
    char found[ARK_SHA256_HEX], recorded[ARK_SHA256_HEX];
    if (!verify->has_checksums)
        return;
    if (!sum->is_recorded) {
        damaged(verify, sum->path, "no checksum of it is recorded: it was not stored with this backup");
        return;
    }
    if (memcmp(sum->recorded, sum->found, SHA256_LENGTH) == 0)
        return;
    to_hex(sum->found, found);
    to_hex(sum->recorded, recorded);
    damaged(verify, sum->path, "it is not what was stored: its SHA-256 is %s, recorded is %s", found, recorded);
}

static bool take_checksum(const char *hex, const char *path, guint64 line, void *data) {
    Verify *verify = data;
    g_autofree char *key = ark_layout_key(ARK_FILE_CHECKSUMS, verify->backup);
    if (!hex) {
        damaged(verify, key, "line %" G_GUINT64_FORMAT " is no checksum", line);
        return true;
    }
    Sum *sum = sum_of(verify, path);
    if (sum->is_recorded)
        damaged(verify, key, "line %" G_GUINT64_FORMAT " is a second checksum of %s", line, path);
    sum->is_recorded = true;
    from_hex(hex, sum->recorded);
    return true;
}

static bool read_checksums(Verify *verify, GError **error) {
    GError *failure = NULL;
    g_autofree char *key = ark_layout_key(ARK_FILE_CHECKSUMS, verify->backup);
    verify->has_checksums = g_hash_table_contains(verify->keys, key);
    verify->report->files += verify->has_checksums;
    return !verify->has_checksums ||
           ark_checksums_each(verify->store, verify->backup, take_checksum, verify, verify->limits, &failure) ||
           note(verify, key, failure, error);
}

/* --- files beside the archive ----------------------------------------------------------------------- */

typedef enum { PLAIN_JSON, GZIPPED_JSON, GZIPPED_TEXT } Form;

static const struct {
    ArkFile file;
    Form form;
    bool always; /* any Velero writes it */
} files[] = {
    {ARK_FILE_LOG, GZIPPED_TEXT, true},
    {ARK_FILE_POD_VOLUMES, GZIPPED_JSON, true},
    {ARK_FILE_VOLUME_SNAPSHOTS, GZIPPED_JSON, true},
    {ARK_FILE_RESOURCE_LIST, GZIPPED_JSON, true},
    {ARK_FILE_ITEM_OPERATIONS, GZIPPED_JSON, false},
    {ARK_FILE_RESULTS, GZIPPED_JSON, false},
    {ARK_FILE_VOLUME_INFO, GZIPPED_JSON, false},
    {ARK_FILE_CSI_SNAPSHOTS, GZIPPED_JSON, false},
    {ARK_FILE_CSI_CONTENTS, GZIPPED_JSON, false},
    {ARK_FILE_CSI_CLASSES, GZIPPED_JSON, false},
};

static bool drain(Source *source, GError **error) {
    g_autofree char *buffer = g_malloc(64 * 1024);
    gssize count;
    while ((count = source_read(source, buffer, 64 * 1024, error)) > 0)
        ;
    return count == 0;
}

/* Reads to the end, so that gzip's own checksum and ours are compared. JSON is parsed into `out`. */
static bool read_content(Verify *verify, const char *key, Form form, char hex[ARK_SHA256_HEX], yyjson_doc **out,
                         GError **error) {
    Source *stored = store_get(verify->store, key, 0, -1, error);
    if (!stored)
        return false;
    Source *hashed = source_sha256_new(stored, hex, NULL);
    g_autoptr(Source) source = form == PLAIN_JSON ? hashed : source_gunzip_new(hashed, verify->limits);
    if (form == GZIPPED_TEXT)
        return drain(source, error);
    g_autoptr(GBytes) bytes = form == PLAIN_JSON ? source_read_all(source, ARK_OBJECT_MAX, error)
                                                 : source_read_file(source, verify->limits, error);
    if (!bytes)
        return false;
    gsize length;
    const char *text = g_bytes_get_data(bytes, &length);
    *out = json_parse(text, length, "the file", error);
    return *out != NULL;
}

static bool check_file(Verify *verify, ArkFile file, Form form, yyjson_doc **out, GError **error) {
    g_autofree char *key = ark_layout_key(file, verify->backup);
    char hex[ARK_SHA256_HEX];
    GError *failure = NULL;
    g_autoptr(yyjson_doc) ignored = NULL;
    Sum *sum = sum_of(verify, key);
    verify->report->files++;
    sum->object = true;
    if (!read_content(verify, key, form, hex, out ? out : &ignored, &failure))
        return note(verify, key, failure, error);
    from_hex(hex, sum->found);
    compare_recorded(verify, sum);
    return true;
}

/* Whether the file is there; damage, or a word, where it is not. */
static bool is_there(Verify *verify, ArkFile file, bool needed) {
    g_autofree char *key = ark_layout_key(file, verify->backup);
    if (g_hash_table_contains(verify->keys, key))
        return true;
    sum_of(verify, key)->object = true; /* named once */
    if (needed)
        damaged(verify, key, "it is missing");
    else
        unchecked(verify, "%s is not there; Velero writes it in some versions and settings only", key);
    return false;
}

static bool check_files(Verify *verify, GError **error) {
    for (size_t i = 0; i < G_N_ELEMENTS(files); i++) {
        bool list = files[i].file == ARK_FILE_RESOURCE_LIST;
        if (is_there(verify, files[i].file, files[i].always || verify->is_ours) &&
            !check_file(verify, files[i].file, files[i].form, list ? &verify->listed : NULL, error))
            return false;
    }
    return true;
}

/* --- the marker --------------------------------------------------------------------------------------- */

static bool check_marker(Verify *verify, GError **error) {
    if (is_there(verify, ARK_FILE_BACKUP, true) &&
        !check_file(verify, ARK_FILE_BACKUP, PLAIN_JSON, &verify->marker, error))
        return false;
    if (!verify->marker)
        return true;
    g_autofree char *key = ark_layout_key(ARK_FILE_BACKUP, verify->backup);
    yyjson_val *root = yyjson_doc_get_root(verify->marker), *name, *value;
    const char *phase = json_get_string(root, "status", "phase");
    if (g_strcmp0(json_get_string(root, "kind"), "Backup") != 0 ||
        g_strcmp0(json_get_string(root, "metadata", "name"), verify->backup) != 0)
        damaged(verify, key, "it is not the Backup object of %s", verify->backup);
    if (g_strcmp0(phase, "Completed") != 0 && g_strcmp0(phase, "PartiallyFailed") != 0)
        damaged(verify, key, "its phase is %s: the backup did not come to its end", phase ? phase : "missing");
    json_foreach_member(json_get(root, "metadata", "annotations"), name, value)
        verify->is_ours = verify->is_ours || g_str_has_prefix(yyjson_get_str(name), "ark.seaworthy.dev/");
    return true;
}

/* --- the archive ------------------------------------------------------------------------------------------ */

static void read_list(Verify *verify) {
    yyjson_val *kind, *names, *name;
    size_t index, count;
    verify->listed_kinds = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)g_hash_table_unref);
    json_foreach_member(yyjson_doc_get_root(verify->listed), kind, names) {
        GHashTable *set = g_hash_table_new(g_str_hash, g_str_equal);
        yyjson_arr_foreach(names, index, count, name) {
            if (yyjson_is_str(name))
                g_hash_table_add(set, (void *)yyjson_get_str(name));
        }
        g_hash_table_insert(verify->listed_kinds, (void *)yyjson_get_str(kind), set);
    }
}

static void check_listed(Verify *verify, const ArkPlace *place, const char *api_version, const char *kind) {
    if (!verify->listed)
        return;
    g_autofree char *of = g_strdup_printf("%s/%s", api_version, kind);
    g_autofree char *name =
        place->namespace_ ? g_strdup_printf("%s/%s", place->namespace_, place->name) : g_strdup(place->name);
    GHashTable *set = g_hash_table_lookup(verify->listed_kinds, of);
    if (!set || !g_hash_table_remove(set, name))
        damaged(verify, place->path, "the resource list does not name it");
}

/* Whether the JSON is an object of the kind, name and namespace of its path. */
static void check_object(Verify *verify, const ArkPlace *place, const GByteArray *content) {
    g_autoptr(GError) failure = NULL;
    g_autoptr(yyjson_doc) doc = json_parse((const char *)content->data, content->len, "the object", &failure);
    if (!doc) {
        damaged(verify, place->path, "%s", failure->message);
        return;
    }
    yyjson_val *object = yyjson_doc_get_root(doc);
    const char *api_version = json_get_string(object, "apiVersion"), *kind = json_get_string(object, "kind"),
               *name = json_get_string(object, "metadata", "name"),
               *space = json_get_string(object, "metadata", "namespace");
    if (!api_version || !kind) {
        damaged(verify, place->path, "it has no apiVersion and kind");
        return;
    }
    const char *slash = strchr(api_version, '/'), *dot = strchr(place->group_resource, '.');
    g_autofree char *group = slash ? g_strndup(api_version, (gsize)(slash - api_version)) : g_strdup("");
    if (!g_str_equal(group, dot ? dot + 1 : ""))
        damaged(verify, place->path, "its apiVersion is %s", api_version);
    const char *usual = g_hash_table_lookup(verify->kinds, place->group_resource);
    if (!usual)
        g_hash_table_insert(verify->kinds, g_strdup(place->group_resource), g_strdup(kind));
    else if (!g_str_equal(usual, kind))
        damaged(verify, place->path, "its kind is %s, that of the others there is %s", kind, usual);
    if (g_strcmp0(name, place->name) != 0)
        damaged(verify, place->path, "its name is %s", name ? name : "missing");
    if (g_strcmp0(space && *space ? space : NULL, place->namespace_) != 0)
        damaged(verify, place->path, "its namespace is %s", space ? space : "missing");
    if (!place->version)
        check_listed(verify, place, api_version, kind);
}

/* An object is there at two paths, of which either may come first. */
static void check_sum(Verify *verify, const ArkPlace *place, const guint8 found[SHA256_LENGTH]) {
    g_autofree char *path = place->namespace_
                                ? g_strdup_printf("resources/%s/namespaces/%s/%s.json", place->group_resource,
                                                  place->namespace_, place->name)
                                : g_strdup_printf("resources/%s/cluster/%s.json", place->group_resource, place->name);
    Sum *sum = sum_of(verify, path);
    bool *seen = place->version ? &sum->copy : &sum->object, other = place->version ? sum->object : sum->copy;
    if (*seen)
        damaged(verify, place->path, "it is in the archive twice");
    else if (other && memcmp(sum->found, found, SHA256_LENGTH) != 0)
        damaged(verify, place->path, "it is not the same at its two paths");
    if (!place->version || !other)
        memcpy(sum->found, found, SHA256_LENGTH);
    *seen = true;
    if (!place->version)
        compare_recorded(verify, sum);
}

static void check_version(Verify *verify, const ArkPlace *place, const GByteArray *content) {
    g_autofree char *text = g_strndup((const char *)content->data, content->len);
    const char *format = json_get_string(yyjson_doc_get_root(verify->marker), "status", "formatVersion");
    if (!g_str_equal(place->path, "metadata/version")) {
        if (verify->is_ours)
            damaged(verify, place->path, "it is no part of a backup");
    } else if (format && g_strcmp0(g_strstrip(text), format) != 0) {
        damaged(verify, place->path, "the archive has not the format of its Backup object, %s", format);
    }
}

static void count_object(Verify *verify, const ArkPlace *place) {
    verify->report->objects++;
    KindSeen *seen = g_hash_table_lookup(verify->seen, place->group_resource);
    if (!seen) {
        seen = g_new0(KindSeen, 1);
        seen->first = g_get_monotonic_time();
        g_hash_table_insert(verify->seen, g_strdup(place->group_resource), seen);
        progress_set_note(verify->progress, place->group_resource);
    }
    seen->objects++;
    seen->last = g_get_monotonic_time();
}

/* Kinds may be mixed in an archive: they are done at its end. */
static void tell_kinds(const Verify *verify) {
    g_autoptr(GPtrArray) kinds = g_ptr_array_new();
    GHashTableIter iter;
    void *kind;
    g_hash_table_iter_init(&iter, verify->seen);
    while (g_hash_table_iter_next(&iter, &kind, NULL))
        g_ptr_array_add(kinds, kind);
    g_ptr_array_sort(kinds, text_compare);
    for (guint i = 0; i < kinds->len; i++) {
        const KindSeen *seen = g_hash_table_lookup(verify->seen, g_ptr_array_index(kinds, i));
        progress_kind_done(verify->progress, g_ptr_array_index(kinds, i), seen->objects, seen->last - seen->first);
    }
}

static bool walk_archive(Verify *verify, ArkWalk *walk, char **last, GError **error) {
    g_autoptr(GByteArray) content = g_byte_array_new();
    const ArkPlace *place;
    int more;
    while ((more = ark_walk_next(walk, &place, error)) > 0) {
        if (cancel_check(verify->cancel, error))
            return false;
        g_free(*last);
        *last = g_strdup(place->path);
        g_byte_array_set_size(content, 0);
        if (!ark_walk_read(walk, content, error))
            return false;
        if (!place->group_resource) {
            check_version(verify, place, content);
            continue;
        }
        guint8 found[EVP_MAX_MD_SIZE];
        EVP_Digest(content->data, content->len, found, NULL, EVP_sha256(), NULL);
        if (!place->version || ark_place_is_copy(place))
            check_sum(verify, place, found);
        if (!ark_place_is_copy(place))
            check_object(verify, place, content);
        if (!place->version)
            count_object(verify, place);
        progress_add(verify->progress, !place->version, content->len);
    }
    return more == 0;
}

static bool check_archive(Verify *verify, GError **error) {
    g_autofree char *key = ark_layout_key(ARK_FILE_CONTENTS, verify->backup), *last = NULL;
    if (!is_there(verify, ARK_FILE_CONTENTS, true))
        return true;
    char hex[ARK_SHA256_HEX];
    GError *failure = NULL;
    Source *source = store_get(verify->store, key, 0, -1, error);
    if (!source)
        return false;
    Sum *sum = sum_of(verify, key);
    sum->object = true;
    verify->report->files++;
    g_autoptr(ArkWalk) walk = ark_walk_new(source_sha256_new(source, hex, NULL), verify->limits, &failure);
    verify->archive_is_whole = walk && walk_archive(verify, walk, &last, &failure);
    tell_kinds(verify);
    if (!verify->archive_is_whole) {
        if (is_damage(failure) && last)
            g_prefix_error(&failure, "it cannot be read to its end, behind %s: ", last);
        unchecked(verify, "what stands in the archive behind its damage");
        return note(verify, key, failure, error);
    }
    from_hex(hex, sum->found);
    compare_recorded(verify, sum);
    return true;
}

/* --- what is missing ---------------------------------------------------------------------------------------- */

static int compare_sums(const void *a, const void *b) {
    return strcmp((*(Sum *const *)a)->path, (*(Sum *const *)b)->path);
}

static void check_all_seen(Verify *verify) {
    g_autoptr(GPtrArray) missing = g_ptr_array_new();
    GHashTableIter iter;
    Sum *sum;
    g_hash_table_iter_init(&iter, verify->sums);
    while (g_hash_table_iter_next(&iter, (void **)&sum, NULL)) {
        bool in_archive = g_str_has_prefix(sum->path, "resources/");
        if (!sum->object || (in_archive && verify->is_ours && !sum->copy))
            g_ptr_array_add(missing, sum);
    }
    g_ptr_array_sort(missing, compare_sums);
    for (guint i = 0; i < missing->len; i++) {
        sum = g_ptr_array_index(missing, i);
        damaged(verify, sum->path, "%s",
                sum->object ? "its copy at the path with the version is missing" : "it is missing");
    }
}

static void check_list_met(Verify *verify) {
    g_autofree char *key = ark_layout_key(ARK_FILE_RESOURCE_LIST, verify->backup);
    g_autoptr(GPtrArray) left = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter kinds, names;
    char *kind, *name;
    GHashTable *set;
    g_hash_table_iter_init(&kinds, verify->listed_kinds);
    while (g_hash_table_iter_next(&kinds, (void **)&kind, (void **)&set)) {
        g_hash_table_iter_init(&names, set);
        while (g_hash_table_iter_next(&names, (void **)&name, NULL))
            g_ptr_array_add(left, g_strdup_printf("%s %s", kind, name));
    }
    g_ptr_array_sort(left, text_compare);
    for (guint i = 0; i < left->len; i++)
        damaged(verify, key, "it names %s, which is not in the archive", (char *)g_ptr_array_index(left, i));
}

/* 0 where the Backup object does not tell it. */
static guint64 told_objects(const Verify *verify) {
    gint64 told = json_int(json_get(yyjson_doc_get_root(verify->marker), "status", "progress", "itemsBackedUp"), 0);
    return told > 0 ? (guint64)told : 0;
}

static void check_count(Verify *verify) {
    g_autofree char *key = ark_layout_key(ARK_FILE_BACKUP, verify->backup);
    yyjson_val *count = json_get(yyjson_doc_get_root(verify->marker), "status", "progress", "itemsBackedUp");
    gint64 told = json_int(count, -1);
    if (!count && !verify->is_ours)
        unchecked(verify, "the number of objects: the Backup object does not tell it");
    else if (told < 0 || (guint64)told != verify->report->objects)
        damaged(verify, key, "it tells of %" G_GINT64_FORMAT " objects, the archive has %" G_GUINT64_FORMAT, told,
                verify->report->objects);
}

static void check_whole(Verify *verify) {
    check_all_seen(verify);
    if (verify->listed)
        check_list_met(verify);
    if (verify->marker)
        check_count(verify);
}

/* --- the run -------------------------------------------------------------------------------------------------- */

static bool collect_key(const StoreObject *object, const char *prefix, void *data, GError **error) {
    if (object)
        g_hash_table_add(data, g_strdup(object->key));
    return true;
}

static bool read_keys(Verify *verify, GError **error) {
    g_autofree char *dir = ark_layout_backup_dir(verify->backup);
    if (!store_list(verify->store, dir, NULL, collect_key, verify->keys, error))
        return false;
    if (g_hash_table_size(verify->keys) > 0)
        return true;
    g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND,
                "there is no backup \"%s\" in %s; `ark backup get` lists what is there", verify->backup,
                store_url(verify->store));
    return false;
}

static bool run(Verify *verify, GError **error) {
    if (!read_keys(verify, error) || !read_checksums(verify, error) || !check_marker(verify, error))
        return false;
    verify->is_ours = verify->is_ours || verify->has_checksums;
    if (verify->is_ours)
        is_there(verify, ARK_FILE_CHECKSUMS, true);
    else
        unchecked(verify, "whether each byte is what was stored: Velero records no checksums");
    if (!check_files(verify, error))
        return false;
    if (verify->listed)
        read_list(verify);
    progress_set_total(verify->progress, told_objects(verify));
    if (!check_archive(verify, error))
        return false;
    if (verify->archive_is_whole)
        check_whole(verify);
    ArkVerifyReport *report = verify->report;
    report->verdict = report->damage_count     ? ARK_VERIFY_DAMAGED
                      : report->unchecked->len ? ARK_VERIFY_PARTLY
                                               : ARK_VERIFY_GOOD;
    return true;
}

bool ark_verify(Store *store, const char *backup, const Limits *limits, Progress *progress, Cancel *cancel,
                ArkVerifyReport *out, GError **error) {
    *out = (ArkVerifyReport){.damages = g_ptr_array_new_with_free_func(damage_free),
                             .unchecked = g_ptr_array_new_with_free_func(g_free)};
    Verify verify = {.store = store,
                     .backup = backup,
                     .limits = limits,
                     .progress = progress,
                     .cancel = cancel,
                     .report = out,
                     .keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                     .sums = g_hash_table_new_full(sum_hash, sum_equal, g_free, NULL),
                     .kinds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                     .seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
    bool ok = run(&verify, error);
    g_hash_table_unref(verify.keys);
    g_hash_table_unref(verify.sums);
    g_hash_table_unref(verify.kinds);
    g_hash_table_unref(verify.seen);
    g_clear_pointer(&verify.listed_kinds, g_hash_table_unref);
    yyjson_doc_free(verify.marker);
    yyjson_doc_free(verify.listed);
    return ok;
}
