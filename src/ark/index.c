#include "ark/index.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SPOOL_BUFFER = 1 << 20 };

struct ArkIndex {
    int fd;
    guint64 size;
    GByteArray *pending; /* not yet written */
    GByteArray *whole;   /* the present object, where only a part of it is kept */
    GPtrArray *kinds;
    GHashTable *by_name;
    GHashTable *namespaces;
    GStringChunk *names;
};

static void version_free(void *data) {
    ArkIndexVersion *version = data;
    g_free(version->version);
    g_array_unref(version->entries);
    g_free(version);
}

static void kind_free(void *data) {
    ArkIndexKind *kind = data;
    g_ptr_array_unref(kind->versions);
    g_free(kind->group_resource);
    g_free(kind->preferred_version);
    g_array_unref(kind->entries);
    g_free(kind);
}

void ark_index_free(ArkIndex *index) {
    if (!index)
        return;
    if (index->fd >= 0)
        close(index->fd);
    g_byte_array_unref(index->pending);
    g_byte_array_unref(index->whole);
    g_ptr_array_unref(index->kinds);
    g_hash_table_unref(index->by_name);
    g_hash_table_unref(index->namespaces);
    g_string_chunk_free(index->names);
    g_free(index);
}

/* A file without a name: gone with the process, however it ends. */
static int open_spool(GError **error) {
    const char *dir = g_get_tmp_dir();
    int fd = open(dir, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0) { /* not every file system can */
        g_autofree char *name = g_build_filename(dir, "ark-restore-XXXXXX", NULL);
        fd = mkostemp(name, O_CLOEXEC);
        if (fd >= 0)
            unlink(name);
    }
    if (fd < 0)
        base_error_set_errno(error, errno, "no temporary file in %s (set TMPDIR to a directory with room)", dir);
    return fd;
}

static bool spool_flush(ArkIndex *index, GError **error) {
    size_t done = 0;
    while (done < index->pending->len) {
        ssize_t count = write(index->fd, index->pending->data + done, index->pending->len - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0) {
            base_error_set_errno(error, errno,
                                 "the unpacked backup cannot be written to %s (set TMPDIR to a directory with room)",
                                 g_get_tmp_dir());
            return false;
        }
        done += (size_t)count;
    }
    g_byte_array_set_size(index->pending, 0);
    return true;
}

static ArkIndexKind *index_kind(ArkIndex *index, const char *group_resource) {
    ArkIndexKind *kind = g_hash_table_lookup(index->by_name, group_resource);
    if (!kind) {
        kind = g_new0(ArkIndexKind, 1);
        kind->group_resource = g_strdup(group_resource);
        kind->entries = g_array_new(FALSE, FALSE, sizeof(ArkEntry));
        kind->versions = g_ptr_array_new_with_free_func(version_free);
        g_ptr_array_add(index->kinds, kind);
        g_hash_table_insert(index->by_name, kind->group_resource, kind);
    }
    return kind;
}

static ArkIndexVersion *find_version(const ArkIndexKind *kind, const char *version) {
    for (guint i = 0; i < kind->versions->len; i++) {
        ArkIndexVersion *found = g_ptr_array_index(kind->versions, i);
        if (g_str_equal(found->version, version))
            return found;
    }
    return NULL;
}

/* Where objects of that version go; NULL version: the preferred one, whose copies have no version in their path. */
static GArray *entries_of(ArkIndexKind *kind, const char *version) {
    if (!version)
        return kind->entries;
    ArkIndexVersion *found = find_version(kind, version);
    if (!found) {
        found = g_new0(ArkIndexVersion, 1);
        *found = (ArkIndexVersion){g_strdup(version), g_array_new(FALSE, FALSE, sizeof(ArkEntry))};
        g_ptr_array_add(kind->versions, found);
    }
    return found->entries;
}

/* Appends what is kept of the present object. */
static bool keep(ArkIndex *index, ArkWalk *walk, const ArkPlace *place, const ArkIndexOptions *options,
                 GError **error) {
    if (!options || !options->reduce)
        return ark_walk_read(walk, index->pending, error);
    g_byte_array_set_size(index->whole, 0);
    if (!ark_walk_read(walk, index->whole, error))
        return false;
    options->reduce(place, (const char *)index->whole->data, index->whole->len, index->pending, options->data);
    return true;
}

static void note_namespace(ArkIndex *index, const char *name) {
    if (name && !g_hash_table_contains(index->namespaces, name))
        g_hash_table_add(index->namespaces, g_strdup(name));
}

/* Enters an object whose text is the last of what is pending. */
static bool add_entry(ArkIndex *index, GArray *entries, const char *namespace_, const char *name, guint length,
                      GError **error) {
    ArkEntry entry = {
        .namespace_ = namespace_ ? g_string_chunk_insert_const(index->names, namespace_) : NULL,
        .name = g_string_chunk_insert(index->names, name),
        .offset = index->size,
        .length = length,
    };
    index->size += length;
    g_array_append_val(entries, entry);
    return index->pending->len < SPOOL_BUFFER || spool_flush(index, error);
}

/* Takes one file of the archive in. The copy under "<version>-preferredversion" is
 * the unversioned one again: only its version is of interest. */
static bool take_file(ArkIndex *index, ArkWalk *walk, const ArkPlace *place, const ArkIndexOptions *options,
                      GError **error) {
    if (!place->group_resource)
        return true; /* metadata/version, and what later formats add */
    note_namespace(index, place->namespace_);
    ArkIndexKind *kind = index_kind(index, place->group_resource);
    if (ark_place_is_copy(place)) {
        if (!kind->preferred_version)
            kind->preferred_version = g_strndup(place->version, strlen(place->version) - strlen("-preferredversion"));
        return true;
    }
    if (options && options->wants && !options->wants(place->group_resource, place->namespace_, options->data))
        return true;
    guint start = index->pending->len;
    return keep(index, walk, place, options, error) &&
           add_entry(index, entries_of(kind, place->version), place->namespace_, place->name,
                     index->pending->len - start, error);
}

int ark_entry_compare(const void *a, const void *b) {
    const ArkEntry *x = a, *y = b;
    int order = g_strcmp0(x->namespace_, y->namespace_);
    return order ? order : strcmp(x->name, y->name);
}

static int compare_kinds(const void *a, const void *b) {
    return strcmp((*(ArkIndexKind *const *)a)->group_resource, (*(ArkIndexKind *const *)b)->group_resource);
}

/* Sorts, and of several files for one object keeps the last, as unpacking would. */
static void settle_entries(GArray *entries) {
    g_array_sort(entries, ark_entry_compare); /* stable */
    guint kept = 0;
    for (guint k = 0; k < entries->len; k++) {
        const ArkEntry *entry = &g_array_index(entries, ArkEntry, k);
        if (kept > 0 && ark_entry_compare(&g_array_index(entries, ArkEntry, kept - 1), entry) == 0)
            kept--;
        g_array_index(entries, ArkEntry, kept++) = *entry;
    }
    g_array_set_size(entries, kept);
}

static void settle(ArkIndex *index) {
    g_ptr_array_sort(index->kinds, compare_kinds);
    for (guint i = 0; i < index->kinds->len; i++) {
        ArkIndexKind *kind = g_ptr_array_index(index->kinds, i);
        for (guint k = 0; k < kind->versions->len; k++) {
            GArray *entries = ((ArkIndexVersion *)g_ptr_array_index(kind->versions, k))->entries;
            settle_entries(entries);
            if (!kind->preferred_version) /* the group's preferred version does not have this kind */
                g_array_append_vals(kind->entries, entries->data, entries->len);
        }
        settle_entries(kind->entries);
    }
}

ArkIndex *ark_index_new(GError **error) {
    g_autoptr(ArkIndex) index = g_new0(ArkIndex, 1);
    index->kinds = g_ptr_array_new_with_free_func(kind_free);
    index->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    index->namespaces = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    index->names = g_string_chunk_new(64 * 1024);
    index->pending = g_byte_array_new();
    index->whole = g_byte_array_new();
    index->fd = open_spool(error);
    return index->fd < 0 ? NULL : g_steal_pointer(&index);
}

bool ark_index_add(ArkIndex *index, const ArkPage *page, GError **error) {
    const KubeResource *resource = ark_page_resource(page);
    ArkIndexKind *kind = index_kind(index, resource->group_resource);
    if (!kind->preferred_version)
        kind->preferred_version = g_strdup(resource->version);
    for (guint i = 0; i < ark_page_count(page); i++) {
        ArkPageObject object = ark_page_object(page, i);
        note_namespace(index, object.namespace_);
        g_byte_array_append(index->pending, (const guint8 *)object.text, (guint)object.length);
        if (!add_entry(index, kind->entries, object.namespace_, object.name, (guint)object.length, error))
            return false;
    }
    return true;
}

bool ark_index_finish(ArkIndex *index, GError **error) {
    if (!spool_flush(index, error))
        return false;
    settle(index);
    return true;
}

ArkIndex *ark_index_read(Source *gzipped, const ArkIndexOptions *options, GError **error) {
    g_autoptr(ArkIndex) index = ark_index_new(error);
    g_autoptr(ArkWalk) walk = ark_walk_new(gzipped, options ? options->limits : NULL, index ? error : NULL);
    if (!index || !walk)
        return NULL;
    const ArkPlace *place;
    int more;
    while ((more = ark_walk_next(walk, &place, error)) > 0)
        if (!take_file(index, walk, place, options, error))
            return NULL;
    if (more < 0 || !ark_index_finish(index, error))
        return NULL;
    return g_steal_pointer(&index);
}

const GPtrArray *ark_index_kinds(const ArkIndex *index) {
    return index->kinds;
}

const ArkIndexKind *ark_index_kind(const ArkIndex *index, const char *group_resource) {
    return g_hash_table_lookup(index->by_name, group_resource);
}

void ark_index_use_version(ArkIndex *index, const char *group_resource, const char *version) {
    const ArkIndexKind *kind = ark_index_kind(index, group_resource);
    const GArray *others = find_version(kind, version)->entries;
    for (guint i = 0; i < kind->entries->len && others->len > 0; i++) {
        ArkEntry *entry = &g_array_index(kind->entries, ArkEntry, i);
        const ArkEntry *other = bsearch(entry, others->data, others->len, sizeof *entry, ark_entry_compare);
        if (other) {
            entry->offset = other->offset;
            entry->length = other->length;
        }
    }
}

const ArkEntry *ark_index_find(const ArkIndex *index, const char *group_resource, const char *namespace_,
                               const char *name) {
    const ArkIndexKind *kind = ark_index_kind(index, group_resource);
    ArkEntry key = {.namespace_ = namespace_, .name = name};
    if (!kind || kind->entries->len == 0)
        return NULL;
    return bsearch(&key, kind->entries->data, kind->entries->len, sizeof key, ark_entry_compare);
}

GHashTable *ark_index_namespaces(const ArkIndex *index) {
    return index->namespaces;
}

yyjson_doc *ark_index_object(const ArkIndex *index, const ArkEntry *entry, GError **error) {
    g_autofree char *text = g_malloc(entry->length + 1);
    size_t done = 0;
    while (done < entry->length) {
        ssize_t count = pread(index->fd, text + done, entry->length - done, (off_t)(entry->offset + done));
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            base_error_set_errno(error, count < 0 ? errno : EIO, "the temporary file cannot be read");
            return NULL;
        }
        done += (size_t)count;
    }
    return json_parse(text, entry->length, entry->name, error);
}
