#include "sonobuoy/archive.h"

#include "base/file.h"
#include "base/folder.h"
#include "base/tar.h"
#include "base/text.h"
#include "sonobuoy/results.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A way through a .tar.gz. */
typedef struct {
    Source *plain;
    TarReader *reader;
} Way;

struct RunArchive {
    char *path;
    int fd; /* a regular file, or the folder */
    bool is_folder;
    Limits limits;
    Way way; /* where run_archive_copy() is; closed at first */
};

static void name_archive(const RunArchive *archive, GError **error) {
    g_prefix_error(error, "archive %s: ", g_str_equal(archive->path, "-") ? "from standard input" : archive->path);
}

/* --- opening ------------------------------------------------------------------------------------- */

/* A file without a name that holds what comes from `from`; -1 with an error. */
static int spool(int from, const Limits *limits, GError **error) {
    enum { CHUNK = 64 * 1024 };
    g_autofree char *buffer = g_malloc(CHUNK), *name = g_build_filename(g_get_tmp_dir(), "sonobuoy-XXXXXX", NULL);
    int fd = g_mkstemp_full(name, O_RDWR | O_CLOEXEC, 0600);
    if (fd >= 0)
        unlink(name);
    bool ok = fd >= 0;
    ssize_t count = 1;
    for (gint64 total = 0; ok && count > 0; total += count) {
        do
            count = read(from, buffer, CHUNK);
        while (count < 0 && errno == EINTR);
        ok = count >= 0 && file_write(fd, buffer, (size_t)count);
        if (ok && limits->archive_size && total > limits->archive_size) {
            g_autofree char *most = bytes_format((guint64)limits->archive_size);
            limit_reached(error, "archive-size", "more than %s", most);
            close(fd);
            return -1;
        }
    }
    if (ok)
        return fd;
    base_error_set_errno(error, errno, "it cannot be kept in %s", g_get_tmp_dir());
    if (fd >= 0)
        close(fd);
    return -1;
}

static bool open_archive(RunArchive *archive, GError **error) {
    struct stat status;
    int fd = g_str_equal(archive->path, "-") ? dup(STDIN_FILENO) : open(archive->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0 || fstat(fd, &status) != 0) {
        g_set_error_literal(error, BASE_ERROR, base_error_from_errno(errno), g_strerror(errno));
        if (fd >= 0)
            close(fd);
        return false;
    }
    archive->fd = fd;
    archive->is_folder = S_ISDIR(status.st_mode);
    if (archive->is_folder || S_ISREG(status.st_mode))
        return true;
    archive->fd = spool(fd, &archive->limits, error);
    close(fd);
    return archive->fd >= 0;
}

RunArchive *run_archive_open(const char *path, const Limits *limits, GError **error) {
    g_autoptr(RunArchive) archive = g_new0(RunArchive, 1);
    archive->path = g_strdup(path);
    archive->fd = -1;
    archive->limits = limits ? *limits : limits_default;
    archive->limits.entry_size = 0;
    if (open_archive(archive, error))
        return g_steal_pointer(&archive);
    name_archive(archive, error);
    return NULL;
}

static void way_close(Way *way) {
    g_clear_pointer(&way->reader, tar_reader_free);
    g_clear_pointer(&way->plain, source_free);
}

void run_archive_free(RunArchive *archive) {
    if (!archive)
        return;
    way_close(&archive->way);
    if (archive->fd >= 0)
        close(archive->fd);
    g_free(archive->path);
    g_free(archive);
}

/* --- a way through ------------------------------------------------------------------------------- */

static bool way_open(const RunArchive *archive, Way *way, GError **error) {
    way->plain = source_gunzip_new(file_source_new(archive->fd), &archive->limits);
    way->reader = tar_reader_new(way->plain, &archive->limits, error);
    if (!way->reader)
        way_close(way);
    return way->reader != NULL;
}

/* The tar's end is not the file's: gzip's checksum stands behind it. */
static int way_end(Way *way, GError **error) {
    char rest[4096];
    gssize count;
    while ((count = source_read(way->plain, rest, sizeof rest, error)) > 0)
        ;
    return (int)count;
}

/* Without "./", "//" and "/." as those who packed an archive themselves may have it. */
static char *plain_path(const char *path) {
    GString *plain = g_string_new(NULL);
    g_auto(GStrv) parts = g_strsplit(path, "/", -1);
    for (char **part = parts; *part; part++)
        if (**part && !g_str_equal(*part, "."))
            g_string_append_printf(plain, "%s%s", plain->len ? "/" : "", *part);
    return g_string_free(plain, FALSE);
}

/* To the next file: 1, 0 at the end, -1 on error. g_free() *out_path. */
static int way_next(Way *way, char **out_path, guint64 *out_size, GError **error) {
    const char *path;
    int more = tar_reader_next(way->reader, &path, out_size, error);
    *out_path = more > 0 ? plain_path(path) : NULL;
    return more == 0 ? way_end(way, error) : more;
}

static bool walk_file(RunArchive *archive, RunArchiveFunc func, void *data, GError **error) {
    Way way = {0};
    bool go_on = way_open(archive, &way, error), ok = go_on;
    while (go_on) {
        g_autofree char *path = NULL;
        guint64 size = 0;
        int more = way_next(&way, &path, &size, error);
        ok = more >= 0;
        if (more <= 0)
            break;
        GError *failure = NULL;
        g_autoptr(Source) content = tar_reader_content(way.reader);
        go_on = func(path, size, content, data, &failure);
        ok = !failure;
        if (failure)
            g_propagate_error(error, failure);
    }
    way_close(&way);
    return ok;
}

/* --- a folder -------------------------------------------------------------------------------------- */

typedef struct {
    RunArchiveFunc func;
    void *data;
    bool stopped; /* by func, without an error */
} FolderWalk;

static bool on_entry(const FolderEntry *entry, void *data, GError **error) {
    FolderWalk *walk = data;
    if (entry->failure) {
        g_set_error(error, entry->failure->domain, entry->failure->code, "%s: %s", entry->path,
                    entry->failure->message);
        return false;
    }
    if (!S_ISREG(entry->mode))
        return true;
    int fd = folder_open_file(entry->parent, entry->name, error);
    if (fd < 0)
        return false;
    GError *failure = NULL;
    g_autoptr(Source) content = file_source_new(fd);
    bool go_on = walk->func(entry->path, entry->size, content, walk->data, &failure);
    walk->stopped = !go_on && !failure;
    if (failure)
        g_propagate_error(error, failure);
    close(fd);
    return go_on && !failure;
}

static bool walk_folder(RunArchive *archive, RunArchiveFunc func, void *data, GError **error) {
    FolderWalk walk = {func, data, false};
    return folder_walk(archive->fd, "", &archive->limits, on_entry, &walk, error) || walk.stopped;
}

bool run_archive_walk(RunArchive *archive, RunArchiveFunc func, void *data, GError **error) {
    bool ok = (archive->is_folder ? walk_folder : walk_file)(archive, func, data, error);
    if (!ok)
        name_archive(archive, error);
    return ok;
}

/* --- one file --------------------------------------------------------------------------------------- */

/* What older versions called it; NULL where it always had its name. */
static char *older_path(const char *path) {
    static const char cluster[] = "resources/cluster/";
    if (g_str_equal(path, "meta/config.json"))
        return g_strdup("config.json");
    if (g_str_equal(path, "serverversion.json"))
        return g_strdup("serverversion/serverversion.json");
    if (g_str_has_prefix(path, cluster))
        return g_strconcat("resources/non-ns/", path + strlen(cluster), NULL);
    if (g_str_has_prefix(path, "plugins/") && g_str_has_suffix(path, "/definition.json"))
        return g_strdup_printf("%.*sdefintion.json", (int)(strlen(path) - strlen("definition.json")), path);
    return NULL;
}

/* Goes on from where the last one was found, once round: 1 found, 0 it is not there, -1 an error. */
static int find(RunArchive *archive, const char *const *names, GError **error) {
    Way *way = &archive->way;
    bool from_start = !way->reader;
    for (;;) {
        if (!way->reader && !way_open(archive, way, error))
            return -1;
        g_autofree char *path = NULL;
        int more = way_next(way, &path, NULL, error);
        if (more > 0 && g_strv_contains(names, path))
            return 1;
        if (more > 0)
            continue;
        way_close(way);
        if (more < 0 || from_start)
            return more;
        from_start = true;
    }
}

static bool copy_from_file(RunArchive *archive, const char *const *names, Sink *sink, bool *out_found, GError **error) {
    int found = find(archive, names, error);
    *out_found = found > 0;
    if (found <= 0)
        return found == 0;
    g_autoptr(Source) content = tar_reader_content(archive->way.reader);
    bool ok = stream_copy(content, sink, error);
    if (!ok)
        way_close(&archive->way);
    return ok;
}

static bool copy_from_folder(RunArchive *archive, const char *const *names, Sink *sink, bool *out_found,
                             GError **error) {
    GError *failure = NULL;
    int fd = -1;
    for (; *names && fd < 0; names++) {
        g_clear_error(&failure);
        fd = folder_open_file(archive->fd, *names, &failure);
    }
    *out_found = fd >= 0;
    if (fd < 0) {
        bool missing = g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND);
        if (missing)
            g_error_free(failure);
        else
            g_propagate_error(error, failure);
        return missing;
    }
    g_autoptr(Source) content = file_source_new(fd);
    bool ok = stream_copy(content, sink, error);
    close(fd);
    return ok;
}

bool run_archive_copy(RunArchive *archive, const char *path, Sink *sink, GError **error) {
    g_autofree char *older = older_path(path), *shown = text_printable(path);
    const char *const names[] = {path, older, NULL};
    bool found;
    bool ok = (archive->is_folder ? copy_from_folder : copy_from_file)(archive, names, sink, &found, error);
    if (ok && !found)
        g_set_error(error, BASE_ERROR, BASE_ERROR_NOT_FOUND, "%s is not in it", shown);
    if (!ok || !found)
        name_archive(archive, error);
    return ok && found;
}

GBytes *run_archive_read(RunArchive *archive, const char *path, GError **error) {
    gint64 limit = archive->limits.file_size;
    g_autoptr(GByteArray) buffer = g_byte_array_new();
    g_autoptr(Sink) sink = sink_buffer_new(buffer, limit ? (size_t)limit : G_MAXINT);
    GError *failure = NULL;
    if (run_archive_copy(archive, path, sink, &failure))
        return g_byte_array_free_to_bytes(g_steal_pointer(&buffer));
    if (limit && g_error_matches(failure, BASE_ERROR, BASE_ERROR_LIMIT) && buffer->len > 0)
        g_prefix_error(&failure, "%s is larger than --limit-file-size: ", path);
    g_propagate_error(error, failure);
    return NULL;
}

/* --- plugins ----------------------------------------------------------------------------------------- */

static bool add_plugin(const char *path, guint64 size, Source *content, void *data, GError **error) {
    GHashTable *names = data;
    g_auto(GStrv) parts = g_strsplit(path, "/", 3);
    if (g_strv_length(parts) == 3 && g_str_equal(parts[0], "plugins"))
        g_hash_table_add(names, g_strdup(parts[1]));
    return true;
}

static GPtrArray *plugins_of_folders(RunArchive *archive, GError **error) {
    g_autoptr(GHashTable) names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    if (!run_archive_walk(archive, add_plugin, names, error))
        return NULL;
    GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
    GHashTableIter iter;
    void *name;
    g_hash_table_iter_init(&iter, names);
    while (g_hash_table_iter_next(&iter, &name, NULL))
        g_ptr_array_add(list, g_strdup(name));
    g_ptr_array_sort(list, text_compare);
    return list;
}

static bool is_plugin_name(const char *name) {
    return name && *name && *name != '.' && !strchr(name, '/');
}

static GPtrArray *plugins_of_info(const RunArchive *archive, GBytes *info, GError **error) {
    size_t length, index, count;
    const char *data = g_bytes_get_data(info, &length);
    g_autoptr(yyjson_doc) doc = json_parse(data, length, "meta/info.json", error);
    if (!doc)
        return NULL;
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
    yyjson_val *name;
    yyjson_arr_foreach(json_get(yyjson_doc_get_root(doc), "plugins"), index, count, name) {
        if (!is_plugin_name(yyjson_get_str(name))) {
            g_set_error_literal(error, BASE_ERROR, BASE_ERROR_CORRUPT, "meta/info.json: a plugin's name is none");
            return NULL;
        }
        g_ptr_array_add(list, g_strdup(yyjson_get_str(name)));
    }
    return g_steal_pointer(&list);
}

GStrv run_archive_plugins(RunArchive *archive, GError **error) {
    GError *failure = NULL;
    GPtrArray *list = NULL;
    g_autoptr(GBytes) info = run_archive_read(archive, "meta/info.json", &failure);
    if (info) {
        list = plugins_of_info(archive, info, error);
        if (!list)
            name_archive(archive, error);
    } else if (g_error_matches(failure, BASE_ERROR, BASE_ERROR_NOT_FOUND)) {
        g_clear_error(&failure);
        list = plugins_of_folders(archive, error);
    } else {
        g_propagate_error(error, failure);
    }
    if (!list)
        return NULL;
    g_ptr_array_add(list, NULL);
    return (GStrv)g_ptr_array_free(list, FALSE);
}

char *run_archive_plugin_path(const char *plugin, const char *file) {
    g_autofree char *slashes = g_strdelimit(g_strdup(file), "\\", '/'), *plain = plain_path(slashes);
    return g_strdup_printf("plugins/%s/%s", plugin, plain);
}

yyjson_mut_doc *run_archive_results(RunArchive *archive, const char *plugin, GError **error) {
    g_autofree char *path = run_archive_plugin_path(plugin, "sonobuoy_results.yaml");
    g_autoptr(GBytes) yaml = run_archive_read(archive, path, error);
    if (!yaml)
        return NULL;
    size_t length;
    const char *data = g_bytes_get_data(yaml, &length);
    yyjson_mut_doc *doc = results_parse(data, length, path, error);
    if (!doc)
        name_archive(archive, error);
    return doc;
}
